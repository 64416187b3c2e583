"""Rust: items, and the methods of an `impl` block under its type."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, bare_type, child_text


def _impl_type(node: Node) -> str | None:
    """`impl<T> Trait for x::Client<T>` -> Client."""
    return bare_type(child_text(node, "type"))


LANGUAGE = Language(
    name="rust",
    grammar="rust",
    extensions=(".rs",),
    interpreters=("rust-script", "cargo"),
    rules={
        "function_item": Rule("function"),
        "function_signature_item": Rule("function"),
        "struct_item": Rule("struct"),
        "union_item": Rule("union"),
        "enum_item": Rule("enum"),
        "trait_item": Rule("trait", container=True),
        "impl_item": Rule("impl", _impl_type, container=True, transparent=True),
        "mod_item": Rule(
            lambda node: "module" if node.child_by_field_name("body") is not None else None,
            container=True,
            transparent=True,
        ),
        "const_item": Rule("constant", body="value", minor=True),
        "static_item": Rule("variable", body="value", minor=True),
        "type_item": Rule("type", body="type", minor=True),
        "associated_type": Rule("type", body=None, minor=True),
        "macro_definition": Rule("macro", body=None),
    },
    descend=frozenset({"foreign_mod_item", "declaration_list", "expression_statement"}),
    comments=frozenset({"line_comment", "block_comment"}),
    attached=frozenset({"attribute_item"}),
)
