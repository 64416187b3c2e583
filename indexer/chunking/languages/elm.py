"""Elm: values under their annotations, types and ports."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, text_of
from indexer.chunking.languages.surroundings import first_named


def _value_kind(node: Node) -> str:
    left = node.child_by_field_name("functionDeclarationLeft")
    return "function" if left is not None and left.named_child_count > 1 else "constant"


def _value_name(node: Node) -> str | None:
    name = first_named(node.child_by_field_name("functionDeclarationLeft"))
    return text_of(name) if name is not None and name.type == "lower_case_identifier" else None


LANGUAGE = Language(
    name="elm",
    grammar="elm",
    extensions=(".elm",),
    rules={
        "module_declaration": Rule("module", minor=True),
        "value_declaration": Rule(_value_kind, _value_name),
        "type_declaration": Rule("type"),
        "type_alias_declaration": Rule("type", body="typeExpression"),
        "port_annotation": Rule("function"),
    },
    comments=frozenset({"line_comment", "block_comment"}),
    attached=frozenset({"type_annotation"}),
)
