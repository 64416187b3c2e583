"""Python: functions, classes, and the names that a module or class assigns."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, text_of


def _assigned_name(node: Node) -> str | None:
    """Name of `NAME = value` and `name: type = value`; targets that are no plain name define nothing."""
    left = node.child_by_field_name("left")
    return text_of(left) if left is not None and left.type == "identifier" else None


def _assigned_kind(node: Node) -> str | None:
    name = _assigned_name(node)
    if name is None:
        return None
    right = node.child_by_field_name("right")
    if right is not None and right.type == "lambda":
        return "function"
    return "constant" if name.upper() == name and name.strip("_") else "variable"


def _alias_name(node: Node) -> str | None:
    """Name `type Pairs[T] = ...` without its parameters."""
    current = node.child_by_field_name("left")
    while current is not None and current.type != "identifier":
        current = current.named_child(0)
    return text_of(current) if current is not None else None


LANGUAGE = Language(
    name="python",
    grammar="python",
    extensions=(".py", ".pyi", ".pyw"),
    filenames=("sconstruct", "sconscript", "wscript"),
    interpreters=("python", "pypy", "ipython", "pythonw"),
    rules={
        "function_definition": Rule("function"),
        "class_definition": Rule("class", container=True),
        "assignment": Rule(_assigned_kind, _assigned_name, body=None, local=False, minor=True),
        "type_alias_statement": Rule("type", _alias_name, body="right"),
    },
    descend=frozenset(
        {
            "expression_statement",
            "if_statement",
            "elif_clause",
            "else_clause",
            "try_statement",
            "except_clause",
            "finally_clause",
            "with_statement",
            "block",
        }
    ),
    wrappers=frozenset({"decorated_definition"}),
    comments=frozenset({"comment"}),
)
