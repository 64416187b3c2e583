"""Nix: what is bound to a function, and the longer attributes of the outermost sets."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, child_text

# A set within a set within a set is configuration, which belongs to what is around it.
_MAX_BINDINGS_AROUND = 1
_MIN_LINES = 3


def _path(node: Node) -> list[str]:
    written = child_text(node, "attrpath") or ""
    return [part.strip('"') for part in written.split(".")] if "${" not in written else []


def _name(node: Node) -> str | None:
    path = _path(node)
    return path[-1] if path else None


def _scope(node: Node) -> str | None:
    return ".".join(_path(node)[:-1]) or None


def _kind(node: Node) -> str | None:
    value = node.child_by_field_name("expression")
    while value is not None and value.type == "parenthesized_expression":
        value = value.child_by_field_name("expression")
    if value is not None and value.type == "function_expression":
        return "function"
    if node.end_point[0] - node.start_point[0] + 1 < _MIN_LINES:
        return None
    around = 0
    outer = node.parent
    while outer is not None and around <= _MAX_BINDINGS_AROUND:
        around += outer.type == "binding"
        outer = outer.parent
    return "attribute" if around <= _MAX_BINDINGS_AROUND else None


LANGUAGE = Language(
    name="nix",
    grammar="nix",
    extensions=(".nix",),
    rules={"binding": Rule(_kind, _name, _scope, container=True, body="expression", local=False)},
    descend=frozenset(
        {
            "apply_expression",
            "assert_expression",
            "attrset_expression",
            "binding",
            "binding_set",
            "function_expression",
            "let_expression",
            "list_expression",
            "parenthesized_expression",
            "rec_attrset_expression",
            "with_expression",
        }
    ),
    comments=frozenset({"comment"}),
)
