"""What C and C++ both have: functions, declarations, typedefs, structs, unions, enums and macros."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from indexer.chunking.languages.c_declarators import (
    declarator_name,
    declarator_scope,
    is_prototype,
    other_declarators,
    scope_of,
)
from indexer.chunking.languages.rules import Rule, child_text, text_of

_SPECIFIERS = {
    "struct_specifier": "struct",
    "union_specifier": "union",
    "enum_specifier": "enum",
    "class_specifier": "class",
}


def _declaration_kind(node: Node) -> str | None:
    declarator = node.child_by_field_name("declarator")
    if declarator is None:
        return None
    if is_prototype(declarator):
        return "prototype"
    is_constant = any(
        child.type == "type_qualifier" and child.text in (b"const", b"constexpr") for child in node.children
    )
    return "constant" if is_constant else "variable"


def _typedef_kind(node: Node) -> str:
    kind = node.child_by_field_name("type")
    if kind is None or kind.child_by_field_name("body") is None:
        return "type"
    return _SPECIFIERS.get(kind.type, "type")


def _typedef_others(node: Node) -> Sequence[str]:
    """The tag of a typedef's own struct and further declarators."""
    kind = node.child_by_field_name("type")
    has_body = kind is not None and kind.child_by_field_name("body") is not None
    tag = child_text(kind, "name") if kind is not None and has_body else None
    return [*([tag] if tag else []), *other_declarators(node)]


def rule_with_body(kind: str) -> Rule:
    """Make the rule of a specifier, which defines something only with a body: `struct client *next` does not."""
    return Rule(
        lambda node: kind if node.child_by_field_name("body") is not None and not _is_typedef_tag(node) else None,
        lambda node: _tag_name(node),
        scope=lambda node: scope_of(node.child_by_field_name("name")),
        container=True,
        needs="body",
    )


def _is_typedef_tag(node: Node) -> bool:
    parent = node.parent
    return parent is not None and parent.type == "type_definition"


def _tag_name(node: Node) -> str | None:
    name = node.child_by_field_name("name")
    while name is not None and name.type in ("qualified_identifier", "template_type"):
        name = name.child_by_field_name("name")
    return text_of(name) if name is not None else None


def _macro_kind(node: Node) -> str | None:
    """Include guards and flags without a value define nothing that anyone searches for."""
    return "macro" if node.child_by_field_name("value") is not None else None


C_FAMILY_RULES = {
    "function_definition": Rule("function", declarator_name, declarator_scope),
    "declaration": Rule(
        _declaration_kind,
        declarator_name,
        declarator_scope,
        body="declarator.value",
        also=other_declarators,
        local=False,
    ),
    "type_definition": Rule(_typedef_kind, declarator_name, body="type.body", also=_typedef_others),
    "struct_specifier": rule_with_body("struct"),
    "union_specifier": rule_with_body("union"),
    "enum_specifier": rule_with_body("enum"),
    "preproc_def": Rule(_macro_kind, body="value", local=False),
    "preproc_function_def": Rule("macro", body="value", local=False),
}
C_FAMILY_DESCEND = frozenset(
    {
        "preproc_if",
        "preproc_ifdef",
        "preproc_else",
        "preproc_elif",
        "preproc_elifdef",
        "linkage_specification",
        "declaration_list",
        "compound_statement",
    }
)
