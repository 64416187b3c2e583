"""Lua: functions however they are assigned, and the constants at the top of a file."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, text_of
from indexer.chunking.languages.surroundings import child_of_type, first_named, is_upper_case


def _path(node: Node | None) -> list[str]:
    """Split `Client.deep.nested` and `Client:send` at their separators; nothing for computed targets."""
    if node is None or node.type not in ("identifier", "dot_index_expression", "method_index_expression"):
        return []
    text = text_of(node).replace(":", ".")
    return text.split(".") if "(" not in text and "[" not in text else []


def _target(node: Node) -> Node | None:
    """Return what a function declaration names or an assignment of one value sets."""
    if node.type == "function_declaration":
        return node.child_by_field_name("name")
    targets = child_of_type(node, "variable_list")
    return first_named(targets) if targets is not None and targets.named_child_count == 1 else None


def _value(node: Node) -> Node | None:
    return first_named(child_of_type(node, "expression_list"))


def _name(node: Node) -> str | None:
    path = _path(_target(node))
    return path[-1] if path else None


def _scope(node: Node) -> str | None:
    return ".".join(_path(_target(node))[:-1]) or None


def _wraps_function(value: Node) -> bool:
    """`H.update = vim.schedule_wrap(function() ... end)` and `f = f or function() ... end` define functions too."""
    if value.type == "binary_expression":
        return child_of_type(value, "function_definition") is not None
    arguments = value.child_by_field_name("arguments") if value.type == "function_call" else None
    return arguments is not None and child_of_type(arguments, "function_definition") is not None


def _assignment_kind(node: Node) -> str | None:
    """Functions anywhere; at the top of a file names in capitals and tables longer than a line."""
    value = _value(node)
    if value is None:
        return None
    if value.type == "function_definition" or _wraps_function(value):
        return "function"
    owner = node.parent
    if owner is not None and owner.type == "variable_declaration":
        owner = owner.parent
    if owner is None or owner.type != "chunk":
        return None
    is_table = value.type == "table_constructor" and value.start_point[0] != value.end_point[0]
    return "constant" if is_table or is_upper_case(_name(node) or "") else None


def _field_kind(node: Node) -> str | None:
    value = node.child_by_field_name("value")
    return "function" if value is not None and value.type == "function_definition" else None


def _field_name(node: Node) -> str | None:
    name = node.child_by_field_name("name")
    return text_of(name).strip("\"'") if name is not None and name.type in ("identifier", "string") else None


LANGUAGE = Language(
    name="lua",
    grammar="lua",
    extensions=(".lua", ".rockspec"),
    filenames=(".luacheckrc",),
    interpreters=("lua", "luajit", "texlua"),
    rules={
        "function_declaration": Rule("function", _name, _scope),
        "assignment_statement": Rule(_assignment_kind, _name, _scope),
        "field": Rule(_field_kind, _field_name, body="value.body"),
    },
    descend=frozenset(
        {"block", "do_statement", "if_statement", "else_statement", "elseif_statement", "return_statement"}
    ),
    wrappers=frozenset({"variable_declaration"}),
    comments=frozenset({"comment"}),
)
