"""Go: methods are qualified by their receiver, and one declaration may name several things."""

from __future__ import annotations

from collections.abc import Sequence

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, bare_type, child_text, text_of


def _receiver(node: Node) -> str | None:
    """`func (c *Client[T]) Retry` -> Client."""
    receiver = node.child_by_field_name("receiver")
    if receiver is None:
        return None
    parameter = next((child for child in receiver.named_children if child.type == "parameter_declaration"), None)
    kind = child_text(parameter, "type") if parameter is not None else None
    return bare_type(kind.lstrip("*( ").split("[")[0].rstrip(") ")) if kind else None


def _type_kind(node: Node) -> str:
    kind = node.child_by_field_name("type")
    return {"struct_type": "struct", "interface_type": "interface"}.get(kind.type if kind is not None else "", "type")


def _named_type_kind(node: Node) -> str | None:
    """Structs and interfaces count inside functions too; other types do not (see DATA_KINDS)."""
    return _type_kind(node)


def _other_names(node: Node) -> Sequence[str]:
    return [text_of(child) for child in node.children_by_field_name("name") if child.is_named][1:]


LANGUAGE = Language(
    name="go",
    grammar="go",
    extensions=(".go",),
    interpreters=("go", "gorun"),
    rules={
        "function_declaration": Rule("function"),
        "method_declaration": Rule("method", scope=_receiver),
        "type_spec": Rule(_named_type_kind, container=True, body="type"),
        "type_alias": Rule("type", body="type"),
        "method_elem": Rule("method", local=False),
        "method_spec": Rule("method", local=False),
        "const_spec": Rule("constant", body=None, also=_other_names),
        "var_spec": Rule("variable", body="value", also=_other_names),
    },
    descend=frozenset({"var_spec_list"}),
    wrappers=frozenset({"type_declaration", "const_declaration", "var_declaration"}),
    comments=frozenset({"comment"}),
)
