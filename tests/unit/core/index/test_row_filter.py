"""Predicates select exactly the rows that their documentation says, in real search indexes."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from codesearch.core.checks import do_not_check
from codesearch.core.index.columns import pack_texts
from codesearch.core.index.distinct_values import TextColumn
from codesearch.core.index.row_filter import select_rows
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.predicates import (
    EVERYTHING,
    FIELD_TYPES,
    NOTHING,
    SOURCE_FIELDS,
    And,
    Comparison,
    FieldType,
    InTest,
    Not,
    Operator,
    Or,
    Predicate,
)
from codesearch.core.store.rows import document_id_of
from codesearch.retrieval.source_fields import resolve_source_fields
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.core.store.store_rows import build_index, make_row
from tests.unit.retrieval.predicate_evaluation import RecordFields, compare, holds, record_of

SOURCES: dict[str, dict[str, str | None]] = {
    source_id: {
        "data_source_id": source_id,
        "data_source_type": "repository",
        "data_source_name": name,
        "commit": commit,
    }
    for source_id, name, commit in [
        ("a" * 24, "Alpha 100%", "c0ffee"),
        ("b" * 24, "o'Beta_\\", None),
        ("c" * 24, "Größe", "beef"),
    ]
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
    "aaa/aaa.aa",
    "a.*[b]+(c)?.py",
    "with space/new  space.go",
    "tests/client.py",
    "deep/" * 20 + "x.rs",
]
SYMBOLS = [None, "Client.retry", "o'clock", "PERCENT%_", "Ünïcode.Größe", "back\\slash", "aaa"]
TIMES = [None, 0, -1, 1_700_000_000, 2**40]
LINES = [1, 2, 400, 2**31 - 1]
ROW_FIELDS = [name for name in FIELD_TYPES if name not in SOURCE_FIELDS]
ODD = ["", "%", "_", "'", "''", '"', "\\", "\\\\", "\\'", "--", ") or true", "\n", "ß", "ss", "i̇", "\0", "a\0", "\0a"]
ODD += ["é", "\ud800", ".*", "[", "a|b", "(?i)a", "aa", "a"]


def make_rows() -> list[tuple[str, IndexedChunk]]:
    """Return data source id and row; each source has every path once."""
    rows = []
    for number, (source_id, path) in enumerate(product(SOURCES, PATHS)):
        row = make_row(
            path,
            f"{number}",
            symbol=SYMBOLS[number % len(SYMBOLS)],
            start_line=LINES[number % len(LINES)],
            language=["python", None, "c++"][number % 3],
            modified_at=TIMES[number % len(TIMES)],
        )
        rows.append((source_id, row))
    return rows


RECORDS: dict[str, RecordFields] = {
    document_id_of(source_id, row.chunk): record_of(row, SOURCES[source_id]) for source_id, row in make_rows()
}


@pytest.fixture(scope="module")
def indexes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, SearchIndex]:
    folder = tmp_path_factory.mktemp("filter")
    return {
        source_id: build_index(folder, [row for owner, row in make_rows() if owner == source_id], source_id)
        for source_id in SOURCES
    }


def find(index: SearchIndex, predicate: Predicate) -> set[str]:
    mask = select_rows(predicate, index)
    assert mask.shape == (index.row_count,)
    return {index.document_id_of(row) for row in np.flatnonzero(mask).tolist()}


def pieces_of(field: str) -> list[str]:
    """Return whole values of a field and parts of them, in lower case as conditions give them."""
    values = sorted({str(record[field]).lower() for record in RECORDS.values() if record[field] is not None})
    parts = [part for value in values for part in (value[:3], value[-3:], value[1:-1])]
    return [*values, *parts, *ODD]


NUMBERS = st.one_of(
    st.sampled_from([*LINES, *[time for time in TIMES if time is not None]]),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from([0.5, 1.5, 399.999, -0.5, 1e300, -1e300, math.inf, -math.inf, 2.0**63, -(2.0**63), 2**63 - 1]),
)
TEXT_OPERATORS = [Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH]
NUMBER_OPERATORS = [Operator.GREATER, Operator.LESS, Operator.AT_LEAST, Operator.AT_MOST]
WITHIN = st.just(Operator.WITHIN)
SPANS = st.lists(
    st.sampled_from([*LINES, *[time for time in TIMES if time is not None]]) | st.integers(-(2**70), 2**70),
    unique=True,
    max_size=6,
).map(lambda bounds: tuple(sorted(bounds)[: len(bounds) // 2 * 2]))


def comparisons(fields: list[str]) -> st.SearchStrategy[Comparison]:
    def of(field: str) -> st.SearchStrategy[Comparison]:
        values: st.SearchStrategy[str | int | float] = NUMBERS
        operators = NUMBER_OPERATORS
        if FIELD_TYPES[field] is FieldType.TEXT:
            values = st.sampled_from(pieces_of(field)) | st.text(max_size=3).map(str.lower)
            operators = TEXT_OPERATORS
        return st.one_of(
            st.just(Comparison(field, Operator.EMPTY)),
            st.builds(Comparison, st.just(field), st.just(Operator.IN), st.lists(values, max_size=20).map(tuple)),
            st.builds(Comparison, st.just(field), st.sampled_from(operators), values.map(lambda value: (value,))),
            *([] if FIELD_TYPES[field] is FieldType.TEXT else [st.builds(Comparison, st.just(field), WITHIN, SPANS)]),
        )

    return st.sampled_from(fields).flatmap(of)


def predicates(fields: list[str]) -> st.SearchStrategy[Predicate]:
    def around(inner: st.SearchStrategy[Predicate]) -> st.SearchStrategy[Predicate]:
        operands = st.lists(inner, max_size=3).map(tuple)
        return st.one_of(st.builds(Not, inner), st.builds(And, operands), st.builds(Or, operands))

    return st.recursive(comparisons(fields) | st.builds(InTest), around, max_leaves=6)


MANY = settings(max_examples=120)


@MANY
@example(Not(Comparison("symbol", Operator.CONTAINS, ("o",))))
@example(Not(Comparison("last_modified", Operator.GREATER, (math.inf,))))
@example(Comparison("last_modified", Operator.IN, (math.inf, math.nan, 0.0)))
@example(Comparison("last_modified", Operator.LESS, (-(2.0**63),)))
@example(Comparison("start_line", Operator.LESS, (math.nan,)))
@example(Not(Comparison("last_modified", Operator.IN, (-(2**63),))))
@example(Not(Comparison("language", Operator.IN, ())))
@given(predicates(ROW_FIELDS))
def test_a_predicate_holds_where_it_reads_so(indexes: dict[str, SearchIndex], predicate: Predicate) -> None:
    for source_id, index in indexes.items():
        ours = {key: record for key, record in RECORDS.items() if record["data_source_id"] == source_id}
        expected = {key for key, record in ours.items() if holds(predicate, record)}
        assert find(index, predicate) == expected
        assert find(index, Not(predicate)) == ours.keys() - expected
        assert find(index, And((predicate, Not(predicate)))) == set()
        assert find(index, Or((predicate, EVERYTHING))) == ours.keys()


@MANY
@given(predicates(list(FIELD_TYPES)))
def test_a_filter_never_widens_what_its_source_allows(indexes: dict[str, SearchIndex], predicate: Predicate) -> None:
    for source_id, index in indexes.items():
        resolved = resolve_source_fields(predicate, SOURCES[source_id])
        expected = {
            key for key, record in RECORDS.items() if record["data_source_id"] == source_id and holds(predicate, record)
        }
        assert find(index, resolved) == expected
        mask = index.rows_where(resolved)
        assert (index.row_count if mask is None else int(mask.sum())) == len(expected)
        if resolved == NOTHING:
            assert expected == set()


FEW_LETTERS = st.text(alphabet="aAb%_'\\.*ßİ", max_size=5)


@settings(max_examples=150)
@example(["aaa", "aa", "a", ""], Operator.ENDS_WITH, ["aa"])
@example(["aaa", "aa", "aaaa"], Operator.IN, ["aa"])
@example(["ab", "b"], Operator.CONTAINS, ["b\0b"])
@example(["", "a"], Operator.IN, [""])
@example([], Operator.CONTAINS, ["a"])
@given(
    st.lists(FEW_LETTERS | st.text(alphabet=st.characters(exclude_characters="\0"), max_size=4), max_size=8),
    st.sampled_from([*TEXT_OPERATORS, Operator.IN, Operator.EMPTY]),
    st.lists(FEW_LETTERS.map(str.lower) | st.sampled_from(ODD), min_size=1, max_size=40),
)
def test_text_compares_literally_whatever_it_holds(texts: list[str], operator: Operator, values: list[str]) -> None:
    distinct = sorted({text.lower() for text in texts})
    codes = np.array([distinct.index(text.lower()) for text in texts], np.int32)
    column = TextColumn(*pack_texts(distinct), codes)
    wanted = {Operator.IN: tuple(values), Operator.EMPTY: ()}.get(operator, (values[0],))
    comparison = Comparison("path", operator, wanted)
    expected = [compare(comparison, text or None) for text in texts]
    (mask,) = column.match([comparison], do_not_check)
    assert mask[codes].tolist() == expected
    as_written = TextColumn(*pack_texts(texts), np.arange(len(texts), dtype=np.int32), is_lower=False)
    (mask,) = as_written.match([comparison], do_not_check)
    assert mask.tolist() == expected


def test_many_values_are_compared_in_pieces_and_all_of_them() -> None:
    texts = sorted(f"src/part{number % 7}/a_rather_long_name_{number:05d}.py" for number in range(40_000))
    texts += ["twice", "twice", ""]
    column = TextColumn(*pack_texts(texts), np.arange(len(texts), dtype=np.int32))
    asked = [
        Comparison("path", Operator.CONTAINS, ("_",)),
        Comparison("path", Operator.CONTAINS, ("_rather_long_name_3",)),
        Comparison("path", Operator.CONTAINS, ("y\0src",)),
        Comparison("path", Operator.STARTS_WITH, ("src/part6/a_rather_long_name_00",)),
        Comparison("path", Operator.ENDS_WITH, ("_long_name_39999.py",)),
        Comparison("path", Operator.ENDS_WITH, ("9.py",)),
        Comparison("path", Operator.IN, ("twice", texts[0], texts[16_383], texts[16_384], texts[39_999], "none")),
        Comparison("path", Operator.EMPTY),
    ]
    pauses: list[None] = []
    for comparison, mask in zip(asked, column.match(asked, lambda: pauses.append(None)), strict=True):
        assert mask.tolist() == [compare(comparison, text or None) for text in texts]
    assert len(pauses) >= 3 * len(asked)


def test_work_on_a_filter_ends_where_the_check_says(indexes: dict[str, SearchIndex]) -> None:
    class Stopped(Exception):  # noqa: N818 - not an error
        pass

    def stop() -> None:
        raise Stopped

    for predicate in (Comparison("path", Operator.CONTAINS, ("a",)), Comparison("start_line", Operator.LESS, (5,))):
        with pytest.raises(Stopped):
            select_rows(predicate, indexes["a" * 24], stop)


def test_long_filters_are_decided_but_not_remembered(indexes: dict[str, SearchIndex]) -> None:
    index = indexes["b" * 24]
    short = Comparison("path", Operator.IN, ("makefile",))
    long = Comparison("path", Operator.IN, ("makefile", *(f"no/such/file_{number}" for number in range(500))))
    first, again = index.rows_where(short), index.rows_where(short)
    assert first is again
    first, again = index.rows_where(long), index.rows_where(long)
    assert first is not None
    assert again is not None
    assert first is not again
    assert first.tolist() == again.tolist() == select_rows(short, index).tolist()


@pytest.mark.parametrize("count", [15, 16, 5000])
def test_long_lists_mean_what_short_ones_do(indexes: dict[str, SearchIndex], count: int) -> None:
    values = ("makefile", "", "\0", *(f"no/such/file_{number}" for number in range(count)))
    index = indexes["a" * 24]
    found = find(index, Comparison("path", Operator.IN, values))
    assert found == find(index, Comparison("path", Operator.IN, ("makefile",)))
    assert len(found) == 1


@pytest.mark.parametrize(
    "predicate",
    [
        Comparison("outline", Operator.CONTAINS, ("x",)),
        Comparison("content", Operator.GREATER, ("x",)),
        Comparison("data_source_id", Operator.IN, ("a" * 24,)),
        Comparison("names", Operator.EMPTY),
        Comparison("path", Operator.GREATER, ("x",)),
        Comparison("path", Operator.GREATER, ("",)),
        Comparison("path", Operator.AT_MOST, ("\0",)),
        Comparison("start_line", Operator.CONTAINS, (1,)),
        Comparison("start_line", Operator.IN, ("1",)),
    ],
)
def test_what_cannot_be_compared_is_an_error_and_never_no_filter(
    indexes: dict[str, SearchIndex], predicate: Predicate
) -> None:
    for asked in (predicate, Not(predicate), Or((NOTHING, predicate)), And((EVERYTHING, predicate))):
        with pytest.raises(ValueError):
            select_rows(asked, indexes["a" * 24])


def test_an_index_without_rows_selects_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    index = build_index(tmp_path_factory.mktemp("empty"), [])
    for field, kind in FIELD_TYPES.items():
        if field not in SOURCE_FIELDS:
            value = "x" if kind is FieldType.TEXT else 1
            assert select_rows(Not(Comparison(field, Operator.IN, (value,))), index).shape == (0,)
            assert select_rows(Comparison(field, Operator.EMPTY), index).shape == (0,)


def test_more_filters_than_are_remembered_stay_right(indexes: dict[str, SearchIndex]) -> None:
    index = indexes["a" * 24]
    filters = [Comparison("path", Operator.IN, (path.lower(),)) for path in PATHS]
    filters += [Comparison("start_line", Operator.AT_LEAST, (line,)) for line in range(20)]
    for _ in range(2):
        for predicate in filters:
            mask = index.rows_where(predicate)
            assert mask is not None
            assert mask.tolist() == select_rows(predicate, index).tolist()
    assert index.rows_where(EVERYTHING) is None
