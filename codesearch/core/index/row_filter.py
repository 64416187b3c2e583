"""Predicate -> which rows of a search index satisfy it. Decided before anything is searched. Pure."""

from __future__ import annotations

import math
import re
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from codesearch.core.predicates import (
    FIELD_TYPES,
    SOURCE_FIELDS,
    And,
    Comparison,
    FieldType,
    Not,
    Operator,
    Or,
    Predicate,
)

_SEPARATOR = b"\0"
_INT64 = 2**63 - 1
_TEXT_OPERATORS = (Operator.IN, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.CONTAINS)
# From so many values on, taking the texts apart once is quicker than looking for each value.
_MANY_VALUES = 16


class TextColumn:
    """A text field in lower case: distinct values, each between zero bytes, and the number of its value for each row.

    texts (bytes,) uint8 begins with a zero byte; value i is texts[starts[i]:starts[i + 1] - 1].
    """

    def __init__(self, texts: NDArray[np.uint8], starts: NDArray[np.int64], codes: NDArray[np.int32]) -> None:
        self._texts, self._starts, self._codes = texts, starts, codes

    def rows_where(self, comparison: Comparison) -> NDArray[np.bool_]:
        """Return which rows satisfy the comparison; an absent value, '', satisfies EMPTY alone."""
        lengths = np.diff(self._starts) - 1
        if comparison.operator is Operator.EMPTY:
            values = lengths == 0
        elif comparison.operator not in _TEXT_OPERATORS:
            raise ValueError(f"{comparison.operator.value} does not compare text")
        elif len(comparison.values) >= _MANY_VALUES and comparison.operator is Operator.IN:
            values = self._is_one_of({_encode(value) for value in comparison.values}) & (lengths > 0)
        else:
            values = np.zeros(len(lengths), np.bool_)
            for value in comparison.values:
                values[self._find(comparison.operator, _encode(value))] = True
            values &= lengths > 0
        rows: NDArray[np.bool_] = values[self._codes]
        return rows

    def _is_one_of(self, wanted: set[bytes]) -> NDArray[np.bool_]:
        present = self._texts.tobytes().split(_SEPARATOR)[1:-1]
        return np.fromiter((text in wanted for text in present), np.bool_, len(present))

    def _find(self, operator: Operator, wanted: bytes) -> NDArray[np.int64]:
        """Return the numbers of the values that match."""
        if _SEPARATOR in wanted:
            return np.empty(0, np.int64)
        if not wanted:
            # '' is in every text, and equal to none that is present.
            return np.arange(0 if operator is Operator.IN else len(self._starts) - 1)
        before = _SEPARATOR if operator in (Operator.IN, Operator.STARTS_WITH) else b""
        after = b"(?=\0)" if operator in (Operator.IN, Operator.ENDS_WITH) else b""
        pattern = re.compile(before + re.escape(wanted) + after)
        positions = np.fromiter((match.end() - 1 for match in pattern.finditer(self._texts.data)), np.int64)
        return np.searchsorted(self._starts, positions, side="right") - 1


def _encode(value: str | int | float) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


class Rows(Protocol):
    """What a filter asks of a search index."""

    @property
    def row_count(self) -> int:
        """How many rows there are."""

    def text_column(self, field: str) -> TextColumn:
        """Return the column of a text field."""

    def number_column(self, field: str) -> tuple[NDArray[np.int64], NDArray[np.bool_] | None]:
        """Return the values of a number field and which of them are present, None for all."""


def select_rows(predicate: Predicate, rows: Rows) -> NDArray[np.bool_]:
    """Return which rows satisfy a predicate over row fields: (n,) bool.

    An absent value satisfies EMPTY and what a Not makes of the rest. Raises ValueError for an unknown field or an
    operator that the field's type lacks.
    """
    match predicate:
        case Comparison():
            return _compare(predicate, rows)
        case Not(operand=operand):
            return ~select_rows(operand, rows)
        case And(operands=operands):
            mask = np.ones(rows.row_count, np.bool_)
            for operand in operands:
                mask &= select_rows(operand, rows)
            return mask
        case Or(operands=operands):
            mask = np.zeros(rows.row_count, np.bool_)
            for operand in operands:
                mask |= select_rows(operand, rows)
            return mask


def _compare(comparison: Comparison, rows: Rows) -> NDArray[np.bool_]:
    field = comparison.field
    if field not in FIELD_TYPES or field in SOURCE_FIELDS:
        raise ValueError(f"{field} is not a row field")
    if FIELD_TYPES[field] is FieldType.TEXT:
        return rows.text_column(field).rows_where(comparison)
    values, present = rows.number_column(field)
    if comparison.operator is Operator.EMPTY:
        return np.zeros(len(values), np.bool_) if present is None else ~present
    wanted = [value for value in comparison.values if not isinstance(value, str)]
    if len(wanted) != len(comparison.values):
        raise ValueError(f"{field} is compared with numbers")
    mask = _compare_numbers(comparison.operator, values, wanted)
    return mask if present is None else mask & present


def _compare_numbers(operator: Operator, values: NDArray[np.int64], wanted: list[int | float]) -> NDArray[np.bool_]:
    """Fractions move to the next integer that decides the same; what is not a number compares with nothing."""
    if operator is Operator.IN:
        whole = [int(value) for value in wanted if abs(value) <= _INT64 and value == int(value)]
        return np.isin(values, np.array(whole, np.int64))
    value = wanted[0]
    if value != value:
        return np.zeros(len(values), np.bool_)
    value = max(-2 * _INT64, min(2 * _INT64, value))
    match operator:
        case Operator.GREATER:
            return values > _whole(math.floor(value))
        case Operator.AT_LEAST:
            return values >= _whole(math.ceil(value))
        case Operator.LESS:
            return values < _whole(math.ceil(value))
        case Operator.AT_MOST:
            return values <= _whole(math.floor(value))
    raise ValueError(f"{operator.value} does not compare numbers")


def _whole(value: int) -> int:
    return max(-_INT64, min(_INT64, value))
