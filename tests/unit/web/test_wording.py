"""What the page says to do names its own pages and fields, never a tool or its parameters."""

from __future__ import annotations

import re

import pytest

from codesearch.web.wording import PHRASES, say_on_page
from tests.unit.cli.test_wording import NAMES_TOOL, ROOT, TEXTS, texts_of

# What pages show texts of; of the others they show values alone.
SHOWN = ("scope.py", "missing.py", "grep_search.py", "search.py")
FILES = [
    *(ROOT / "core" / "catalog" / f"{name}.py" for name in ("sources", "keys", "organisations")),
    ROOT / "jobs/queue.py",
]
CATALOG = [("catalog", text) for file in FILES for text in texts_of(file)]
COMMANDS = re.compile(r"`codesearch [a-z ]+` (?:shows|lists) them")


@pytest.mark.parametrize(("name", "text"), [item for item in TEXTS if item[0] in SHOWN and NAMES_TOOL.search(item[1])])
def test_a_tool_is_a_page(name: str, text: str) -> None:
    assert not NAMES_TOOL.search(say_on_page(text)), name


@pytest.mark.parametrize("text", [text for _, text in CATALOG if COMMANDS.search(text)])
def test_a_command_is_a_page(text: str) -> None:
    assert "`codesearch " not in say_on_page(text)


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_phrase_is_said_somewhere(phrase: str) -> None:
    assert any(phrase in text for _, text in [*TEXTS, *CATALOG])
