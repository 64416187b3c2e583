"""Julia: functions in their long and short form, types, macros and test sets."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, text_of
from indexer.chunking.languages.surroundings import ancestor_of_type, child_of_type, first_named, is_upper_case

_SCOPES = ("source_file", "module_definition", "block")
_TYPE_NAME = re.compile(r"[\w!.]+")
_FUNCTOR = re.compile(r"::\s*(?:Type\{)?([\w.]+)")
_TESTS = frozenset({"@testset", "@testitem"})


def _callee(node: Node | None) -> Node | None:
    """Follow `f(x)::T where T` to the node that names the function."""
    while node is not None and node.type in ("where_expression", "typed_expression", "call_expression", "signature"):
        node = first_named(node)
    return node


def _path(node: Node) -> list[str]:
    """Split `Base.show` into its parts; a callable object `(c::Client)(x)` is named by its type."""
    head = child_of_type(node, "signature") if node.type != "assignment" else first_named(node)
    callee = _callee(head)
    if callee is None:
        return []
    if callee.type in ("parenthesized_expression", "argument_list"):
        found = _FUNCTOR.search(text_of(callee))
        return [found.group(1)] if found else []
    if callee.type == "parametrized_type_expression":
        callee = first_named(callee) or callee
    if callee.type == "field_expression":
        return [part.strip(":()") for part in text_of(callee).split(".")]
    return [text_of(callee)] if callee.type in ("identifier", "operator", "macro_identifier") else []


def _name(node: Node) -> str | None:
    path = _path(node)
    return path[-1] if path else None


def _scope(node: Node) -> str | None:
    return ".".join(_path(node)[:-1]) or None


def _callable_kind(node: Node) -> str:
    owner = ancestor_of_type(node, "struct_definition", "module_definition", "function_definition")
    return "constructor" if owner is not None and owner.type == "struct_definition" else "function"


def _assignment_kind(node: Node) -> str | None:
    """`area(s) = ...` defines a function, `g = x -> x` too, and a name in capitals a constant of its module."""
    left = first_named(node)
    right = node.named_children[-1] if node.named_child_count > 1 else None
    if left is None or right is None:
        return None
    callee = left
    while callee.type in ("where_expression", "typed_expression"):
        inner = first_named(callee)
        if inner is None:
            return None
        callee = inner
    if callee.type == "call_expression":
        return _callable_kind(node)
    is_outer = ancestor_of_type(node, "function_definition", "struct_definition", "do_clause", "let_statement") is None
    if left.type != "identifier" or not is_outer or node.parent is None or node.parent.type not in _SCOPES:
        return None
    if right.type in ("arrow_function_expression", "function_expression"):
        return "function"
    return "constant" if is_upper_case(text_of(left)) else None


def _constant_name(node: Node) -> str | None:
    assignment = child_of_type(node, "assignment")
    return _type_head(first_named(assignment))


def _type_head(node: Node | None) -> str | None:
    found = _TYPE_NAME.match(text_of(node)) if node is not None else None
    return found.group() if found else None


def _type_name(node: Node) -> str | None:
    """Name `Session{T} <: Base` without parameters and supertype."""
    return _type_head(child_of_type(node, "type_head"))


def _macro_call_kind(node: Node) -> str | None:
    macro = first_named(node)
    name = text_of(macro) if macro is not None else ""
    if name in _TESTS:
        return "test"
    return "enum" if name == "@enum" else None


def _macro_call_name(node: Node) -> str | None:
    arguments = child_of_type(node, "macro_argument_list")
    first = first_named(arguments)
    if first is None or first.type in ("compound_statement", "for_statement"):
        return None
    return text_of(first).split("::")[0].strip('"')


LANGUAGE = Language(
    name="julia",
    grammar="julia",
    extensions=(".jl",),
    interpreters=("julia",),
    rules={
        "module_definition": Rule("module", container=True, body=None),
        "struct_definition": Rule("struct", _type_name, container=True, body=None),
        "abstract_definition": Rule("type", _type_name, minor=True),
        "primitive_definition": Rule("type", _type_name, minor=True),
        "function_definition": Rule(_callable_kind, _name, _scope, body=None),
        "macro_definition": Rule("macro", _name, body=None),
        "assignment": Rule(_assignment_kind, _name, _scope),
        "const_statement": Rule("constant", _constant_name, local=False, minor=True),
        "macrocall_expression": Rule(_macro_call_kind, _macro_call_name),
    },
    descend=frozenset(
        {"block", "if_statement", "elseif_clause", "else_clause", "compound_statement", "macro_argument_list"}
    ),
    wrappers=frozenset({"macrocall_expression"}),
    comments=frozenset({"line_comment", "block_comment"}),
    attached=frozenset({"string_literal"}),
)
