"""Predicates compiled for the store find exactly the rows that their documentation says, in a real table."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from codesearch.core.paths import file_extension_of
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
from codesearch.core.store import ChunkStore, Scope
from codesearch.core.store_filter import compile_filter, quote, resolve_source_fields
from codesearch.core.store_schema import IndexedChunk, document_id_of
from tests.unit.core.store_rows import make_row, open_store, publish
from tests.unit.retrieval.predicate_evaluation import RecordFields, holds

SOURCES: dict[str, dict[str, str | None]] = {
    "a" * 24: {"data_source_name": "Alpha 100%", "data_source_type": "repository", "commit": "c0ffee"},
    "b" * 24: {"data_source_name": "o'Beta_\\", "data_source_type": "repository", "commit": None},
    "c" * 24: {"data_source_name": "Größe", "data_source_type": "repository", "commit": "beef"},
}
PATHS = [
    "src/client.py",
    "src/a%b_c.py",
    "it's/quoted'.PY",
    'dou"ble/"x".js',
    "back\\slash\\n.txt",
    "Straße/ẞ.MD",
    "İstanbul/ıI.ts",
    "日本語/ファイル",
    "Makefile",
    "a; DROP TABLE chunks --.sql",
    "with space/new  space.go",
    "deep/" * 20 + "x.rs",
]
SYMBOLS = [None, "Client.retry", "o'clock", "PERCENT%_", "Ünïcode.Größe", "back\\slash"]
TIMES = [None, 0, -1, 1_700_000_000, 2**40]
LINES = [1, 2, 400, 2**31, 2**53 + 1]
ROW_FIELDS = [name for name in FIELD_TYPES if name not in SOURCE_FIELDS]
ODD = [
    "",
    "%",
    "_",
    "'",
    "''",
    '"',
    "\\",
    "\\\\",
    "\\'",
    "--",
    "/*",
    ") or true --",
    "\n",
    "ß",
    "ss",
    "i̇",
    "\u0000",
    "é",
]


def make_records() -> Iterator[tuple[str, IndexedChunk, RecordFields]]:
    """Yield data source id, row, and what a condition may find out about it; each source has every path once."""
    for number, (source_id, path) in enumerate(product(SOURCES, PATHS)):
        language, symbol = ["python", None, "c++"][number % 3], SYMBOLS[number % len(SYMBOLS)]
        start_line, modified_at = LINES[number % len(LINES)], TIMES[number % len(TIMES)]
        row = make_row(
            path, f"{number}", symbol=symbol, start_line=start_line, language=language, modified_at=modified_at
        )
        record: RecordFields = {
            "path": path,
            "title": path.rsplit("/", 1)[-1],
            "file_extension": file_extension_of(path),
            "language": language,
            "artifact_kind": "symbol" if symbol else "chunk",
            "symbol": symbol,
            "symbol_kind": "function" if symbol else None,
            "start_line": start_line,
            "end_line": start_line,
            "last_modified": modified_at,
            "data_source_id": source_id,
            **SOURCES[source_id],
        }
        yield source_id, row, record


RECORDS = {document_id_of(source_id, row.chunk): record for source_id, row, record in make_records()}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> ChunkStore:
    store, writer = open_store(tmp_path_factory.mktemp("filter"))
    for source_id in SOURCES:
        publish(writer, source_id, [row for owner, row, _ in make_records() if owner == source_id])
    writer.maintain()
    return store


def find(store: ChunkStore, condition: str) -> set[str]:
    found = store.table().search().where(condition).select(["document_id"]).limit(10_000).to_arrow()
    return set(found["document_id"].to_pylist())


def pieces_of(field: str) -> list[str]:
    """Return whole values of a field and parts of them, in lower case as conditions give them."""
    values = sorted({str(record[field]).lower() for record in RECORDS.values() if record[field] is not None})
    parts = [part for value in values for part in (value[:3], value[-3:], value[1:-1])]
    return [*values, *parts, *ODD]


NUMBERS = st.one_of(
    st.sampled_from([*LINES, *[time for time in TIMES if time is not None]]),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.sampled_from([0.5, 1.5, 399.999, -0.5, 1e300, -1e300, math.inf, -math.inf, 2.0**63, -(2.0**63), 2**63 - 1]),
)


def comparisons(fields: list[str]) -> st.SearchStrategy[Comparison]:
    def of(field: str) -> st.SearchStrategy[Comparison]:
        if FIELD_TYPES[field] is FieldType.TEXT:
            operators = [Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH]
            values: st.SearchStrategy[str | int | float] = st.one_of(
                st.sampled_from(pieces_of(field)), st.text(max_size=3).map(str.lower)
            )
        else:
            operators = [Operator.GREATER, Operator.LESS, Operator.AT_LEAST, Operator.AT_MOST]
            values = NUMBERS
        return st.one_of(
            st.just(Comparison(field, Operator.EMPTY)),
            st.builds(Comparison, st.just(field), st.just(Operator.IN), st.lists(values, max_size=4).map(tuple)),
            st.builds(Comparison, st.just(field), st.sampled_from(operators), values.map(lambda value: (value,))),
        )

    return st.sampled_from(fields).flatmap(of)


def predicates(fields: list[str]) -> st.SearchStrategy[Predicate]:
    def around(inner: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
        operands = st.lists(inner, max_size=3).map(tuple)
        return st.one_of(st.builds(Not, inner), st.builds(And, operands), st.builds(Or, operands))

    return st.recursive(comparisons(fields), around, max_leaves=6)


MANY = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@MANY
@example(Not(Comparison("symbol", Operator.CONTAINS, ("o",))))
@example(Not(Comparison("last_modified", Operator.GREATER, (math.inf,))))
@example(Comparison("last_modified", Operator.IN, (math.inf, 0.0)))
@example(Not(Comparison("language", Operator.IN, ())))
@given(predicates(ROW_FIELDS))
def test_compiled_predicates_hold_where_they_read_so(store: ChunkStore, predicate: Predicate) -> None:
    expected = {key for key, record in RECORDS.items() if holds(predicate, record)}
    assert find(store, compile_filter(predicate)) == expected


@MANY
@given(predicates(list(FIELD_TYPES)), st.sets(st.sampled_from(sorted(SOURCES))))
def test_scopes_never_widen(store: ChunkStore, predicate: Predicate, allowed: set[str]) -> None:
    groups = []
    for source_id in sorted(allowed):
        resolved = resolve_source_fields(predicate, {"data_source_id": source_id, **SOURCES[source_id]})
        groups.append((frozenset({source_id}), resolved))
    scope = Scope(tuple(groups))
    expected = {
        key for key, record in RECORDS.items() if record["data_source_id"] in allowed and holds(predicate, record)
    }
    assert find(store, scope.to_sql()) == expected
    if scope.is_empty:
        assert expected == set()


@given(predicates(list(FIELD_TYPES)))
def test_resolved_predicates_name_row_fields_only(predicate: Predicate) -> None:
    source: dict[str, str | None] = {"data_source_id": "a" * 24, **SOURCES["a" * 24]}
    resolved = resolve_source_fields(predicate, source)
    assert not set(fields_of(resolved)) & SOURCE_FIELDS
    compile_filter(resolved)
    if set(fields_of(predicate)) <= SOURCE_FIELDS and not isinstance(predicate, And | Or):
        assert resolved in (EVERYTHING, NOTHING)


def fields_of(predicate: Predicate) -> list[str]:
    if isinstance(predicate, Comparison):
        return [predicate.field]
    operands = (predicate.operand,) if isinstance(predicate, Not) else predicate.operands
    return [field for operand in operands for field in fields_of(operand)]


@given(st.text())
def test_quoted_text_is_one_literal(text: str) -> None:
    quoted = quote(text)
    assert quoted[0] == quoted[-1] == "'"
    assert quoted[1:-1].replace("''", "") == text.replace("'", "")
    assert quoted[1:-1].replace("''", "'") == text


@pytest.mark.parametrize(
    "predicate",
    [
        Comparison("content", Operator.CONTAINS, ("x",)),
        Comparison("data_source_id", Operator.IN, ("a" * 24,)),
        Comparison("1=1 or path", Operator.EMPTY),
        Comparison("path", Operator.GREATER, ("x",)),
        Comparison("start_line", Operator.CONTAINS, (1,)),
        Comparison("start_line", Operator.IN, ("1",)),
    ],
)
def test_what_cannot_be_compiled_is_an_error_and_never_no_filter(predicate: Predicate) -> None:
    with pytest.raises(ValueError):
        compile_filter(predicate)


def test_a_source_field_has_no_order() -> None:
    with pytest.raises(ValueError):
        resolve_source_fields(Comparison("commit", Operator.GREATER, ("a",)), {"commit": "b"})


@pytest.mark.parametrize("groups", [(), ((frozenset(), EVERYTHING),), ((frozenset({"a" * 24}), NOTHING),)])
def test_an_empty_scope_finds_nothing(groups: tuple[tuple[frozenset[str], Predicate], ...], store: ChunkStore) -> None:
    assert Scope(groups).is_empty
    assert find(store, Scope(groups).to_sql()) == set()
