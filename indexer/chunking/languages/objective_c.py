"""Objective-C: selectors as names (`sendRequest:withToken:`), and the C around its classes."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.objective_c_repair import repair_objective_c
from indexer.chunking.languages.rules import Language, Rule, by_child, text_of
from indexer.chunking.languages.surroundings import child_of_type

_DECLARATORS = ("identifier", "field_identifier", "type_identifier")


def _selector_of(node: Node) -> str | None:
    """Return a method's selector: `count`, `sendRequest:withToken:`."""
    parts: list[str] = []
    for child in node.named_children:
        if child.type == "identifier":
            parts.append(text_of(child))
        elif child.type == "method_parameter":
            parts.append(":")
    return "".join(parts) or None


def _declared_name(node: Node) -> str | None:
    """Follow the declarators of a C declaration down to the name."""
    current = node.child_by_field_name("declarator")
    while current is not None and current.type not in _DECLARATORS:
        inner = current.child_by_field_name("declarator")
        if inner is None:
            inner = next((child for child in current.named_children if "declarator" in child.type), None)
        current = inner or child_of_type(current, *_DECLARATORS)
    return text_of(current) if current is not None else None


def _property_name(node: Node) -> str | None:
    """Name a `@property` by its last identifier."""
    declaration = child_of_type(node, "struct_declaration")
    words = re.findall(r"\w+", text_of(declaration)) if declaration is not None else []
    return words[-1] if words else None


def _typedef_kind(node: Node) -> str:
    type_node = node.child_by_field_name("type")
    kinds = {"struct_specifier": "struct", "union_specifier": "struct", "enum_specifier": "enum"}
    return kinds.get(type_node.type, "type") if type_node is not None else "type"


def _with_body(kind: str) -> Rule:
    """Make a rule for `struct Node { ... }`: without a body it is a use and no definition."""
    return Rule(lambda node: kind if node.child_by_field_name("body") is not None else None)


def _variable_kind(node: Node) -> str | None:
    parent = node.parent
    if parent is None or parent.type not in ("translation_unit", "implementation_definition"):
        return None
    text = text_of(node).split("=")[0]
    if "(" in text:
        return "prototype"
    if "extern" in text.split():
        return None
    return "constant" if "const" in text.replace("*", " ").split() else "variable"


_implementation = Rule("impl", by_child("identifier"), container=True, transparent=True)

LANGUAGE = Language(
    name="objective-c",
    grammar="objc",
    extensions=(".mm",),
    rules={
        "class_interface": Rule("class", by_child("identifier"), container=True),
        "category_interface": Rule("class", by_child("identifier"), container=True),
        "protocol_declaration": Rule("protocol", by_child("identifier"), container=True),
        "class_implementation": _implementation,
        "category_implementation": _implementation,
        "method_declaration": Rule("method", _selector_of, minor=True),
        "method_definition": Rule("method", _selector_of, body=None),
        "property_declaration": Rule("property", _property_name, minor=True),
        "function_definition": Rule("function", _declared_name),
        "struct_specifier": _with_body("struct"),
        "union_specifier": _with_body("struct"),
        "enum_specifier": _with_body("enum"),
        "type_definition": Rule(_typedef_kind, _declared_name),
        "declaration": Rule(_variable_kind, _declared_name, minor=True),
        "preproc_def": Rule("macro", minor=True),
        "preproc_function_def": Rule("macro"),
    },
    descend=frozenset(
        {
            "implementation_definition",
            "qualified_protocol_interface_declaration",
            "linkage_specification",
            "declaration_list",
            "preproc_if",
            "preproc_ifdef",
            "preproc_else",
            "preproc_elif",
        }
    ),
    comments=frozenset({"comment"}),
    repair=repair_objective_c,
)
