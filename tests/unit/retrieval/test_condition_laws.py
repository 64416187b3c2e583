"""Laws over random conditions. The oracle reads them as the contract words them, without the code's tables."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.core.errors import InvalidRequestError
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.predicates import EVERYTHING, FIELD_TYPES, And, Comparison, FieldType, Not, Or
from codesearch.core.store.rows import document_id_of
from codesearch.retrieval.conditions import parse_condition
from codesearch.retrieval.source_fields import resolve_source_fields
from tests.unit.core.store.store_rows import build_index, make_row
from tests.unit.retrieval.predicate_evaluation import VALUE_OPERATORS, RecordFields, condition, holds, record_of

LETTERS = st.text(alphabet="aAbB.%_'\\ ,0", max_size=4)
DAYS = [datetime(2026, 1, day, tzinfo=timezone.utc) for day in (1, 2, 3)]
SECONDS = st.sampled_from([int(day.timestamp()) + offset for day in DAYS for offset in (-1, 0, 1, 43_200)])
LINES = st.integers(0, 4)
RECORDS = st.fixed_dictionaries(
    {
        name: st.none() | {FieldType.TEXT: LETTERS, FieldType.NUMBER: LINES, FieldType.TIME: SECONDS}[kind]
        for name, kind in FIELD_TYPES.items()
        if name != "file_extension"
    }
    | {"file_extension": st.sampled_from([None, ".a", ".ab", ".ba"])}
)
PLAIN_TEXT_FIELDS = ["path", "title", "symbol", "commit", "data_source_name"]
SCALAR = {
    FieldType.TEXT: LETTERS | st.integers(0, 1),
    FieldType.NUMBER: LINES | LINES.map(str) | LINES.map(float),
    FieldType.TIME: SECONDS | SECONDS.map(str) | st.sampled_from([day.strftime("%Y-%m-%d") for day in DAYS]),
}


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, object]:
    kind = draw(st.sampled_from(list(FieldType)))
    fields = PLAIN_TEXT_FIELDS if kind is FieldType.TEXT else [n for n, t in FIELD_TYPES.items() if t is kind]
    name = draw(st.sampled_from(fields) | st.lists(st.sampled_from(fields), min_size=1, max_size=3))
    operator = draw(st.sampled_from([*VALUE_OPERATORS[kind], "empty", "not empty"]))
    value = draw(st.lists(SCALAR[kind], max_size=3) if operator in ("in", "not in") else SCALAR[kind])
    return condition(name, operator, draw(st.sampled_from([value, value, value, None])))


def is_dropped(raw: Mapping[str, object]) -> bool:
    return raw["value"] is None and raw["comparison_operator"] not in ("empty", "not empty")


def oracle(raw: Mapping[str, object], record: RecordFields) -> bool:
    named = raw["name"]
    names = [str(name) for name in (named if isinstance(named, list) else [named])]
    operator = str(raw["comparison_operator"])
    if operator in ("≠",) or operator.startswith("not ") or operator == "is not":
        opposite = {"≠": "=", "is not": "is"}.get(operator) or operator[4:]
        return all(not oracle_positive(opposite, raw["value"], record[name]) for name in names)
    return any(oracle_positive(operator, raw["value"], record[name]) for name in names)


def oracle_positive(operator: str, value: object, actual: str | int | None) -> bool:
    if operator == "empty":
        return actual is None
    if actual is None:
        return False
    if operator == "in":
        assert isinstance(value, list)
        return any(oracle_positive("is", item, actual) for item in value)
    if isinstance(actual, str):
        wanted, text = str(value).lower(), actual.lower()
        found = text.find(wanted)
        return {
            "is": text == wanted,
            "=": text == wanted,
            "contains": found >= 0,
            "start with": found == 0,
            "end with": text[max(0, len(text) - len(wanted)) :] == wanted,
        }[operator]
    if isinstance(value, str) and "-" in value[1:]:
        # Days compare as dates do.
        return oracle_order(operator, datetime.fromtimestamp(actual, timezone.utc).strftime("%Y-%m-%d"), value)
    assert isinstance(value, (str, int, float))
    return oracle_order(operator, actual, float(value))


def oracle_order(operator: str, left: str | float, right: str | float) -> bool:
    order = 0 if left == right else -1 if left < right else 1  # type: ignore[operator]
    return {
        "is": order == 0,
        "=": order == 0,
        ">": order > 0,
        "after": order > 0,
        "<": order < 0,
        "before": order < 0,
        "≥": order >= 0,
        "≤": order <= 0,
    }[operator]


@given(conditions(), RECORDS)
def test_one_condition_means_what_the_contract_says(raw: dict[str, object], record: RecordFields) -> None:
    expected = True if is_dropped(raw) else oracle(raw, record)
    assert holds(parse_condition({"conditions": [raw]}), record) is expected


@given(st.lists(conditions(), min_size=1, max_size=4), RECORDS, st.sampled_from(["and", "or", None]))
def test_joining_never_widens(raw: list[dict[str, object]], record: RecordFields, joint: str | None) -> None:
    kept = [oracle(item, record) for item in raw if not is_dropped(item)]
    predicate = parse_condition({"logical_operator": joint, "conditions": raw})
    if not kept:
        assert predicate == EVERYTHING
    else:
        assert holds(predicate, record) is (any(kept) if joint == "or" else all(kept))


@given(conditions(), RECORDS)
def test_a_negative_operator_is_the_complement(raw: dict[str, object], record: RecordFields) -> None:
    negative = {"contains": "not contains", "is": "is not", "in": "not in", "=": "≠", "empty": "not empty"}
    opposite = negative.get(str(raw["comparison_operator"]))
    if opposite and not is_dropped(raw):
        positive_holds = holds(parse_condition({"conditions": [raw]}), record)
        turned = {**raw, "comparison_operator": opposite}
        assert holds(parse_condition({"conditions": [turned]}), record) is not positive_holds


SOURCE: dict[str, str | None] = {
    "data_source_id": "a" * 24,
    "data_source_name": "aB",
    "data_source_type": "repository",
    "commit": None,
}
ROWS = [
    make_row(path, symbol=symbol, start_line=number % 4 + 1, modified_at=modified_at, language=language)
    for number, (path, symbol, (modified_at, language)) in enumerate(
        product(
            ["a", "aa/a", "A%b.a", "b_'.ab", "aaa\\B.ba", ".a", "0,b"],
            [None, "a", "aaB", "%_"],
            [(None, "b"), (int(DAYS[0].timestamp()), None), (int(DAYS[1].timestamp()) - 1, "ab")],
        )
    )
]
ROW_RECORDS = {document_id_of("a" * 24, row.chunk): record_of(row, SOURCE) for row in ROWS}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    return build_index(tmp_path_factory.mktemp("laws"), ROWS, "a" * 24)


@settings(max_examples=120)
@given(st.lists(conditions(), max_size=3), st.sampled_from(["and", "or"]))
def test_a_search_index_selects_what_the_contract_says(
    index: SearchIndex, raw: list[dict[str, object]], joint: str
) -> None:
    predicate = resolve_source_fields(parse_condition({"logical_operator": joint, "conditions": raw}), SOURCE)
    kept = [item for item in raw if not is_dropped(item)]
    join = any if joint == "or" and kept else all
    expected = {key for key, record in ROW_RECORDS.items() if join(oracle(item, record) for item in kept)}
    mask = index.rows_where(predicate)
    rows = range(index.row_count) if mask is None else np.flatnonzero(mask).tolist()
    assert {index.document_id_of(row) for row in rows} == expected


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANY_JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)
NEARLY = st.fixed_dictionaries(
    {
        "name": st.sampled_from(list(FIELD_TYPES))
        | st.lists(st.sampled_from(list(FIELD_TYPES)), max_size=3)
        | ANY_JSON,
        "comparison_operator": st.sampled_from([*VALUE_OPERATORS[FieldType.TIME], "contains", "empty"]) | ANY_JSON,
        "value": ANY_JSON,
    }
)


@given(ANY_JSON | st.fixed_dictionaries({"conditions": st.lists(NEARLY, max_size=3)}))
def test_anything_parses_or_is_refused(raw: object) -> None:
    refusals: list[str] = []
    try:
        assert isinstance(parse_condition(raw), (Comparison, Not, And, Or))
    except InvalidRequestError as error:
        refusals.append(error.message)
    assert all(message and "\n" not in message for message in refusals)
