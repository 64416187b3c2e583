"""Names of C and C++ declarations, which sit deep inside declarators: pointers, arrays, functions, parentheses."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from indexer.chunking.languages.rules import bare_type, child_text, text_of

_NAMES = frozenset(
    {
        "identifier",
        "field_identifier",
        "type_identifier",
        "destructor_name",
        "operator_name",
        "qualified_identifier",
        "template_function",
        "template_method",
        "operator_cast",
        "primitive_type",
    }
)


def _declared(node: Node | None) -> Node | None:
    """Follow declarators (pointers, arrays, functions, parentheses) to the node that holds the name."""
    while node is not None and node.type not in _NAMES:
        inner = node.child_by_field_name("declarator")
        if inner is None:
            inner = next((child for child in node.named_children if child.type in _NAMES or is_declarator(child)), None)
        node = inner
    return node


def is_declarator(node: Node) -> bool:
    """Say whether a node is one of the grammar's declarators."""
    return node.type.endswith("_declarator")


def name_of(node: Node | None) -> str | None:
    """Return the simple name of a declared node: the last part of a qualified one, without template arguments."""
    declared = _declared(node)
    while declared is not None and declared.type == "qualified_identifier":
        inner = declared.child_by_field_name("name")
        declared = _declared(inner) if inner is not None else None
    if declared is None:
        return None
    if declared.type in ("template_function", "template_method", "template_type"):
        return child_text(declared, "name")
    if declared.type == "operator_cast":
        # `operator const Char*() const`: all that stands before the parentheses.
        return " ".join(text_of(declared).split("(", 1)[0].split())
    name = " ".join(text_of(declared).split())
    return (
        name.replace("operator ", "operator", 1)
        if declared.type == "operator_name" and not name[9:10].isalpha()
        else name
    )


def scope_of(node: Node | None) -> str | None:
    """Return what stands before the name: `ns::Client<T>::retry` -> ns.Client."""
    declared = _declared(node)
    parts: list[str] = []
    while declared is not None and declared.type == "qualified_identifier":
        part = bare_type(child_text(declared, "scope"))
        if part:
            parts.append(part)
        declared = declared.child_by_field_name("name")
    return ".".join(parts) or None


def declarator_name(node: Node) -> str | None:
    """Name a declaration by its first declarator."""
    return name_of(node.child_by_field_name("declarator"))


def declarator_scope(node: Node) -> str | None:
    """Qualify a declaration by what stands before its first declarator's name."""
    return scope_of(node.child_by_field_name("declarator"))


def other_declarators(node: Node) -> Sequence[str]:
    """Return the names of all declarators but the first, in order."""
    names = [name_of(child) for child in node.children_by_field_name("declarator")[1:]]
    return [name for name in names if name]


def is_prototype(node: Node | None) -> bool:
    """Say whether a declarator declares a function; a pointer to a function is a variable."""
    while node is not None and node.type in ("pointer_declarator", "reference_declarator"):
        node = next((child for child in node.named_children if is_declarator(child)), None)
    if node is None or node.type not in ("function_declarator", "operator_cast"):
        return False
    inner = node.child_by_field_name("declarator")
    return inner is not None and inner.type != "parenthesized_declarator"
