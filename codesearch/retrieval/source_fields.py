"""The part of a predicate that only a data source can decide, decided before its rows are looked at. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from codesearch.core.predicates import (
    EVERYTHING,
    NOTHING,
    SOURCE_FIELDS,
    And,
    Comparison,
    InTest,
    Not,
    Operator,
    Or,
    Predicate,
)


def resolve_source_fields(predicate: Predicate, source: Mapping[str, str | None]) -> Predicate:
    """Replace every comparison of a data-source field by its outcome for this data source.

    `source` maps each of SOURCE_FIELDS to its value, None when absent. The result compares row fields only, is
    EVERYTHING or NOTHING where that is already decided, and never holds for a row the given predicate excludes.
    """
    match predicate:
        case Comparison(field=field):
            if field not in SOURCE_FIELDS:
                return predicate
            return EVERYTHING if _holds(predicate, source.get(field)) else NOTHING
        case InTest():
            return predicate
        case Not(operand=operand):
            inner = resolve_source_fields(operand, source)
            return NOTHING if inner == EVERYTHING else EVERYTHING if inner == NOTHING else Not(inner)
        case And(operands=operands):
            resolved = [resolve_source_fields(operand, source) for operand in operands]
            if NOTHING in resolved:
                return NOTHING
            remaining = tuple(operand for operand in resolved if operand != EVERYTHING)
            return remaining[0] if len(remaining) == 1 else And(remaining)
        case Or(operands=operands):
            resolved = [resolve_source_fields(operand, source) for operand in operands]
            if EVERYTHING in resolved:
                return EVERYTHING
            remaining = tuple(operand for operand in resolved if operand != NOTHING)
            return remaining[0] if len(remaining) == 1 else Or(remaining)


def _holds(comparison: Comparison, value: str | None) -> bool:
    text = (value or "").lower()
    if comparison.operator is Operator.EMPTY:
        return text == ""
    if text == "":
        return False
    match comparison.operator:
        case Operator.CONTAINS:
            return str(comparison.values[0]) in text
        case Operator.STARTS_WITH:
            return text.startswith(str(comparison.values[0]))
        case Operator.ENDS_WITH:
            return text.endswith(str(comparison.values[0]))
        case Operator.IN:
            return text in comparison.values
    raise ValueError(f"{comparison.operator.value} does not compare {comparison.field}")
