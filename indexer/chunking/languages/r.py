"""R: assigning a function defines it; classes and methods are calls."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, text_of
from indexer.chunking.languages.surroundings import ancestor_of_type, is_upper_case

_ASSIGNMENTS = frozenset({"<-", "<<-", "="})
_CLASSES = frozenset({"R6Class", "R6::R6Class", "setRefClass", "setClass", "ggproto", "new_class", "S7::new_class"})
_CALLS = {
    "setClass": "class",
    "setRefClass": "class",
    "setGeneric": "function",
    "setMethod": "method",
    "setReplaceMethod": "method",
    "setValidity": "method",
    "test_that": "test",
    "describe": "test",
    "it": "test",
}


def _function(node: Node) -> str:
    """Return the name of what a call calls."""
    function = node.child_by_field_name("function")
    return text_of(function) if function is not None else ""


def _sides(node: Node) -> tuple[Node | None, Node | None]:
    """Return target and value of an assignment, whichever way its arrow points."""
    left, right = node.child_by_field_name("lhs"), node.child_by_field_name("rhs")
    operator = node.child_by_field_name("operator")
    arrow = text_of(operator) if operator is not None else ""
    if arrow in _ASSIGNMENTS:
        return left, right
    return (right, left) if arrow in ("->", "->>") else (None, None)


def _assignment_kind(node: Node) -> str | None:
    """Functions and classes anywhere; at the top of a file names in capitals and literals."""
    target, value = _sides(node)
    if target is None or value is None or target.type not in ("identifier", "string", "extract_operator"):
        return None
    if value.type == "function_definition":
        return "function"
    if value.type == "call" and _function(value) in _CLASSES:
        return "class"
    if node.parent is None or node.parent.type != "program":
        return None
    is_literal = value.type in ("string", "float", "integer", "true", "false")
    return "constant" if is_upper_case(text_of(target)) or is_literal else None


def _assignment_path(node: Node) -> list[str]:
    target, _ = _sides(node)
    if target is None:
        return []
    return re.split(r"[$@]", text_of(target)) if target.type == "extract_operator" else [text_of(target)]


def _name(node: Node) -> str | None:
    path = _assignment_path(node)
    return path[-1].strip("`\"'") if path else None


def _scope(node: Node) -> str | None:
    return ".".join(_assignment_path(node)[:-1]) or None


def _argument(call: Node, index: int) -> str | None:
    """Return the string that a call has at this place of its arguments."""
    arguments = call.child_by_field_name("arguments")
    given = [child for child in arguments.named_children if child.type == "argument"] if arguments is not None else []
    value = given[index].child_by_field_name("value") if len(given) > index else None
    return text_of(value).strip("\"'") if value is not None and value.type == "string" else None


def _call_kind(node: Node) -> str | None:
    kind = _CALLS.get(_function(node))
    # `Person <- setRefClass("Person", ...)` is named by the assignment.
    return None if node.parent is not None and node.parent.type == "binary_operator" else kind


def _call_scope(node: Node) -> str | None:
    """Qualify a method by the class that it is for: `setMethod("send", "Client", ...)`."""
    return _argument(node, 1) if _function(node) in ("setMethod", "setReplaceMethod") else None


def _member_kind(node: Node) -> str | None:
    """`push = function(x) ...` in the list of members of a class."""
    value = node.child_by_field_name("value")
    if value is None or value.type != "function_definition" or node.child_by_field_name("name") is None:
        return None
    members = ancestor_of_type(node, "call")
    owner = ancestor_of_type(members, "call") if members is not None else None
    is_member = owner is not None and _function(owner) in _CLASSES
    return "method" if is_member or (members is not None and _function(members) in _CLASSES) else None


LANGUAGE = Language(
    name="r",
    grammar="r",
    extensions=(".r",),
    filenames=(".rprofile",),
    interpreters=("Rscript", "rscript", "r"),
    rules={
        "binary_operator": Rule(_assignment_kind, _name, _scope, body="rhs.body"),
        "call": Rule(_call_kind, lambda node: _argument(node, 0), _call_scope, body="arguments"),
        "argument": Rule(_member_kind, body="value.body"),
    },
    descend=frozenset({"call", "arguments", "argument", "braced_expression", "if_statement"}),
    comments=frozenset({"comment"}),
)
