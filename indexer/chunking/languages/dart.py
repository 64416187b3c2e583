"""Dart: a signature and its body are siblings in the grammar and make one symbol."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child, by_field, text_of
from indexer.chunking.languages.surroundings import child_of_type, has_token, kind_by_parent

_SIGNATURES = {
    "function_signature": "function",
    "getter_signature": "property",
    "setter_signature": "property",
    "operator_signature": "method",
    "constructor_signature": "constructor",
    "constant_constructor_signature": "constructor",
    "factory_constructor_signature": "constructor",
    "redirecting_factory_constructor_signature": "constructor",
}
_MEMBERS = ("method_signature", "declaration")


def _signature(node: Node) -> Node | None:
    """Return the signature that a member wraps, that a body stands behind, or that the node is itself."""
    if node.type == "function_body":
        previous = node.prev_named_sibling
        return _signature(previous) if previous is not None and previous.type != "function_body" else None
    return node if node.type in _SIGNATURES else child_of_type(node, *_SIGNATURES)


def _callable_kind(node: Node) -> str | None:
    if node.type in _SIGNATURES and node.parent is not None and node.parent.type in _MEMBERS:
        return None
    signature = _signature(node)
    if signature is None:
        if node.type != "declaration":
            return None
        return "constant" if has_token(node, "const_builtin") else "field"
    kind = _SIGNATURES[signature.type]
    is_member = signature.parent is not None and signature.parent.type in _MEMBERS
    return "method" if kind == "function" and is_member else kind


def _callable_name(node: Node) -> str | None:
    signature = _signature(node)
    if signature is None:
        return _variable_name(node)
    if "constructor" in signature.type:
        names = [text_of(child) for child in signature.named_children if child.type == "identifier"]
        return names[-1] if names else None
    if signature.type == "operator_signature":
        return text_of(signature).split("operator", 1)[1].split("(")[0].strip() or None
    return by_field("name")(signature)


def _variable_name(node: Node) -> str | None:
    """Name a list of variables by its first."""
    current: Node | None = node
    while current is not None and current.type != "identifier":
        current = child_of_type(
            current,
            "static_final_declaration_list",
            "static_final_declaration",
            "initialized_identifier_list",
            "initialized_identifier",
            "identifier",
        )
    return text_of(current) if current is not None else None


def _alias_name(node: Node) -> str | None:
    """Name `typedef Name = ...` and the older `typedef int Name(int a)`."""
    names = [text_of(child) for child in node.named_children if child.type == "type_identifier"]
    if not names:
        return None
    return names[0] if has_token(node, "=") else names[-1]


def _class_name(node: Node) -> str | None:
    mixin_application = child_of_type(node, "mixin_application_class")
    return by_child("identifier")(mixin_application) if mixin_application is not None else by_field("name")(node)


def _extension_name(node: Node) -> str | None:
    return by_field("name")(node) or by_field("class")(node)


def _local_kind(node: Node) -> str | None:
    parameters = node.child_by_field_name("parameters")
    return "function" if parameters is not None and parameters.type == "function_signature" else None


_callable = Rule(_callable_kind, _callable_name, local=False)
_type = Rule("class", _class_name, container=True)

LANGUAGE = Language(
    name="dart",
    grammar="dart",
    extensions=(".dart",),
    interpreters=("dart",),
    rules={
        "class_definition": _type,
        "mixin_declaration": Rule("mixin", by_child("identifier"), container=True, body=None),
        "enum_declaration": Rule("enum", container=True),
        "extension_declaration": Rule("extension", _extension_name, container=True),
        "extension_type_declaration": Rule("type", container=True),
        "type_alias": Rule("type", _alias_name),
        **dict.fromkeys(_SIGNATURES, _callable),
        "method_signature": _callable,
        # Fields, and constructors and methods without a body.
        "declaration": Rule(_callable_kind, _callable_name, local=False, minor=True),
        # A body is the sibling behind its signature and makes one symbol with it.
        "function_body": _callable,
        "lambda_expression": Rule(_local_kind, by_field("parameters", "name")),
        "static_final_declaration_list": Rule(kind_by_parent(("program",), "constant", None), _variable_name),
        "initialized_identifier_list": Rule(kind_by_parent(("program",), "variable", None), _variable_name),
    },
    descend=frozenset({"class_body", "enum_body", "extension_body", "block", "local_function_declaration"}),
    comments=frozenset({"comment", "documentation_comment"}),
    attached=frozenset(
        {
            "annotation",
            "const_builtin",
            "final_builtin",
            "inferred_type",
            "type_identifier",
            "type_arguments",
            "void_type",
        }
    ),
    continues=lambda previous, node: node.type == "function_body",
)
