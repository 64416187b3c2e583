"""Starlark: functions and values, and the targets that BUILD files declare."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, text_of
from indexer.chunking.languages.surroundings import no_body


def _target_name(node: Node) -> str | None:
    """Name `cc_library(name = "shop", ...)` by what it gives as its name."""
    arguments = node.child_by_field_name("arguments")
    for argument in arguments.named_children if arguments is not None else ():
        key, value = argument.child_by_field_name("name"), argument.child_by_field_name("value")
        if key is not None and value is not None and key.text == b"name" and value.type == "string":
            return text_of(value).strip("\"'")
    return None


def _assigned_name(node: Node) -> str | None:
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


LANGUAGE = Language(
    name="starlark",
    grammar="starlark",
    extensions=(".bzl", ".star", ".bazel", ".sky"),
    filenames=("build", "workspace", "targets", "buck", "tiltfile", "workspace.bzlmod"),
    rules={
        "function_definition": Rule("function"),
        "assignment": Rule(_assigned_kind, _assigned_name, body=no_body, local=False, minor=True),
        "call": Rule("target", _target_name, body=no_body, local=False),
    },
    descend=frozenset({"expression_statement", "if_statement", "else_clause", "for_statement", "block"}),
    comments=frozenset({"comment"}),
)
