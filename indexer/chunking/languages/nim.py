"""Nim: routines of every sort, types, and the constants of a file."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child, by_field


def _name(node: Node) -> str | None:
    name = by_field("name")(node) or by_child("type_symbol_declaration", "symbol_declaration_list")(node)
    return name.split(",")[0].split("[")[0].strip("*` ") if name else None


def _variable_kind(node: Node) -> str | None:
    """Constants of a file; variables and locals define nothing."""
    section = node.parent
    is_outer = section is not None and section.parent is not None and section.parent.type == "source_file"
    return "constant" if is_outer and section is not None and section.type == "const_section" else None


_function = Rule("function", _name)

LANGUAGE = Language(
    name="nim",
    grammar="nim",
    extensions=(".nim", ".nims"),
    interpreters=("nim", "nimcr"),
    rules={
        "proc_declaration": _function,
        "func_declaration": _function,
        "iterator_declaration": _function,
        "converter_declaration": _function,
        "method_declaration": Rule("method", _name),
        "template_declaration": Rule("macro", _name),
        "macro_declaration": Rule("macro", _name),
        "type_declaration": Rule("type", _name),
        "variable_declaration": Rule(_variable_kind, _name, minor=True),
    },
    descend=frozenset({"type_section", "const_section", "when", "statement_list"}),
    comments=frozenset({"comment", "block_comment", "documentation_comment", "block_documentation_comment"}),
)
