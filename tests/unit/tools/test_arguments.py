"""A call's arguments against a tool's table, and the table as a schema: what it refuses is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from codesearch.core.errors import InvalidRequestError
from codesearch.tools.arguments import describe_parameters, read_arguments
from codesearch.tools.tool import Answer, Parameter, Tool, ToolContext


def run(context: ToolContext, arguments: Mapping[str, Any]) -> Answer:
    raise AssertionError("the arguments are read before")


TOOL = Tool(
    "sample",
    "A sample",
    "Has a parameter of each kind.",
    (
        Parameter("question", "string", "What is looked for", required=True, maximum=20),
        Parameter("profile", "string", "Which of them", "some", choices=("some", "all")),
        Parameter("count", "integer", "How many", 10, minimum=1, maximum=500),
        Parameter("is_exact", "boolean", "Whether it is exact", False),
        Parameter("paths", "strings", "Where to look", maximum=3),
    ),
    run,
)
LEFT_OUT = {"question": "x", "profile": "some", "count": 10, "is_exact": False, "paths": None}


def read(**arguments: object) -> dict[str, Any]:
    return read_arguments(TOOL, {"question": "x", **arguments})


@pytest.mark.parametrize("nothing", [None, ""])
def test_what_is_null_or_empty_counts_as_left_out(nothing: object) -> None:
    assert read(profile=nothing, count=nothing, is_exact=nothing, paths=nothing) == LEFT_OUT
    assert read() == LEFT_OUT
    assert read(paths=[nothing]) == LEFT_OUT
    with pytest.raises(InvalidRequestError, match="question is missing: What is looked for"):
        read(question=nothing)


def test_values_are_taken_as_they_are() -> None:
    given_values = {"question": " a\nb ", "profile": "all", "count": 500, "is_exact": True}
    assert read(**given_values, paths=["src", "docs/"]) == {**given_values, "paths": ("src", "docs/")}
    assert read(count=5.0)["count"] == 5
    assert read(paths="src")["paths"] == ("src",)


def test_what_no_text_holds_is_replaced() -> None:
    assert read(question="a\x00\ud800b")["question"] == "a\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}b"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"question": " \t"}, "question is blank"),
        ({"question": 5}, "question is a string, not 5"),
        ({"question": "x" * 21}, "question has 21 characters; at most 20"),
        ({"profile": "most"}, "profile is one of some, all, not 'most'"),
        ({"count": 0}, "count is at least 1 and at most 500, not 0"),
        ({"count": 501}, "at most 500"),
        ({"count": True}, "count is a whole number, not True"),
        ({"count": "5"}, "count is a whole number, not '5'"),
        ({"count": 5.5}, "count is a whole number"),
        ({"count": float("inf")}, "count is a whole number"),
        ({"is_exact": "true"}, "is_exact is true or false"),
        ({"paths": 5}, "paths is a list of strings"),
        ({"paths": ["a", 5]}, "paths is a list of strings"),
        ({"paths": ["a"] * 4}, "paths takes at most 3 strings, not 4"),
        ({"path": "src"}, "sample has no parameter 'path'; it has: question, profile, count, is_exact, paths"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read(**arguments)
    assert message in caught.value.message
    assert "\n" not in caught.value.message


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 600),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.lists(st.text(max_size=3)),
)


@given(st.dictionaries(st.sampled_from([*LEFT_OUT, "other"]), VALUES))
def test_whatever_the_exact_schema_refuses_is_refused(arguments: dict[str, Any]) -> None:
    is_valid = Draft202012Validator(describe_parameters(TOOL, exact=True)).is_valid(arguments)
    try:
        read_arguments(TOOL, arguments)
    except InvalidRequestError:
        # A blank question fits the schema and is refused all the same.
        assert not is_valid or not arguments["question"].strip()
    else:
        assert is_valid


def test_the_plain_schema_says_what_to_send() -> None:
    schema = describe_parameters(TOOL)
    assert schema["required"] == ["question"]
    assert schema["additionalProperties"] is False
    assert schema["properties"]["count"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 500,
        "description": "How many",
        "default": 10,
    }
    assert schema["properties"]["paths"] == {
        "type": "array",
        "items": {"type": "string"},
        "maxItems": 3,
        "description": "Where to look",
    }
    assert schema["properties"]["profile"]["enum"] == ["some", "all"]
