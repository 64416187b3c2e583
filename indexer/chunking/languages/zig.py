"""Zig: types are values, so what a declaration defines is read from its right side."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_field, text_of
from indexer.chunking.languages.surroundings import child_of_type, first_named, has_token

_CONTAINER_KINDS = {"struct": "struct", "enum": "enum", "union": "union", "opaque": "struct"}


def _value(declaration: Node) -> Node | None:
    """Return the last operand of `const name: Type = value`, out of its expression nodes."""
    operands = [child for child in declaration.named_children if child.type == "ErrorUnionExpr"]
    suffix = child_of_type(operands[-1], "SuffixExpr") if operands else None
    return first_named(suffix)


def _kind(node: Node) -> str | None:
    function = child_of_type(node, "FnProto")
    if function is not None:
        return "method" if _is_member(node) else "function"
    declaration = child_of_type(node, "VarDecl")
    if declaration is None:
        return None
    value = _value(declaration)
    if value is not None and value.type == "ContainerDecl":
        return _container_kind(value)
    if value is not None and value.type in ("ErrorSetDecl", "FnProto"):
        return "type"
    if value is not None and value.type == "BUILTINIDENTIFIER" and text_of(value) in ("@import", "@This"):
        return None
    return "constant" if has_token(declaration, "const") else "variable"


def _container_kind(value: Node) -> str:
    words = text_of(value)[:40].replace("(", " ").replace("{", " ").split()
    return next((_CONTAINER_KINDS[word] for word in words if word in _CONTAINER_KINDS), "struct")


def _is_member(node: Node) -> bool:
    return node.parent is not None and node.parent.type in ("ContainerDecl", "ContainerDeclAuto")


def _name(node: Node) -> str | None:
    function = child_of_type(node, "FnProto")
    if function is not None:
        return by_field("function")(function)
    declaration = child_of_type(node, "VarDecl")
    return by_field("variable_type_function")(declaration) if declaration is not None else None


def _body(node: Node) -> Node | None:
    """Return a function's block, or the braces of the type on the right side."""
    block = child_of_type(node, "Block")
    declaration = child_of_type(node, "VarDecl")
    if block is not None or declaration is None:
        return block
    value = _value(declaration)
    return value if value is not None and value.type == "ContainerDecl" else None


def _test_name(node: Node) -> str | None:
    """Name a test by its string or the declaration that it is for; a test without a name defines nothing."""
    name = child_of_type(node, "STRINGLITERALSINGLE", "IDENTIFIER")
    return text_of(name).strip('"') if name is not None else None


LANGUAGE = Language(
    name="zig",
    grammar="zig",
    extensions=(".zig",),
    rules={
        "Decl": Rule(_kind, _name, container=True, body=_body),
        "TestDecl": Rule("test", _test_name),
        "ContainerField": Rule("field", by_field("field_member"), local=False, minor=True),
    },
    descend=frozenset(
        {"VarDecl", "ErrorUnionExpr", "SuffixExpr", "ContainerDecl", "ContainerDeclAuto", "ContainerDeclType", "Block"}
        | {"Statement", "AssignExpr"}
    ),
    comments=frozenset({"line_comment", "doc_comment"}),
)
