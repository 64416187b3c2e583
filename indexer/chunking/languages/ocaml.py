"""OCaml: bindings under their `let`, modules, functors and classes."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child, text_of
from indexer.chunking.languages.surroundings import child_of_type

_MODULE_LEVEL = ("compilation_unit", "structure", "signature")


def _name(node: Node) -> str | None:
    """Name a value; operators without their parentheses, and no name for `_`."""
    name = child_of_type(node, "value_name", "parenthesized_operator", "method_name")
    text = text_of(name).strip("() ") if name is not None else None
    return text if text and text != "_" else None


def _binding_name(node: Node) -> str | None:
    pattern = node.child_by_field_name("pattern")
    if pattern is not None and pattern.type == "string":
        return text_of(pattern).strip('"')
    return _name(node)


def _binding_kind(node: Node) -> str | None:
    definition = node.parent
    if definition is None or definition.parent is None:
        return None
    is_local = definition.parent.type not in _MODULE_LEVEL
    pattern = node.child_by_field_name("pattern")
    if pattern is not None and pattern.type == "string":
        return "test"
    body = node.child_by_field_name("body")
    is_function = child_of_type(node, "parameter") is not None or (
        body is not None and body.type in ("fun_expression", "function_expression")
    )
    if is_function:
        return "function"
    return None if is_local else "constant"


def _value_kind(node: Node) -> str:
    written = node.child_by_field_name("type")
    return "function" if written is not None and written.type == "function_type" else "constant"


def _exception_name(node: Node) -> str | None:
    declaration = child_of_type(node, "constructor_declaration")
    return by_child("constructor_name")(declaration) if declaration is not None else None


_RULES = {
    "let_binding": Rule(_binding_kind, _binding_name),
    "external": Rule("function", _name),
    "value_specification": Rule(_value_kind, _name),
    "type_binding": Rule("type"),
    "exception_definition": Rule("exception", _exception_name),
    "module_binding": Rule("module", by_child("module_name"), container=True, body=None),
    "module_type_definition": Rule("interface", by_child("module_type_name"), container=True),
    "class_binding": Rule("class", by_child("class_name"), container=True, body=None),
    "class_type_binding": Rule("interface", by_child("class_type_name"), container=True),
    "method_definition": Rule("method", by_child("method_name")),
    "method_specification": Rule("method", by_child("method_name"), minor=True),
}
_WRAPPERS = frozenset(
    {"value_definition", "type_definition", "module_definition", "class_definition", "class_type_definition"}
)
_DESCEND = frozenset(
    {
        "structure",
        "signature",
        "object_expression",
        "class_function",
        "class_body_type",
        "class_function_type",
        "parenthesized_module_expression",
        "functor",
        "include_module",
        "include_module_type",
    }
)

LANGUAGE = Language(
    name="ocaml",
    grammar="ocaml",
    extensions=(".ml", ".eliom"),
    interpreters=("ocaml",),
    rules=_RULES,
    descend=_DESCEND,
    wrappers=_WRAPPERS,
    comments=frozenset({"comment"}),
)
