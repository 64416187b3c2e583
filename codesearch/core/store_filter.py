"""Predicate -> SQL over the store's columns, and the part of a predicate that only a data source can decide. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping

from codesearch.core.predicates import (
    EVERYTHING,
    FIELD_TYPES,
    NOTHING,
    SOURCE_FIELDS,
    And,
    Comparison,
    FieldType,
    Not,
    Operator,
    Or,
    Predicate,
)

# Text is compared in lower case; these columns hold a lower-cased copy, the other text columns are lower case anyway.
LOWERED_COLUMNS = {"path": "path_lower", "title": "title_lower", "symbol": "symbol_lower"}
_INT64 = 2**63 - 1


def quote(value: str) -> str:
    """Return a SQL string literal; nothing in `value` has a meaning of its own there."""
    return "'" + value.replace("'", "''") + "'"


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
    wanted = [str(item) for item in comparison.values]
    match comparison.operator:
        case Operator.CONTAINS:
            return wanted[0] in text
        case Operator.STARTS_WITH:
            return text.startswith(wanted[0])
        case Operator.ENDS_WITH:
            return text.endswith(wanted[0])
        case Operator.IN:
            return text in wanted
    raise ValueError(f"{comparison.operator.value} does not compare {comparison.field}")


def compile_filter(predicate: Predicate) -> str:
    """Return the SQL condition for a predicate over row fields.

    It is true or false for every row, never null: an absent value satisfies EMPTY and what a Not makes of the rest.
    Raises ValueError for an unknown field or an operator that the field's type lacks.
    """
    match predicate:
        case Comparison():
            return _compile_comparison(predicate)
        case Not(operand=operand):
            return f"(NOT {compile_filter(operand)})"
        case And(operands=operands):
            return "(" + " AND ".join(compile_filter(operand) for operand in operands) + ")" if operands else "true"
        case Or(operands=operands):
            return "(" + " OR ".join(compile_filter(operand) for operand in operands) + ")" if operands else "false"


def _compile_comparison(comparison: Comparison) -> str:
    field = comparison.field
    if field not in FIELD_TYPES or field in SOURCE_FIELDS:
        raise ValueError(f"{field} is not a row field")
    if FIELD_TYPES[field] is FieldType.TEXT:
        return _compile_text(LOWERED_COLUMNS.get(field, field), comparison)
    return _compile_number(field, comparison)


def _compile_text(column: str, comparison: Comparison) -> str:
    """Text columns hold '' for an absent value, and no positive operator may hold for it."""
    values = [quote(str(value)) for value in comparison.values]
    match comparison.operator:
        case Operator.EMPTY:
            return f"({column} = '')"
        case Operator.IN:
            wanted = [value for value in values if value != "''"]
            return f"({column} IN ({', '.join(wanted)}))" if wanted else "false"
        case Operator.CONTAINS:
            return f"({column} <> '' AND contains({column}, {values[0]}))"
        case Operator.STARTS_WITH:
            return f"({column} <> '' AND starts_with({column}, {values[0]}))"
        case Operator.ENDS_WITH:
            return f"({column} <> '' AND ends_with({column}, {values[0]}))"
    raise ValueError(f"{comparison.operator.value} does not compare text")


def _compile_number(column: str, comparison: Comparison) -> str:
    """Columns are 64-bit integers: fractions move to the next integer that decides the same, null never compares."""
    if comparison.operator is Operator.EMPTY:
        return f"({column} IS NULL)"
    numbers = [value for value in comparison.values if not isinstance(value, str)]
    if len(numbers) != len(comparison.values):
        raise ValueError(f"{column} is compared with numbers")
    if comparison.operator is Operator.IN:
        whole = sorted({int(value) for value in numbers if abs(value) <= _INT64 and value == int(value)})
        condition = f"{column} IN ({', '.join(map(str, whole))})" if whole else "false"
    else:
        condition = _compile_bound(column, comparison.operator, numbers[0])
    return f"({column} IS NOT NULL AND {condition})"


def _compile_bound(column: str, operator: Operator, value: int | float) -> str:
    if value != value:  # not a number, which compares with nothing
        return "false"
    # Beyond every row's number, infinity included.
    value = max(-2 * _INT64, min(2 * _INT64, value))
    match operator:
        case Operator.GREATER:
            symbol, bound = ">", math.floor(value)
        case Operator.AT_LEAST:
            symbol, bound = ">=", math.ceil(value)
        case Operator.LESS:
            symbol, bound = "<", math.ceil(value)
        case Operator.AT_MOST:
            symbol, bound = "<=", math.floor(value)
        case _:
            raise ValueError(f"{operator.value} does not compare numbers")
    return f"{column} {symbol} {max(-_INT64, min(_INT64, bound))}"
