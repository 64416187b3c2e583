"""Haskell: equations under their signatures; both halves of an #if are read."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.directives import blank_lines
from indexer.chunking.languages.rules import Language, Rule, by_field, text_of
from indexer.chunking.languages.surroundings import child_of_type, kind_by_parent, one_line

_DIRECTIVES = re.compile(
    rb"^#[ \t]*(?:if|ifdef|ifndef|elif|else|endif|define|undef|include|error|warning)\b[^\r\n]*", re.MULTILINE
)

_FUNCTIONS = frozenset({"function", "bind", "signature", "pattern_synonym", "foreign_import"})
_BODIES = ("class_declarations", "instance_declarations")
_ARROWS = ("function", "forall", "context", "linear_function")


def _name(node: Node) -> str | None:
    """Name an equation by its variable or operator, a synonym or import by its signature."""
    name = node.child_by_field_name("name") or node.child_by_field_name("synonym")
    if name is not None:
        return text_of(name).strip("() ").split(" ")[0]
    infix = child_of_type(node, "infix")
    if infix is not None:
        operator = infix.child_by_field_name("operator")
        return text_of(operator).strip("`") if operator is not None else None
    inner = child_of_type(node, "signature", "equation")
    return _name(inner) if inner is not None else None


def _binding_kind(node: Node) -> str | None:
    """A binding without arguments is a constant unless the signature above it has an arrow."""
    parent = node.parent
    if parent is None or parent.type == "local_binds":
        return "function" if node.type == "function" else None
    if parent.type in _BODIES:
        return "method"
    signature = node.prev_named_sibling
    if node.type == "function" or signature is None or signature.type != "signature":
        return "function"
    written = signature.child_by_field_name("type")
    return "function" if written is None or written.type in _ARROWS else "constant"


def _instance_name(node: Node) -> str | None:
    """Name an instance by class and type: `Shape Client`."""
    name = node.child_by_field_name("name")
    patterns = node.child_by_field_name("patterns")
    if name is None:
        return None
    return f"{text_of(name)} {one_line(patterns)}" if patterns is not None else text_of(name)


def _fields(node: Node) -> list[str]:
    return [text_of(name) for name in node.children_by_field_name("name")]


def _attached(node: Node) -> bool:
    """Signatures and pragmas belong to the equation below, but in a class a signature is the definition itself."""
    if node.type == "signature":
        return node.parent is None or node.parent.type != "class_declarations"
    return node.type == "pragma" and "LANGUAGE" not in text_of(node)


def _continues_equation(previous: Node, node: Node) -> bool:
    if previous.type not in _FUNCTIONS or node.type not in _FUNCTIONS:
        return False
    name = _name(node)
    return name is not None and name == _name(previous)


_binding = Rule(_binding_kind, _name, body="match")
_data = Rule("type", body="constructors", container=True)

LANGUAGE = Language(
    name="haskell",
    grammar="haskell",
    extensions=(".hs", ".hs-boot", ".hsc"),
    interpreters=("runghc", "runhaskell", "stack", "cabal"),
    rules={
        "header": Rule("module", by_field("module"), body="exports", minor=True),
        "data_type": _data,
        "newtype": Rule("type", body="constructor", container=True),
        "type_synomym": Rule("type", body="type"),
        "type_family": Rule("type", body="closed_family"),
        "data_family": Rule("type"),
        "type_instance": Rule("type", _instance_name),
        "data_instance": Rule("type", _instance_name, body="constructors"),
        "field": Rule("field", also=_fields, local=False, minor=True),
        "class": Rule("class", container=True, body="declarations"),
        "instance": Rule("instance", _instance_name, container=True, body="declarations"),
        "signature": Rule(kind_by_parent(("class_declarations",), "method", None), _name, local=False),
        "function": _binding,
        "bind": _binding,
        "pattern_synonym": Rule("pattern", _name),
        "foreign_import": Rule("function", _name),
    },
    descend=frozenset(
        {"declarations", "class_declarations", "instance_declarations", "record", "fields"}
        | {"data_constructor", "newtype_constructor", "gadt_constructor"}
    ),
    comments=frozenset({"comment", "haddock"}),
    is_attached=_attached,
    continues=_continues_equation,
    # The grammar reads a whole #else branch as one directive.
    repair=blank_lines(_DIRECTIVES),
    repairs_always=True,
)
