"""Solidity: contracts and what they hold."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule
from indexer.chunking.languages.surroundings import kind_by_parent


def _special(node: Node) -> str | None:
    """Name `constructor`, `receive` and `fallback` by their keyword."""
    return node.children[0].type if node.children else None


LANGUAGE = Language(
    name="solidity",
    grammar="solidity",
    extensions=(".sol",),
    rules={
        "contract_declaration": Rule("class", container=True),
        "interface_declaration": Rule("interface", container=True),
        "library_declaration": Rule("module", container=True),
        "struct_declaration": Rule("struct"),
        "enum_declaration": Rule("enum"),
        "function_definition": Rule(kind_by_parent(("contract_body",), "method", "function")),
        "modifier_definition": Rule("method"),
        "constructor_definition": Rule("constructor", _special),
        "fallback_receive_definition": Rule("method", _special),
        "event_definition": Rule("event", minor=True),
        "error_declaration": Rule("type", minor=True),
        "user_defined_type_definition": Rule("type", minor=True),
        "state_variable_declaration": Rule("field", minor=True, local=False),
        "constant_variable_declaration": Rule("constant", minor=True, local=False),
    },
    comments=frozenset({"comment"}),
)
