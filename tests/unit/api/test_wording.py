"""What is to be done is said over HTTP in what a client has: addresses, never a tool or a command of a shell."""

from __future__ import annotations

import re

import pytest

from codesearch.api.wording import PHRASES, say_over_http, say_problem
from tests.unit.cli.test_wording import NAMES_TOOL, ROOT, texts_of

CATALOG = [ROOT / "core" / "catalog" / f"{name}.py" for name in ("groups", "keys", "organisations", "sources")]
TEXTS = [
    text for file in (*CATALOG, ROOT / "jobs" / "queue.py", ROOT / "retrieval" / "search.py") for text in texts_of(file)
]
NAMES_COMMAND = re.compile(r"`codesearch [a-z ]+` (?:shows|lists) them")


@pytest.mark.parametrize("text", [text for text in TEXTS if NAMES_TOOL.search(text) or NAMES_COMMAND.search(text)])
@pytest.mark.parametrize("path", ["/retrieval", "/api/knowledge-retrieval/dify/retrieval", "/api/sources/x"])
def test_a_tool_or_command_is_an_address(text: str, path: str) -> None:
    said = say_over_http(text, path)
    assert not NAMES_TOOL.search(said)
    assert not NAMES_COMMAND.search(said)


@pytest.mark.parametrize("path", ["/api/tools/read_file", "/api/search_code"])
def test_who_calls_a_tool_has_the_others(path: str) -> None:
    assert say_over_http("Nothing. get_data_sources lists them.", path) == "Nothing. get_data_sources lists them."


@pytest.mark.parametrize(
    ("kind", "message", "said"),
    [
        ("missing", "Field required", "name is missing"),
        ("string_type", "Input should be a valid string", "name must be a valid string"),
        ("value_error", "Value error, give one of a, b.", "name: give one of a, b"),
        ("json_invalid", "JSON decode error", "name: JSON decode error"),
    ],
)
def test_a_field_that_is_wrong_is_told_in_one_style(kind: str, message: str, said: str) -> None:
    assert say_problem("name", kind, message) == said


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_phrase_is_said_somewhere(phrase: str) -> None:
    assert any(phrase in text for text in TEXTS)
