"""Swift: types and their extensions, functions, initializers and properties; both halves of an #if are read."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.directives import blank_lines
from indexer.chunking.languages.rules import Language, Rule, by_child, by_field, text_of
from indexer.chunking.languages.surroundings import child_of_type, constant_name, keyword_kind, kind_by_parent

_DIRECTIVES = re.compile(rb"^[ \t]*#(?:if|elseif|else|endif|error|warning)\b[^\r\n]*", re.MULTILINE)


def _type_name(node: Node) -> str | None:
    name = node.child_by_field_name("name")
    return text_of(name).split("<")[0] if name is not None else None


def _function_name(node: Node) -> str | None:
    """Name a function; operators such as `==` carry no name field inside of types."""
    for before, child in zip(node.children, node.children[1:], strict=False):
        if before.type == "func":
            return text_of(child)
    return by_field("name")(node)


def _property_name(node: Node) -> str | None:
    name = by_field("name", "bound_identifier")(node)
    return name.strip("`") if name else None


def _property_kind(node: Node) -> str | None:
    parent = node.parent
    if parent is None or parent.type not in ("source_file", "class_body", "enum_class_body"):
        return None
    is_constant = "let" in text_of(node).split("=")[0].split()
    if parent.type == "source_file":
        return "constant" if is_constant else "variable"
    modifiers = child_of_type(node, "modifiers")
    is_static = modifiers is not None and "static" in text_of(modifiers).split()
    return "constant" if is_constant and is_static else "property"


_type_kind = keyword_kind({"struct": "struct", "enum": "enum", "actor": "actor", "extension": "extension"}, "class")

LANGUAGE = Language(
    name="swift",
    grammar="swift",
    extensions=(".swift",),
    interpreters=("swift", "swift-sh"),
    rules={
        "class_declaration": Rule(_type_kind, _type_name, container=True),
        "protocol_declaration": Rule("protocol", _type_name, container=True),
        "function_declaration": Rule(
            kind_by_parent(("class_body", "enum_class_body"), "method", "function"), _function_name
        ),
        "protocol_function_declaration": Rule("method", _function_name, minor=True),
        "init_declaration": Rule("constructor", constant_name("init")),
        "deinit_declaration": Rule("method", constant_name("deinit")),
        "subscript_declaration": Rule("method", constant_name("subscript"), body=None),
        "property_declaration": Rule(_property_kind, _property_name, body="computed_value", minor=True),
        "protocol_property_declaration": Rule("property", _property_name, minor=True),
        "typealias_declaration": Rule("type", minor=True),
        "associatedtype_declaration": Rule("type", minor=True),
        "macro_declaration": Rule("macro", by_child("simple_identifier")),
    },
    descend=frozenset({"class_body", "enum_class_body", "protocol_body", "statements"}),
    comments=frozenset({"comment", "multiline_comment"}),
    attached=frozenset({"attribute", "modifiers"}),
    repair=blank_lines(_DIRECTIVES),
)
