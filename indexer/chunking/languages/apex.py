"""Apex: classes as Java has them, and triggers."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_field
from indexer.chunking.languages.surroundings import child_of_type, no_body


def _field_kind(node: Node) -> str:
    return "property" if child_of_type(node, "accessor_list") is not None else "field"


LANGUAGE = Language(
    name="apex",
    grammar="apex",
    extensions=(".apex", ".trigger", ".cls"),
    rules={
        "class_declaration": Rule("class", container=True),
        "interface_declaration": Rule("interface", container=True),
        "enum_declaration": Rule("enum", container=True),
        "method_declaration": Rule("method"),
        "constructor_declaration": Rule("constructor"),
        "field_declaration": Rule(_field_kind, by_field("declarator", "name"), body=no_body, local=False, minor=True),
        "trigger_declaration": Rule("trigger"),
    },
    comments=frozenset({"line_comment", "block_comment"}),
)
