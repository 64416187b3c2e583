"""Predicate -> which rows of a search index satisfy it. Decided before anything is searched. Pure.

Comparisons look at the distinct values of a field; what is said of one column is joined there, and only the outcome is
spread over the rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.index.content_column import ContentColumn
from codesearch.core.index.distinct_values import NumberColumn, TextColumn
from codesearch.core.predicates import (
    FIELD_TYPES,
    SOURCE_FIELDS,
    And,
    Comparison,
    FieldType,
    InTest,
    Not,
    Or,
    Predicate,
)


class Rows(Protocol):
    """What a filter asks of a search index."""

    @property
    def row_count(self) -> int:
        """How many rows there are."""

    def text_column(self, field: str) -> TextColumn | ContentColumn:
        """Return the column of a text field."""

    def number_column(self, field: str) -> NumberColumn:
        """Return the column of a number field."""

    @property
    def file_of_row(self) -> NDArray[np.int32]:
        """The number of each row's file."""

    def find_test_files(self, check: Check) -> NDArray[np.bool_]:
        """Return which files are tests."""


def select_rows(predicate: Predicate, rows: Rows, check: Check = do_not_check) -> NDArray[np.bool_]:
    """Return which rows satisfy a predicate over row fields: (n,) bool.

    An absent value satisfies EMPTY and what a Not makes of the rest. `check` is called every few milliseconds. Raises
    ValueError for an unknown field or an operator that the field's type lacks, and what `check` raises.
    """
    texts = _compare_texts(predicate, rows, check)
    return _select(predicate, texts, rows, check).spread(rows.row_count)


@dataclass(frozen=True, slots=True, eq=False)
class _Selection:
    """Which values of a column are selected, and the number of each row's value; without codes, which rows are."""

    mask: NDArray[np.bool_]
    codes: NDArray[np.integer[Any]] | None

    def spread(self, row_count: int) -> NDArray[np.bool_]:
        """Return which rows are selected."""
        if self.codes is None:
            return self.mask
        # An index without files has no row to ask for.
        return self.mask[self.codes] if row_count else np.zeros(0, np.bool_)


def _compare_texts(predicate: Predicate, rows: Rows, check: Check) -> dict[Comparison, _Selection]:
    """Return the outcome of each distinct comparison of text in a predicate, field by field."""
    by_field: dict[str, dict[Comparison, None]] = {}
    for comparison in _comparisons(predicate):
        if comparison.field not in FIELD_TYPES or comparison.field in SOURCE_FIELDS:
            raise ValueError(f"{comparison.field} is not a row field")
        if FIELD_TYPES[comparison.field] is FieldType.TEXT:
            by_field.setdefault(comparison.field, {})[comparison] = None
    outcomes: dict[Comparison, _Selection] = {}
    for field, comparisons in by_field.items():
        column = rows.text_column(field)
        for comparison, mask in zip(comparisons, column.match(list(comparisons), check), strict=True):
            outcomes[comparison] = _Selection(mask, column.codes)
    return outcomes


def _comparisons(predicate: Predicate) -> Iterator[Comparison]:
    match predicate:
        case Comparison():
            yield predicate
        case Not(operand=operand):
            yield from _comparisons(operand)
        case And(operands=operands) | Or(operands=operands):
            for operand in operands:
                yield from _comparisons(operand)


def _select(predicate: Predicate, texts: dict[Comparison, _Selection], rows: Rows, check: Check) -> _Selection:
    """Select by a predicate whose comparisons of texts are decided; numbers are compared here, one at a time."""
    check()
    match predicate:
        case Comparison(field=field):
            if predicate in texts:
                return texts[predicate]
            column = rows.number_column(field)
            return _Selection(column.match(predicate), column.codes)
        case InTest():
            return _Selection(rows.find_test_files(check), rows.file_of_row)
        case Not(operand=operand):
            inner = _select(operand, texts, rows, check)
            return _Selection(~inner.mask, inner.codes)
        case And(operands=operands) | Or(operands=operands):
            parts = (_select(operand, texts, rows, check) for operand in operands)
            return _join(_join_by_column(parts, predicate), predicate, rows.row_count, check)


def _join_by_column(parts: Iterator[_Selection], predicate: And | Or) -> list[_Selection]:
    """Join those parts that select from the same values."""
    joined: dict[int, _Selection] = {}
    for part in parts:
        key = id(part.codes)
        known = joined.get(key)
        if known is None:
            joined[key] = _Selection(part.mask.copy(), part.codes)
        elif isinstance(predicate, And):
            np.logical_and(known.mask, part.mask, out=known.mask)
        else:
            np.logical_or(known.mask, part.mask, out=known.mask)
    return list(joined.values())


def _join(parts: Sequence[_Selection], predicate: And | Or, row_count: int, check: Check) -> _Selection:
    if len(parts) == 1:
        return parts[0]
    mask = np.full(row_count, isinstance(predicate, And))
    for part in parts:
        check()
        if isinstance(predicate, And):
            mask &= part.spread(row_count)
        else:
            mask |= part.spread(row_count)
    return _Selection(mask, None)
