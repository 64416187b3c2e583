"""Groovy and Gradle scripts: the grammar knows commands and blocks only, so heads of commands are read as text."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule
from indexer.chunking.languages.surroundings import ancestor_of_type, first_named

_MODIFIERS = r"(?:(?:public|private|protected|static|final|abstract|sealed|synchronized)\s+)*"
_TYPE = re.compile(rf"\s*{_MODIFIERS}(class|interface|trait|enum|record|task)\s+(\w+)")
_FUNCTION = re.compile(
    rf"\s*{_MODIFIERS}(?:<[^>]+>\s*)?(def|[\w.]+(?:<[^()]*>)?(?:\[\])*|(?=\w+\s*\())\s*"
    r"(?<![\w.])(\w+|'[^']+'|\"[^\"]+\")\s*\([^(){};]*(?:\([^()]*\)[^(){};]*)*\)\s*(?:throws\s+[\w., ]+)?\{"
)
# Gradle's tasks, made or configured: `tasks.register('zip', Zip) {`, `tasks.named("jar") {`, `task(zip)`.
_TASK = re.compile(
    r"\s*(?:(?:tasks|project\.tasks)\s*\.\s*(?:register|named|create|maybeCreate|replace)|(?:project\.)?task)"
    r"\s*\(?\s*(?:\[[^\]]*\]\s*,\s*)?(['\"])([\w:.-]+)\1"
)
_STATEMENTS = frozenset({"return", "new", "if", "while", "for", "switch", "else", "throw", "assert", "case", "catch"})
_HEAD_BYTES = 600


def _head(node: Node) -> str:
    return (node.text or b"")[:_HEAD_BYTES].decode("utf-8", "replace")


def _function(node: Node) -> tuple[str, str] | None:
    """Return return type and name of `def retry(int times) {`; a call with a closure has no type before its name."""
    found = _FUNCTION.match(_head(node))
    if found is None or found.group(1) in _STATEMENTS or found.group(2) in _STATEMENTS:
        return None
    return found.group(1), found.group(2).strip("'\"")


def _owner(node: Node) -> str | None:
    """Return the name of the class around a command."""
    outer = ancestor_of_type(node, "command")
    found = _TYPE.match(_head(outer)) if outer is not None else None
    return found.group(2) if found is not None and found.group(1) != "task" else None


def _kind(node: Node) -> str | None:
    found = _TYPE.match(_head(node))
    if found is not None:
        return found.group(1)
    if _TASK.match(_head(node)) is not None:
        return "task"
    function = _function(node)
    if function is None:
        return None
    owner = _owner(node)
    if not function[0]:
        return "constructor" if owner == function[1] else None
    return "method" if owner is not None else "function"


def _name(node: Node) -> str | None:
    found = _TYPE.match(_head(node))
    if found is not None:
        return found.group(2)
    task = _TASK.match(_head(node))
    if task is not None:
        return task.group(2)
    function = _function(node)
    return function[1] if function is not None else None


def _is_annotation(node: Node) -> bool:
    """`@Override` on a line of its own is a command of its own."""
    first = first_named(node)
    return node.type == "command" and node.named_child_count == 1 and first is not None and first.type == "decorate"


_command = Rule(_kind, _name, container=True)

LANGUAGE = Language(
    name="groovy",
    grammar="groovy",
    extensions=(".groovy", ".gradle", ".gvy"),
    filenames=("jenkinsfile",),
    interpreters=("groovy",),
    rules={"command": _command, "end_command": _command},
    descend=frozenset({"command", "end_command", "block"}),
    comments=frozenset({"comment", "line_comment", "block_comment"}),
    is_attached=_is_annotation,
)
