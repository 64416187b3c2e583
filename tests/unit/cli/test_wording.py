"""What tools say to do names tools at the doors of programs, and commands at a shell."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import codesearch
from codesearch.cli.wording import PHRASES, say_at_shell
from codesearch.tools.toolbox import TOOLS_BY_NAME

ROOT = Path(codesearch.__file__).parent
FILES = [
    *sorted((ROOT / "tools").rglob("*.py")),
    ROOT / "retrieval" / "search.py",
    ROOT / "retrieval" / "exact" / "needle.py",
]
NAMES_TOOL = re.compile(rf"\b(?:{'|'.join(set(TOOLS_BY_NAME) - {'outline'})})\b|\boutline lists")


def texts_of(file: Path) -> Iterator[str]:
    """Yield what a module says in a sentence, outside of docstrings and of the descriptions of tools."""

    def walk(node: ast.AST) -> Iterator[str]:
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("Tool", "Parameter"):
            return
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "X" for part in node.values)  # type: ignore[misc]
            return
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        for child in ast.iter_child_nodes(node):
            yield from walk(child)

    yield from (text for text in walk(ast.parse(file.read_text())) if " " in text)


TEXTS = [(file.name, text) for file in FILES for text in texts_of(file)]


@pytest.mark.parametrize(("name", "text"), [item for item in TEXTS if NAMES_TOOL.search(item[1])])
def test_a_tool_is_a_command_at_a_shell(name: str, text: str) -> None:
    assert not NAMES_TOOL.search(say_at_shell(text)), name


@pytest.mark.parametrize(("name", "text"), [item for item in TEXTS if "`codesearch " in item[1]])
def test_a_command_is_for_who_runs_the_service(name: str, text: str) -> None:
    assert "whoever runs the service" in text, name


@pytest.mark.parametrize("phrase", PHRASES)
def test_every_phrase_is_said_somewhere(phrase: str) -> None:
    assert any(phrase in text for _, text in TEXTS)
