"""R, where assigning a function defines it, and Julia."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, text_of
from indexer.chunking.languages.surroundings import ancestor_of_type, child_of_type, first_named, is_upper_case

# --- R --------------------------------------------------------------------------------------------------------------

_R_ASSIGNMENTS = frozenset({"<-", "<<-", "="})
_R_CLASSES = frozenset({"R6Class", "R6::R6Class", "setRefClass", "setClass", "ggproto", "new_class", "S7::new_class"})
_R_CALLS = {
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


def _r_function(node: Node) -> str:
    """Return the name of what a call calls."""
    function = node.child_by_field_name("function")
    return text_of(function) if function is not None else ""


def _r_sides(node: Node) -> tuple[Node | None, Node | None]:
    """Return target and value of an assignment, whichever way its arrow points."""
    left, right = node.child_by_field_name("lhs"), node.child_by_field_name("rhs")
    operator = node.child_by_field_name("operator")
    arrow = text_of(operator) if operator is not None else ""
    if arrow in _R_ASSIGNMENTS:
        return left, right
    return (right, left) if arrow in ("->", "->>") else (None, None)


def _r_assignment_kind(node: Node) -> str | None:
    """Functions and classes anywhere; at the top of a file names in capitals and literals."""
    target, value = _r_sides(node)
    if target is None or value is None or target.type not in ("identifier", "string", "extract_operator"):
        return None
    if value.type == "function_definition":
        return "function"
    if value.type == "call" and _r_function(value) in _R_CLASSES:
        return "class"
    if node.parent is None or node.parent.type != "program":
        return None
    is_literal = value.type in ("string", "float", "integer", "true", "false")
    return "constant" if is_upper_case(text_of(target)) or is_literal else None


def _r_assignment_path(node: Node) -> list[str]:
    target, _ = _r_sides(node)
    if target is None:
        return []
    return re.split(r"[$@]", text_of(target)) if target.type == "extract_operator" else [text_of(target)]


def _r_name(node: Node) -> str | None:
    path = _r_assignment_path(node)
    return path[-1].strip("`\"'") if path else None


def _r_scope(node: Node) -> str | None:
    return ".".join(_r_assignment_path(node)[:-1]) or None


def _r_argument(call: Node, index: int) -> str | None:
    """Return the string that a call has at this place of its arguments."""
    arguments = call.child_by_field_name("arguments")
    given = [child for child in arguments.named_children if child.type == "argument"] if arguments is not None else []
    value = given[index].child_by_field_name("value") if len(given) > index else None
    return text_of(value).strip("\"'") if value is not None and value.type == "string" else None


def _r_call_kind(node: Node) -> str | None:
    kind = _R_CALLS.get(_r_function(node))
    # `Person <- setRefClass("Person", ...)` is named by the assignment.
    return None if node.parent is not None and node.parent.type == "binary_operator" else kind


def _r_call_scope(node: Node) -> str | None:
    """Qualify a method by the class that it is for: `setMethod("send", "Client", ...)`."""
    return _r_argument(node, 1) if _r_function(node) in ("setMethod", "setReplaceMethod") else None


def _r_member_kind(node: Node) -> str | None:
    """`push = function(x) ...` in the list of members of a class."""
    value = node.child_by_field_name("value")
    if value is None or value.type != "function_definition" or node.child_by_field_name("name") is None:
        return None
    members = ancestor_of_type(node, "call")
    owner = ancestor_of_type(members, "call") if members is not None else None
    is_member = owner is not None and _r_function(owner) in _R_CLASSES
    return "method" if is_member or (members is not None and _r_function(members) in _R_CLASSES) else None


R = Language(
    name="r",
    grammar="r",
    extensions=(".r",),
    filenames=(".rprofile",),
    interpreters=("Rscript", "rscript", "r"),
    rules={
        "binary_operator": Rule(_r_assignment_kind, _r_name, _r_scope, body="rhs.body"),
        "call": Rule(_r_call_kind, lambda node: _r_argument(node, 0), _r_call_scope, body="arguments"),
        "argument": Rule(_r_member_kind, body="value.body"),
    },
    descend=frozenset({"call", "arguments", "argument", "braced_expression", "if_statement"}),
    comments=frozenset({"comment"}),
)

# --- Julia ----------------------------------------------------------------------------------------------------------

_JULIA_SCOPES = ("source_file", "module_definition", "block")
_JULIA_TYPE_NAME = re.compile(r"[\w!.]+")
_JULIA_FUNCTOR = re.compile(r"::\s*(?:Type\{)?([\w.]+)")
_JULIA_TESTS = frozenset({"@testset", "@testitem"})


def _julia_callee(node: Node | None) -> Node | None:
    """Follow `f(x)::T where T` to the node that names the function."""
    while node is not None and node.type in ("where_expression", "typed_expression", "call_expression", "signature"):
        node = first_named(node)
    return node


def _julia_path(node: Node) -> list[str]:
    """Split `Base.show` into its parts; a callable object `(c::Client)(x)` is named by its type."""
    head = child_of_type(node, "signature") if node.type != "assignment" else first_named(node)
    callee = _julia_callee(head)
    if callee is None:
        return []
    if callee.type in ("parenthesized_expression", "argument_list"):
        found = _JULIA_FUNCTOR.search(text_of(callee))
        return [found.group(1)] if found else []
    if callee.type == "parametrized_type_expression":
        callee = first_named(callee) or callee
    if callee.type == "field_expression":
        return [part.strip(":()") for part in text_of(callee).split(".")]
    return [text_of(callee)] if callee.type in ("identifier", "operator", "macro_identifier") else []


def _julia_name(node: Node) -> str | None:
    path = _julia_path(node)
    return path[-1] if path else None


def _julia_scope(node: Node) -> str | None:
    return ".".join(_julia_path(node)[:-1]) or None


def _julia_callable_kind(node: Node) -> str:
    owner = ancestor_of_type(node, "struct_definition", "module_definition", "function_definition")
    return "constructor" if owner is not None and owner.type == "struct_definition" else "function"


def _julia_assignment_kind(node: Node) -> str | None:
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
        return _julia_callable_kind(node)
    is_outer = ancestor_of_type(node, "function_definition", "struct_definition", "do_clause", "let_statement") is None
    if left.type != "identifier" or not is_outer or node.parent is None or node.parent.type not in _JULIA_SCOPES:
        return None
    if right.type in ("arrow_function_expression", "function_expression"):
        return "function"
    return "constant" if is_upper_case(text_of(left)) else None


def _julia_constant_name(node: Node) -> str | None:
    assignment = child_of_type(node, "assignment")
    return _julia_type_head(first_named(assignment))


def _julia_type_head(node: Node | None) -> str | None:
    found = _JULIA_TYPE_NAME.match(text_of(node)) if node is not None else None
    return found.group() if found else None


def _julia_type_name(node: Node) -> str | None:
    """Name `Session{T} <: Base` without parameters and supertype."""
    return _julia_type_head(child_of_type(node, "type_head"))


def _julia_macro_call_kind(node: Node) -> str | None:
    macro = first_named(node)
    name = text_of(macro) if macro is not None else ""
    if name in _JULIA_TESTS:
        return "test"
    return "enum" if name == "@enum" else None


def _julia_macro_call_name(node: Node) -> str | None:
    arguments = child_of_type(node, "macro_argument_list")
    first = first_named(arguments)
    if first is None or first.type in ("compound_statement", "for_statement"):
        return None
    return text_of(first).split("::")[0].strip('"')


JULIA = Language(
    name="julia",
    grammar="julia",
    extensions=(".jl",),
    interpreters=("julia",),
    rules={
        "module_definition": Rule("module", container=True, body=None),
        "struct_definition": Rule("struct", _julia_type_name, container=True, body=None),
        "abstract_definition": Rule("type", _julia_type_name, minor=True),
        "primitive_definition": Rule("type", _julia_type_name, minor=True),
        "function_definition": Rule(_julia_callable_kind, _julia_name, _julia_scope, body=None),
        "macro_definition": Rule("macro", _julia_name, body=None),
        "assignment": Rule(_julia_assignment_kind, _julia_name, _julia_scope),
        "const_statement": Rule("constant", _julia_constant_name, local=False, minor=True),
        "macrocall_expression": Rule(_julia_macro_call_kind, _julia_macro_call_name),
    },
    descend=frozenset(
        {"block", "if_statement", "elseif_clause", "else_clause", "compound_statement", "macro_argument_list"}
    ),
    wrappers=frozenset({"macrocall_expression"}),
    comments=frozenset({"line_comment", "block_comment"}),
    attached=frozenset({"string_literal"}),
)

LANGUAGES: tuple[Language, ...] = (R, JULIA)
