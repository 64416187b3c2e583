"""Messages name only options that the command at hand has: what all commands and services share names none."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from codesearch.cli.main import commands
from codesearch.cli.wording import OPTIONS

ROOT = Path(__file__).parents[3]
# Known to other doors than the shell; of the rest, what only one command leads to.
SHARED = ("indexer", "codesearch/core", "codesearch/retrieval", "codesearch/tools", "codesearch/api", "codesearch/jobs")
OF_ONE_COMMAND = {
    "indexer/history/questions.py": {"evaluate"},
    "codesearch/core/catalog/groups.py": {"key create", "group add"},
}


def leaves(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from leaves(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


OPTIONS_OF = {
    name: {option for item in command.params if isinstance(item, click.Option) for option in item.opts}
    for name, command in leaves(commands)
}
EVERY = {option for options in OPTIONS_OF.values() for option in options}


def named_options(source: str) -> Iterator[str]:
    """Yield our options that texts of a module name; not in a command that is quoted, nor as an argument of git."""
    tree = ast.parse(source)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, documented)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value not in docstrings:
            text = re.sub(r"`[^`]*`?|\b(?:git|pip) [^;.]*|^codesearch .*", "", node.value)
            if " " in text.strip():
                yield from (option for option in re.findall(r"(?<![\w-])--[a-z][a-z-]+", text) if option in EVERY)


SHARED_MODULES = sorted(
    path.relative_to(ROOT).as_posix() for folder in SHARED for path in (ROOT / folder).rglob("*.py")
)


@pytest.mark.parametrize("path", SHARED_MODULES)
def test_what_is_shared_names_no_option(path: str) -> None:
    allowed = {option for name in OF_ONE_COMMAND.get(path, ()) for option in OPTIONS_OF[name]}
    assert set(named_options((ROOT / path).read_text(encoding="utf-8"))) <= allowed


@pytest.mark.parametrize("text", ["check --subdir.", "on disk; --committed indexes"])
def test_a_named_option_is_seen(text: str) -> None:
    assert list(named_options(f'def look():\n    raise ValueError("{text}")'))


def test_what_is_put_into_a_message_of_the_indexer_are_options_of_index() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "indexer").rglob("*.py")))
    for phrase, said in OPTIONS.items():
        assert set(re.findall(r"--[a-z-]+", said)) <= OPTIONS_OF["index"]
        assert phrase in source, "nobody says this"
