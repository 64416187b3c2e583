"""metadata_condition -> predicate: every operator and value form of the contract."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from codesearch.core.errors import InvalidRequestError
from codesearch.core.predicates import EVERYTHING, FIELD_TYPES, Comparison, Operator
from codesearch.retrieval.conditions import parse_condition
from tests.unit.retrieval.predicate_evaluation import VALUE_OPERATORS, RecordFields, condition, holds

MODIFIED = int(datetime(2026, 1, 31, 12, 30, tzinfo=timezone.utc).timestamp())
RECORD: RecordFields = {
    "path": "src/Net/100%_done.py",
    "title": "100%_done.py",
    "file_extension": ".py",
    "language": "python",
    "data_source_id": "65f1a2b3c4d5e6f708192a3b",
    "data_source_name": "My-Repo",
    "data_source_type": "repository",
    "artifact_kind": "symbol",
    "symbol": None,
    "symbol_kind": None,
    "start_line": 10,
    "end_line": 20,
    "commit": "abc123",
    "last_modified": MODIFIED,
}


def matches(name: object, operator: object, value: object = None, record: RecordFields = RECORD) -> bool:
    return holds(parse_condition({"conditions": [condition(name, operator, value)]}), record)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        {},
        {"conditions": None},
        {"conditions": []},
        {"logical_operator": "or", "conditions": []},
        {"logical_operator": None, "conditions": None, "unknown": None},
    ],
)
def test_no_conditions_mean_no_filter(raw: object) -> None:
    assert parse_condition(raw) == EVERYTHING


@pytest.mark.parametrize(
    ("name", "operator", "value", "expected"),
    [
        ("path", "contains", "NET/", True),
        ("path", "contains", "%_", True),
        ("path", "contains", "0%d", False),
        ("path", "contains", "s_c", False),
        ("path", "contains", "", True),
        ("symbol", "contains", "", False),
        ("path", "contains", 100, True),
        ("path", "not contains", "net", False),
        ("path", "not contains", "'; DROP TABLE --", True),
        ("symbol", "not contains", "x", True),
        ("path", "start with", "SRC", True),
        ("path", "start with", "net", False),
        ("path", "end with", "_DONE.PY", True),
        ("path", "end with", "_done", False),
        ("title", "is", "100%_DONE.py", True),
        ("title", "is", "100", False),
        ("title", "is", ["other.py", "100%_done.py"], True),
        ("title", "is", [], False),
        ("title", "is not", "100%_done.py", False),
        ("title", "is not", ["other.py", "100%_done.py"], False),
        ("title", "is not", "other", True),
        ("symbol", "is not", "x", True),
        ("symbol", "is", "", False),
        ("symbol", "is", True, False),
        ("language", "in", ["Go", "PYTHON"], True),
        ("language", "in", " go ,Python, ", True),
        ("language", "in", "python", True),
        ("language", "in", ["go,python"], False),
        ("language", "in", [], False),
        ("language", "in", "", False),
        ("language", "in", " , ", False),
        ("language", "not in", "go,python", False),
        ("language", "not in", ["go"], True),
        ("language", "not in", [], True),
        ("symbol", "not in", ["go"], True),
        ("symbol", "in", ["go"], False),
        ("symbol", "empty", None, True),
        ("symbol", "empty", "anything", True),
        ("symbol", "empty", ["anything"], True),
        ("path", "empty", "", False),
        ("symbol", "not empty", None, False),
        ("path", "not empty", "", True),
        ("data_source_name", "=", "my-repo", True),
        ("data_source_name", "=", "other", False),
        ("data_source_name", "≠", "my-repo", False),
        ("symbol", "≠", "x", True),
        ("start_line", "=", 10, True),
        ("start_line", "=", "10", True),
        ("start_line", "=", " 10.0 ", True),
        ("start_line", "=", 10.0, True),
        ("start_line", "=", 10.5, False),
        ("start_line", "≠", "1e1", False),
        ("start_line", "is", "10", True),
        ("start_line", "is", 11, False),
        ("start_line", "is not", 10, False),
        ("start_line", "in", "9, 10,", True),
        ("start_line", "in", [9, "10"], True),
        ("start_line", "in", 10, True),
        ("start_line", "not in", [9, 10], False),
        ("start_line", ">", 9.5, True),
        ("start_line", ">", 10, False),
        ("start_line", "<", "11", True),
        ("start_line", "<", "-3", False),
        ("end_line", "≥", 20, True),
        ("end_line", "≥", 21, False),
        ("end_line", "≤", 20, True),
        ("end_line", "≤", 19, False),
        ("end_line", "empty", None, False),
        ("end_line", "not empty", None, True),
        ("last_modified", "empty", None, False),
        ("last_modified", "not empty", 7, True),
    ],
)
def test_operator_and_value(name: str, operator: str, value: object, expected: bool) -> None:
    assert matches(name, operator, value) is expected


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("IS_NOT", "is not"),
        ("Not In", "not in"),
        ("not_contains", "not contains"),
        ("starts with", "start with"),
        ("ENDS_WITH", "end with"),
        ("  not   empty ", "not empty"),
        ("==", "="),
        ("!=", "≠"),
        ("<>", "≠"),
        (">=", "≥"),
        ("<=", "≤"),
        ("‹", "<"),
        ("›", ">"),
        ("Before", "before"),
        ("AFTER", "after"),
    ],
)
def test_operator_spellings(spelling: str, expected: str) -> None:
    name, value = ("last_modified", 5) if expected in "≥≤<>beforeafter" else ("path", "x")
    read = parse_condition({"conditions": [condition(name, spelling, value)]})
    assert read == parse_condition({"conditions": [condition(name, expected, value)]})


@pytest.mark.parametrize("operator", ["is", "in", "start with", "contains", "end with", "=", "is not", "not contains"])
@pytest.mark.parametrize("extension", [".py", ".pyi", ".ipynb", ".c", None])
@pytest.mark.parametrize("letters", ["py", "Y", "p", "", "pyi"])
def test_extension_with_and_without_dot_are_the_same(operator: str, extension: str | None, letters: str) -> None:
    record = {**RECORD, "file_extension": extension}
    with_dot = matches("file_extension", operator, f".{letters}", record)
    assert with_dot == matches("file_extension", operator, letters, record)


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("is", "py", True),
        ("is", ".PY", True),
        ("is", " py ", True),
        ("is", "p", False),
        ("in", "go, .py", True),
        ("in", ["ts", "PY"], True),
        ("not in", ["py"], False),
        ("start with", "p", True),
        ("start with", "y", False),
        ("end with", "y", True),
        ("contains", "y", True),
    ],
)
def test_extension(operator: str, value: object, expected: bool) -> None:
    assert matches("file_extension", operator, value) is expected


@pytest.mark.parametrize(
    ("operator", "value", "expected"),
    [
        ("is", MODIFIED, True),
        ("is", str(MODIFIED), True),
        ("is", float(MODIFIED), True),
        ("is", "2026-01-31T12:30:00Z", True),
        ("is", "2026-01-31 12:30", True),
        ("is", "2026-01-31T12:30:00.000+00:00", True),
        ("is", "2026-01-31T14:30:00+02:00", True),
        ("is", "2026-01-31T07:00:00-0530", True),
        ("is", "2026-01-31T13:30:00+01", True),
        ("is", "2026-01-31T12:30:01Z", False),
        ("is", "2026-01-31T12:30:00.5Z", False),
        ("is", "2026-01-31", True),
        ("is", "2026-02-01", False),
        ("=", "2026-01-31", True),
        ("is not", "2026-01-31", False),
        ("≠", "2026-01-30", True),
        ("in", "2026-01-30,2026-01-31", True),
        ("in", ["2026-01-30", MODIFIED], True),
        ("in", ["2026-01-30", "2026-02-01", 5], False),
        ("in", [], False),
        ("not in", ["2026-01-30", "2026-01-31"], False),
        ("not in", [], True),
        ("before", "2026-01-31", False),
        ("before", "2026-02-01", True),
        ("before", MODIFIED, False),
        ("before", MODIFIED + 1, True),
        ("after", "2026-01-31", False),
        ("after", "2026-01-30", True),
        ("after", str(MODIFIED - 1), True),
        ("after", "2026-01-31T12:30:00Z", False),
        (">", "2026-01-31", False),
        (">", "2026-01-30", True),
        ("<", "2026-01-31", False),
        ("<", "2026-02-01", True),
        ("≥", "2026-01-31", True),
        ("≥", "2026-02-01", False),
        ("≤", "2026-01-31", True),
        ("≤", "2026-01-30", False),
        ("≤", MODIFIED, True),
    ],
)
def test_times(operator: str, value: object, expected: bool) -> None:
    assert matches("last_modified", operator, value) is expected


@pytest.mark.parametrize(
    ("second", "expected"), [("23:59:59", True), ("00:00:00", True), ("12:00:00", True), (None, False)]
)
def test_date_alone_is_the_whole_utc_day(second: str | None, expected: bool) -> None:
    moment = datetime.fromisoformat(f"2026-01-31T{second}+00:00" if second else "2026-02-01T00:00:00+00:00")
    record = {**RECORD, "last_modified": int(moment.timestamp())}
    assert matches("last_modified", "is", "2026-01-31", record) is expected
    assert matches("last_modified", "is not", "2026-01-31", record) is not expected


@pytest.mark.parametrize("operator", ["is", "before", "after", ">", "<", "≥", "≤"])
@pytest.mark.parametrize("value", ["2026-01-30", "2026-01-31", "2026-02-01"])
@pytest.mark.parametrize("day", ["2026-01-30", "2026-01-31", "2026-02-01"])
@pytest.mark.parametrize("second", ["00:00:00", "23:59:59"])
def test_days_compare_as_days(operator: str, value: str, day: str, second: str) -> None:
    expected = {
        "is": day == value,
        "before": day < value,
        "after": day > value,
        ">": day > value,
        "<": day < value,
        "≥": day >= value,
        "≤": day <= value,
    }[operator]
    record = {**RECORD, "last_modified": int(datetime.fromisoformat(f"{day}T{second}+00:00").timestamp())}
    assert matches("last_modified", operator, value, record) is expected


def test_several_names_positive_any_negative_all() -> None:
    assert matches(["symbol", "path"], "contains", "net")
    assert not matches(["symbol", "path"], "not contains", "net")
    assert matches(["symbol", "title"], "not contains", "net")
    assert matches(["symbol", "path"], "empty")
    assert not matches(["symbol", "path"], "not empty")
    assert matches(["path", "title"], "not empty")


@pytest.mark.parametrize(("operator", "expected"), [("and", False), ("OR", True), (" Or ", True), (None, False)])
def test_logical_operator(operator: str | None, expected: bool) -> None:
    raw = {"logical_operator": operator, "conditions": [condition("path", "is", "x"), condition("title", "not empty")]}
    assert holds(parse_condition(raw), RECORD) is expected


EVERY_PAIR = [(name, operator) for name, kind in FIELD_TYPES.items() for operator in VALUE_OPERATORS[kind]]


@pytest.mark.parametrize(("name", "operator"), EVERY_PAIR)
def test_null_drops_the_condition(name: str, operator: str) -> None:
    assert parse_condition({"logical_operator": "or", "conditions": [condition(name, operator, None)]}) == EVERYTHING
    kept = condition("path", "is", "x")
    with_dropped = {"logical_operator": "or", "conditions": [condition(name, operator, None), kept]}
    assert parse_condition(with_dropped) == parse_condition({"conditions": [kept]})


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ([], "must be an object"),
        ("path is x", "must be an object"),
        ({"condition": []}, "Valid: logical_operator, conditions"),
        ({"conditions": {}}, "must be a list"),
        ({"conditions": "x"}, "must be a list"),
        ({"conditions": [1]}, "conditions[0]: a condition must be an object"),
        ({"conditions": [None]}, "must be an object"),
        ({"logical_operator": "xor"}, "Valid: and, or"),
        ({"logical_operator": "", "conditions": []}, "Valid: and, or"),
        ({"logical_operator": 1}, "Valid: and, or"),
        ({"conditions": [condition("path", "is", "x")] * 101}, "at most 100"),
        ({"conditions": [{}]}, "name is missing. Valid fields: path, title"),
        ({"conditions": [condition([], "is", "x")]}, "name is missing"),
        ({"conditions": [condition("paths", "is", "x")]}, "unknown metadata field 'paths'. Valid fields: path, title"),
        ({"conditions": [condition(["path", 3], "is", "x")]}, "unknown metadata field 3"),
        ({"conditions": [condition("score", "is", None)]}, "unknown metadata field 'score'"),
        ({"conditions": [{"name": "path", "value": "x"}]}, "comparison_operator is missing. Valid operators: contains"),
        ({"conditions": [condition("path", "like", "x")]}, "unknown comparison_operator 'like'. Valid operators: cont"),
        ({"conditions": [condition("path", "like", None)]}, "unknown comparison_operator"),
        ({"conditions": [condition("path", ["is"], "x")]}, "unknown comparison_operator"),
        ({"conditions": [{"name": "path", "comparison_operator": "is", "values": ["x"]}]}, "value is missing"),
        ({"conditions": [condition("path", "is", {"a": 1})]}, "must be a string, number"),
        ({"conditions": [condition("path", "in", [None])]}, "not None"),
        ({"conditions": [condition("path", "in", [["x"]])]}, "not ['x']"),
        ({"conditions": [condition("path", "contains", ["x"])]}, "takes one value, not a list"),
        ({"conditions": [condition("start_line", ">", [1])]}, "takes one value, not a list"),
        ({"conditions": [condition("path", ">", "x")]}, "'>' does not apply to path. Valid for it: contains"),
        ({"conditions": [condition("path", "before", "2026-01-01")]}, "'before' does not apply to path"),
        ({"conditions": [condition("start_line", "contains", "1")]}, "does not apply to start_line. Valid for it: is"),
        ({"conditions": [condition("start_line", "after", "1")]}, "does not apply to start_line"),
        ({"conditions": [condition("start_line", "contains", None)]}, "does not apply to start_line"),
        ({"conditions": [condition("last_modified", "start with", "2026")]}, "does not apply to last_modified"),
        ({"conditions": [condition("start_line", "is", "ten")]}, "start_line: value 'ten' is not a number"),
        ({"conditions": [condition("start_line", "is", "")]}, "is not a number"),
        ({"conditions": [condition("start_line", "is", True)]}, "True is not a number"),
        ({"conditions": [condition("start_line", "is", "1_0")]}, "is not a number"),
        ({"conditions": [condition("start_line", "is", "٣")]}, "is not a number"),
        ({"conditions": [condition("start_line", "is", "nan")]}, "is not a number"),
        ({"conditions": [condition("start_line", "is", float("nan"))]}, "out of range"),
        ({"conditions": [condition("start_line", "<", "1e999")]}, "out of range"),
        ({"conditions": [condition("start_line", "<", 10**400)]}, "out of range"),
        ({"conditions": [condition("last_modified", "after", "yesterday")]}, "send Unix seconds or ISO 8601"),
        ({"conditions": [condition("last_modified", "after", "2026-02-30")]}, "not a time"),
        ({"conditions": [condition("last_modified", "after", "2026-01-31T25:00Z")]}, "not a time"),
        ({"conditions": [condition("last_modified", "after", "2026-01-31T10:00+99:00")]}, "not a time"),
        ({"conditions": [condition("last_modified", "after", True)]}, "not a time"),
        ({"conditions": [condition("last_modified", "after", "1e999")]}, "not a time"),
        ({"conditions": [condition("path", "is", "a\x00b")]}, "NUL"),
        ({"conditions": [condition("path", "is", "\ud800")]}, "surrogate"),
        ({"conditions": [condition("path", "is", "x" * 4097)]}, "too long"),
        ({"conditions": [condition("path", "in", ["x"] * 1001)]}, "at most 1000"),
        ({"conditions": [condition("path", "in", ",".join(["x"] * 1001))]}, "at most 1000"),
        ({"conditions": [condition("path", "in", ["x"] * 1000)] * 11}, "values are compared"),
        ({"conditions": [{**condition("path", "is", "x"), "conditions": []}]}, "cannot be nested"),
    ],
)
def test_what_cannot_be_understood_is_said(raw: object, said: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        parse_condition(raw)
    assert said in caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 600


@pytest.mark.parametrize("value", ["{{language}}", " {{#start.lang#}} ", ["go", "{{x-1}}"]])
def test_a_variable_without_a_value_is_named(value: object) -> None:
    condition = {"name": ["symbol", "path"], "comparison_operator": "in", "value": value}
    with pytest.raises(InvalidRequestError, match="is a variable that has no value") as raised:
        parse_condition({"conditions": [condition]})
    assert "{{" in raised.value.message


@pytest.mark.parametrize(("name", "value"), [("path", "{{name}}"), ("symbol", "a {{name}} b"), ("symbol", "{{ }}")])
def test_what_only_looks_like_a_variable_is_a_value(name: str, value: str) -> None:
    parse_condition({"conditions": [{"name": name, "comparison_operator": "contains", "value": value}]})


def test_harmless_extra_keys_of_a_condition_are_ignored() -> None:
    raw = {"conditions": [{**condition("path", "is", "x"), "id": "1", "metadata_id": "2"}]}
    assert parse_condition(raw) == Comparison("path", Operator.IN, ("x",))


def test_many_days_are_one_comparison() -> None:
    days = ["2026-01-01", "2026-03-01", "2026-01-02", "2026-01-01"]
    first, third = 1_767_225_600, 1_772_323_200
    assert parse_condition({"conditions": [condition("last_modified", "in", days)]}) == Comparison(
        "last_modified", Operator.WITHIN, (first, first + 2 * 86_400, third, third + 86_400)
    )
