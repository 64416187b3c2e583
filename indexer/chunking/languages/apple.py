"""Objective-C, with selectors as names (`sendRequest:withToken:`) and the C around its classes, and Swift."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.directives import SWIFT_DIRECTIVES, blank_lines
from indexer.chunking.languages.objective_c_repair import repair_objective_c
from indexer.chunking.languages.rules import Language, Rule, by_child, by_field, text_of
from indexer.chunking.languages.surroundings import child_of_type, constant_name, keyword_kind, kind_by_parent

# --- Objective-C ----------------------------------------------------------------------------------------------------

_DECLARATORS = ("identifier", "field_identifier", "type_identifier")


def selector_of(node: Node) -> str | None:
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

OBJECTIVE_C = Language(
    name="objective-c",
    grammar="objc",
    extensions=(".m", ".mm"),
    rules={
        "class_interface": Rule("class", by_child("identifier"), container=True),
        "category_interface": Rule("class", by_child("identifier"), container=True),
        "protocol_declaration": Rule("protocol", by_child("identifier"), container=True),
        "class_implementation": _implementation,
        "category_implementation": _implementation,
        "method_declaration": Rule("method", selector_of, minor=True),
        "method_definition": Rule("method", selector_of, body=None),
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

# --- Swift ----------------------------------------------------------------------------------------------------------


def _swift_type_name(node: Node) -> str | None:
    name = node.child_by_field_name("name")
    return text_of(name).split("<")[0] if name is not None else None


def _swift_function_name(node: Node) -> str | None:
    """Name a function; operators such as `==` carry no name field inside of types."""
    for before, child in zip(node.children, node.children[1:], strict=False):
        if before.type == "func":
            return text_of(child)
    return by_field("name")(node)


def _swift_property_name(node: Node) -> str | None:
    name = by_field("name", "bound_identifier")(node)
    return name.strip("`") if name else None


def _swift_property_kind(node: Node) -> str | None:
    parent = node.parent
    if parent is None or parent.type not in ("source_file", "class_body", "enum_class_body"):
        return None
    is_constant = "let" in text_of(node).split("=")[0].split()
    if parent.type == "source_file":
        return "constant" if is_constant else "variable"
    modifiers = child_of_type(node, "modifiers")
    is_static = modifiers is not None and "static" in text_of(modifiers).split()
    return "constant" if is_constant and is_static else "property"


_swift_type_kind = keyword_kind(
    {"struct": "struct", "enum": "enum", "actor": "actor", "extension": "extension"}, "class"
)

SWIFT = Language(
    name="swift",
    grammar="swift",
    extensions=(".swift",),
    interpreters=("swift",),
    rules={
        "class_declaration": Rule(_swift_type_kind, _swift_type_name, container=True),
        "protocol_declaration": Rule("protocol", _swift_type_name, container=True),
        "function_declaration": Rule(
            kind_by_parent(("class_body", "enum_class_body"), "method", "function"), _swift_function_name
        ),
        "protocol_function_declaration": Rule("method", _swift_function_name, minor=True),
        "init_declaration": Rule("constructor", constant_name("init")),
        "deinit_declaration": Rule("method", constant_name("deinit")),
        "subscript_declaration": Rule("method", constant_name("subscript"), body=None),
        "property_declaration": Rule(_swift_property_kind, _swift_property_name, body="computed_value", minor=True),
        "protocol_property_declaration": Rule("property", _swift_property_name, minor=True),
        "typealias_declaration": Rule("type", minor=True),
        "associatedtype_declaration": Rule("type", minor=True),
        "macro_declaration": Rule("macro", by_child("simple_identifier")),
    },
    descend=frozenset({"class_body", "enum_class_body", "protocol_body", "statements"}),
    comments=frozenset({"comment", "multiline_comment"}),
    attached=frozenset({"attribute", "modifiers"}),
    repair=blank_lines(SWIFT_DIRECTIVES),
)

LANGUAGES: tuple[Language, ...] = (OBJECTIVE_C, SWIFT)
