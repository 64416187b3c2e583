"""MATLAB and Octave: functions, and classes with their methods, properties and enumerations."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, child_text
from indexer.chunking.languages.surroundings import child_body, whole_node


def _name(node: Node) -> str | None:
    """`get.Level` and `set.Level` are told apart by what stands before the dot."""
    name = child_text(node, "name")
    accessor = next((child.type for child in node.children if child.type in ("get.", "set.")), "")
    return f"{accessor}{name}" if name else None


LANGUAGE = Language(
    name="matlab",
    grammar="matlab",
    extensions=(".m",),
    interpreters=("octave", "matlab", "octave-cli"),
    rules={
        "function_definition": Rule("function", _name, body=child_body("block")),
        "class_definition": Rule("class", container=True, body=whole_node),
        "property": Rule("property", body=None, local=False, minor=True),
    },
    descend=frozenset({"methods", "properties", "block"}),
    comments=frozenset({"comment"}),
)
