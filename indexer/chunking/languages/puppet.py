"""Puppet: classes, defined types, nodes, functions and types."""

from __future__ import annotations

from indexer.chunking.languages.rules import Language, Rule, by_child
from indexer.chunking.languages.surroundings import child_body, no_body

_named = by_child("class_identifier", "identifier")
_block = child_body("block")

LANGUAGE = Language(
    name="puppet",
    grammar="puppet",
    extensions=(".puppet",),
    interpreters=("puppet",),
    rules={
        "class_definition": Rule("class", _named, container=True, body=_block),
        "defined_resource_type": Rule("type", _named, container=True, body=_block),
        "node_definition": Rule(
            "node", lambda node: (by_child("node_name")(node) or "").strip("'\"") or None, container=True, body=_block
        ),
        "function_declaration": Rule("function", _named, body=_block),
        "type_declaration": Rule("type", _named, body=no_body),
    },
    comments=frozenset({"comment"}),
)
