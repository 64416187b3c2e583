"""PowerShell: functions, classes and enums."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child
from indexer.chunking.languages.surroundings import ancestor_of_type


def _method_kind(node: Node) -> str:
    owner = ancestor_of_type(node, "class_statement")
    own_name = by_child("simple_name")(node)
    return "constructor" if owner is not None and by_child("simple_name")(owner) == own_name else "method"


def _function_name(node: Node) -> str | None:
    """Name a function without the scope of `function global:Invoke-Retry`."""
    name = by_child("function_name")(node)
    return name.rsplit(":", 1)[-1] if name else None


LANGUAGE = Language(
    name="powershell",
    grammar="powershell",
    extensions=(".ps1", ".psm1"),
    interpreters=("pwsh", "powershell"),
    rules={
        "function_statement": Rule("function", _function_name, body=None),
        "class_statement": Rule("class", by_child("simple_name"), container=True),
        "class_method_definition": Rule(_method_kind, by_child("simple_name"), body=None),
        "enum_statement": Rule("enum", by_child("simple_name")),
    },
    descend=frozenset({"statement_list"}),
    comments=frozenset({"comment"}),
)
