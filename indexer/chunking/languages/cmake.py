"""CMake: functions, macros, targets and options."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child, text_of
from indexer.chunking.languages.surroundings import child_body, child_of_type, first_named, no_body

_TARGET = re.compile(
    r"(?:\w+_)?add_(?:library|executable|module|plugin|custom_target|qml_module)|externalproject_add|fetchcontent_declare"
)


def _first_argument(node: Node | None) -> str | None:
    """Return the first argument, None where a variable stands for it."""
    listed = child_of_type(node, "argument_list") if node is not None else None
    first = first_named(listed)
    text = text_of(first).strip('"') if first is not None else ""
    return text if text and "$" not in text else None


def _defined_name(node: Node) -> str | None:
    return _first_argument(child_of_type(node, "function_command", "macro_command"))


def _command_kind(node: Node) -> str | None:
    command = (by_child("identifier")(node) or "").lower()
    if command in ("option", "cmake_dependent_option"):
        return "option"
    return "target" if _TARGET.fullmatch(command) else None


LANGUAGE = Language(
    name="cmake",
    grammar="cmake",
    extensions=(".cmake",),
    filenames=("cmakelists.txt",),
    rules={
        "function_def": Rule("function", _defined_name, body=child_body("body")),
        "macro_def": Rule("macro", _defined_name, body=child_body("body")),
        "normal_command": Rule(_command_kind, _first_argument, body=no_body, local=False),
    },
    descend=frozenset({"if_condition", "foreach_loop", "while_loop", "block_def", "body"}),
    comments=frozenset({"line_comment", "bracket_comment"}),
)
