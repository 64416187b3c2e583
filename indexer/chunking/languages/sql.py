"""SQL: what CREATE statements create, also in the dialects that the grammar does not read."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, NodeText, Rule, text_of
from indexer.chunking.languages.surroundings import child_of_type

_KINDS = {
    "create_table": "table",
    "create_view": "view",
    "create_materialized_view": "view",
    "create_function": "function",
    "create_procedure": "procedure",
    "create_trigger": "trigger",
    "create_index": "index",
    "create_type": "type",
    "create_schema": "schema",
    "create_sequence": "sequence",
    "create_database": "database",
    "create_policy": "policy",
}
_MINOR = frozenset({"create_index", "create_sequence", "create_schema", "create_database"})
_CREATE = re.compile(
    r"\s*CREATE\s+(?:OR\s+(?:REPLACE|ALTER)\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:(?:NON)?EDITIONABLE\s+)?"
    r"(?:GLOBAL\s+|LOCAL\s+|TEMP(?:ORARY)?\s+|UNLOGGED\s+|EXTERNAL\s+|UNIQUE\s+|CONSTRAINT\s+|MATERIALIZED\s+)*"
    r"(PROC(?:EDURE)?|FUNCTION|TRIGGER|TABLE|VIEW|TYPE|PACKAGE(?:\s+BODY)?|EVENT|INDEX|DOMAIN|AGGREGATE)\s+"
    r"(?:IF\s+NOT\s+EXISTS\s+)?((?:[\w$#]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\])(?:\s*\.\s*(?:[\w$#]+|\"[^\"]+\"|`[^`]+`|\[[^\]]+\]))*)",
    re.IGNORECASE,
)
_WORDS = {"proc": "procedure", "package body": "package", "domain": "type", "aggregate": "function"}
_HEAD_BYTES = 400


def _path(written: str) -> list[str]:
    return [part.strip().strip('"`[]') for part in written.split(".")]


def _reference(node: Node) -> list[str]:
    """Return schema and name of what a CREATE creates."""
    column = node.child_by_field_name("column") if node.type == "create_index" else None
    named = column or child_of_type(node, "object_reference", "identifier")
    return _path(text_of(named)) if named is not None else []


def _matched(node: Node) -> re.Match[str] | None:
    return _CREATE.match((node.text or b"")[:_HEAD_BYTES].decode("utf-8", "replace"))


def _unread_kind(node: Node) -> str | None:
    found = _matched(node)
    if found is None:
        return None
    word = " ".join(found.group(1).lower().split())
    return _WORDS.get(word, word)


def _unread_path(node: Node) -> list[str]:
    found = _matched(node)
    return _path(found.group(2)) if found else []


def _part(*, unread: bool = False, scope: bool = False) -> NodeText:
    """Make a name (the last part) or a scope (what stands before it) of a reference."""

    def part_of(node: Node) -> str | None:
        parts = _unread_path(node) if unread else _reference(node)
        return (".".join(parts[:-1]) if scope else parts[-1] if parts else None) or None

    return part_of


def _continues_body(previous: Node, node: Node) -> bool:
    """The body of a procedure that the grammar does not read stands as a block behind its head."""
    return previous.type == "ERROR" and node.type == "block" and _matched(previous) is not None


LANGUAGE = Language(
    name="sql",
    grammar="sql",
    extensions=(".sql", ".psql", ".pgsql", ".ddl", ".plsql", ".pks", ".pkb"),
    rules={
        **{
            node_type: Rule(kind, _part(), _part(scope=True), body=None, local=False, minor=node_type in _MINOR)
            for node_type, kind in _KINDS.items()
        },
        "ERROR": Rule(_unread_kind, _part(unread=True), _part(unread=True, scope=True)),
        "block": Rule(lambda node: None),
    },
    descend=frozenset({"statement", "transaction", "block"}),
    comments=frozenset({"comment", "marginalia"}),
    continues=_continues_body,
)
