"""Evaluates a predicate over one record, as its documentation reads: what the filter of rows must come to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from codesearch.core.paths import file_extension_of
from codesearch.core.predicates import And, Comparison, FieldType, InTest, Not, Operator, Or, Predicate
from codesearch.core.text.path_roles import is_test_path
from tests.unit.core.store.indexed_chunks import IndexedChunk

RecordFields: TypeAlias = Mapping[str, str | int | None]

# The operators of the contract that take a value, by what they apply to.
VALUE_OPERATORS = {
    FieldType.TEXT: ["contains", "not contains", "start with", "end with", "is", "is not", "in", "not in", "=", "≠"],
    FieldType.NUMBER: ["is", "is not", "in", "not in", "=", "≠", ">", "<", "≥", "≤"],
    FieldType.TIME: ["is", "is not", "in", "not in", "=", "≠", ">", "<", "≥", "≤", "before", "after"],
}


def condition(name: object, operator: object, value: object = None) -> dict[str, object]:
    return {"name": name, "comparison_operator": operator, "value": value}


def record_of(row: IndexedChunk, source: Mapping[str, str | None]) -> RecordFields:
    """Return what conditions may find out about a row of this data source."""
    chunk = row.chunk
    return {
        "path": chunk.path,
        "title": chunk.path.split("/")[-1],
        "file_extension": file_extension_of(chunk.path),
        "language": chunk.language,
        "artifact_kind": chunk.artifact_kind.value,
        "symbol": chunk.symbol,
        "symbol_kind": chunk.symbol_kind,
        "start_line": chunk.start_line,
        "end_line": chunk.end_line,
        "last_modified": row.modified_at,
        "content": chunk.content or None,
        **source,
    }


def holds(predicate: Predicate, record: RecordFields) -> bool:
    """Evaluate a predicate the way its documentation reads; the search index evaluates the same tree."""
    if isinstance(predicate, And):
        return all(holds(operand, record) for operand in predicate.operands)
    if isinstance(predicate, Or):
        return any(holds(operand, record) for operand in predicate.operands)
    if isinstance(predicate, Not):
        return not holds(predicate.operand, record)
    if isinstance(predicate, InTest):
        return is_test_path(str(record["path"]))
    return compare(predicate, record[predicate.field])


def compare(comparison: Comparison, actual: str | int | None) -> bool:
    if comparison.operator is Operator.EMPTY:
        return actual is None
    if actual is None:
        return False
    if isinstance(actual, int):
        numbers = [value for value in comparison.values if not isinstance(value, str)]
        assert len(numbers) == len(comparison.values)
        if comparison.operator is Operator.IN:
            return actual in numbers
        if comparison.operator is Operator.WITHIN:
            return any(start <= actual < end for start, end in zip(numbers[::2], numbers[1::2], strict=True))
        (number,) = numbers
        return {
            Operator.GREATER: actual > number,
            Operator.LESS: actual < number,
            Operator.AT_LEAST: actual >= number,
            Operator.AT_MOST: actual <= number,
        }[comparison.operator]
    texts = [value for value in comparison.values if isinstance(value, str)]
    assert len(texts) == len(comparison.values)
    if comparison.operator is Operator.IN:
        return actual.lower() in texts
    (text,) = texts
    return {
        Operator.CONTAINS: text in actual.lower(),
        Operator.STARTS_WITH: actual.lower().startswith(text),
        Operator.ENDS_WITH: actual.lower().endswith(text),
    }[comparison.operator]
