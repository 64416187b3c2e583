"""Elixir: everything is a call, so `def`, `defmodule`, `test` and attributes are told by what they call."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, text_of
from indexer.chunking.languages.surroundings import child_of_type, first_named, one_line

_CALL_KINDS = {
    "defmodule": "module",
    "defprotocol": "protocol",
    "defimpl": "impl",
    "def": "function",
    "defp": "function",
    "defn": "function",
    "defnp": "function",
    "defdelegate": "function",
    "defmacro": "macro",
    "defmacrop": "macro",
    "defguard": "macro",
    "defguardp": "macro",
    "describe": "test",
    "test": "test",
    "property": "test",
}
_ATTRIBUTE_KINDS = {
    "type": "type",
    "typep": "type",
    "opaque": "type",
    "callback": "callback",
    "macrocallback": "callback",
}
# Attributes that say something about the definition below them.
_ANNOTATIONS = frozenset(
    {"doc", "typedoc", "spec", "impl", "deprecated", "since", "dialyzer", "tag", "decorate", "shortdoc", "optional"}
)
# Attributes that configure a module: neither a constant nor part of a definition.
_DIRECTIVES = frozenset(
    {
        "moduledoc",
        "behaviour",
        "moduletag",
        "describetag",
        "derive",
        "enforce_keys",
        "before_compile",
        "after_compile",
        "after_verify",
        "on_load",
        "on_definition",
        "external_resource",
        "compile",
        "optional_callbacks",
        "requirements",
        "recursive",
        "preferred_cli_env",
        "fallback_to_any",
        "protocol",
        "nifs",
    }
)
# Calls above a function component of Phoenix that declare its arguments.
_COMPONENT_CALLS = frozenset({"attr", "slot"})


def _target(node: Node) -> str:
    """Return the name that a call calls."""
    target = node.child_by_field_name("target")
    return text_of(target) if target is not None and target.type == "identifier" else ""


def _first_argument(node: Node) -> Node | None:
    return first_named(child_of_type(node, "arguments"))


def _head(node: Node | None) -> Node | None:
    """Return what a clause defines, without its guard and its result: `retry(a)` of `retry(a) when a > 0`."""
    while node is not None and node.type == "binary_operator":
        operator = node.child_by_field_name("operator")
        if operator is None or text_of(operator) not in ("when", "::"):
            return node
        node = node.child_by_field_name("left")
    return node


def _defined_name(node: Node | None) -> str | None:
    head = _head(node)
    if head is None:
        return None
    if head.type == "call":
        target = head.child_by_field_name("target")
        return text_of(target) if target is not None and target.type in ("identifier", "dot") else None
    if head.type in ("binary_operator", "unary_operator"):
        operator = head.child_by_field_name("operator")
        return text_of(operator) if operator is not None else None
    return text_of(head) if head.type in ("identifier", "alias", "atom") else None


def _call_kind(node: Node) -> str | None:
    return _CALL_KINDS.get(_target(node))


def _call_name(node: Node) -> str | None:
    target = _target(node)
    argument = _first_argument(node)
    if argument is None:
        return None
    if target in ("test", "describe", "property"):
        return text_of(argument).strip('"') if argument.type == "string" and _has_block(node) else None
    if target in ("defmodule", "defprotocol"):
        return text_of(argument) if argument.type in ("alias", "dot", "atom") else None
    if target == "defimpl":
        return _implementation_name(node, argument)
    return _defined_name(argument)


def _has_block(node: Node) -> bool:
    return child_of_type(node, "do_block") is not None or "do:" in text_of(node)


def _call_body(node: Node) -> Node | None:
    """Return the `do ... end` of a definition, or the `do: ...` of a short one."""
    arguments = child_of_type(node, "arguments")
    return child_of_type(node, "do_block") or (child_of_type(arguments, "keywords") if arguments is not None else None)


def _implementation_name(node: Node, protocol: Node) -> str:
    """Name a `defimpl Shape, for: Circle` like the module it makes: `Shape.Circle`."""
    arguments = child_of_type(node, "arguments")
    keywords = child_of_type(arguments, "keywords") if arguments is not None else None
    for pair in keywords.named_children if keywords is not None else ():
        if text_of(pair).startswith("for:"):
            return f"{text_of(protocol)}.{one_line(pair)[4:].strip()}"
    return text_of(protocol)


def _attribute(node: Node) -> Node | None:
    """Return the call behind the `@` of an attribute that is set."""
    operand = node.child_by_field_name("operand")
    is_attribute = operand is not None and operand.type == "call" and text_of(node).startswith("@")
    return operand if is_attribute else None


def _attribute_kind(node: Node) -> str | None:
    call = _attribute(node)
    if call is None or node.parent is None or node.parent.type != "do_block":
        return None
    name = _target(call)
    if name in _ANNOTATIONS or name in _DIRECTIVES:
        return None
    return _ATTRIBUTE_KINDS.get(name, "constant")


def _attribute_name(node: Node) -> str | None:
    call = _attribute(node)
    if call is None:
        return None
    name = _target(call)
    return _defined_name(_first_argument(call)) if name in _ATTRIBUTE_KINDS else name or None


def _is_annotation(node: Node) -> bool:
    if node.type == "unary_operator":
        call = _attribute(node)
        return call is not None and _target(call) in _ANNOTATIONS
    return node.type == "call" and _target(node) in _COMPONENT_CALLS


def _arity(node: Node) -> int:
    head = _head(_first_argument(node))
    arguments = child_of_type(head, "arguments") if head is not None and head.type == "call" else None
    return arguments.named_child_count if arguments is not None else 0


def _continues_clause(previous: Node, node: Node) -> bool:
    """Clauses of one function: same name, and the same arity unless the first is a bare head with defaults."""
    if previous.type != "call" or node.type != "call" or _target(previous) != _target(node):
        return False
    if _target(node) not in ("def", "defp", "defmacro", "defmacrop", "defn", "defnp"):
        return False
    name = _call_name(node)
    if name is None or name != _call_name(previous):
        return False
    return _arity(previous) == _arity(node) or not _has_block(previous)


LANGUAGE = Language(
    name="elixir",
    grammar="elixir",
    extensions=(".ex", ".exs"),
    interpreters=("elixir", "mix"),
    rules={
        "call": Rule(_call_kind, _call_name, container=True, body=_call_body),
        "unary_operator": Rule(_attribute_kind, _attribute_name, local=False, minor=True),
    },
    descend=frozenset({"call", "do_block", "else_block"}),
    comments=frozenset({"comment"}),
    is_attached=_is_annotation,
    continues=_continues_clause,
)
