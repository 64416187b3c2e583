"""Kotlin: extensions are qualified by the type they extend, accessors belong to their property."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_child, text_of
from indexer.chunking.languages.surroundings import (
    child_body,
    child_of_type,
    constant_name,
    keyword_kind,
    kind_by_parent,
)

_HEAD_BYTES = 300
_TASK = re.compile(
    r"(?:project\.)?tasks\s*\.\s*(?:register|named|create|maybeCreate|replace)\s*(?:<[^>\n]*>)?\s*\(\s*\"([\w:.-]+)\""
    r"|(?:project\.)?task\s*(?:<[^>\n]*>)?\s*\(\s*\"([\w:.-]+)\""
)
_MEMBER_OF = ("class_body", "enum_class_body")
_ACCESSORS = ("getter", "setter")


def _receiver(node: Node) -> str | None:
    """Qualify a top-level extension by the type it extends: `String.words`."""
    receiver = node.child_by_field_name("receiver")
    if receiver is None or (node.parent is not None and node.parent.type in _MEMBER_OF):
        return None
    return text_of(receiver).split("<")[0].strip("()? ") or None


def _property_name(node: Node) -> str | None:
    variable = child_of_type(node, "variable_declaration")
    return by_child("simple_identifier")(variable) if variable is not None else None


def _property_kind(node: Node) -> str | None:
    parent = node.parent
    if parent is None or parent.type == "statements":
        return None
    is_constant = "const" in text_of(node).split("val", 1)[0].split()
    if parent.type in _MEMBER_OF:
        return "constant" if is_constant else "property"
    if node.child_by_field_name("receiver") is not None:
        return "property"
    binding = child_of_type(node, "binding_pattern_kind")
    return "variable" if binding is not None and text_of(binding) == "var" else "constant"


def _owner(node: Node) -> Node | None:
    """Return the property that a getter or setter stands behind: the grammar makes them siblings."""
    owner = node.prev_named_sibling
    while owner is not None and owner.type in (*_ACCESSORS, "multiline_comment", "line_comment"):
        owner = owner.prev_named_sibling
    return owner if owner is not None and owner.type == "property_declaration" else None


def _is_accessor(node: Node) -> bool:
    """At the top of a file the grammar may read `get() = ...` as an assignment."""
    return node.type in _ACCESSORS or text_of(node)[:16].replace(" ", "").startswith(("get()=", "set("))


def _accessor_name(node: Node) -> str | None:
    owner = _owner(node) if _is_accessor(node) else None
    return _property_name(owner) if owner is not None else None


def _accessor_scope(node: Node) -> str | None:
    owner = _owner(node)
    return _receiver(owner) if owner is not None else None


def _task_name(node: Node) -> str | None:
    """Name the task that a Gradle script makes or configures: `tasks.register<Zip>("zipManual") {`."""
    found = _TASK.match((node.text or b"")[:_HEAD_BYTES].decode("utf-8", "replace"))
    return found[1] or found[2] if found is not None else None


_type = Rule(
    keyword_kind({"interface": "interface", "enum": "enum"}, "class"),
    by_child("type_identifier"),
    container=True,
    body=child_body("class_body", "enum_class_body"),
)
_accessor = Rule("property", _accessor_name, _accessor_scope, local=False, minor=True)

LANGUAGE = Language(
    name="kotlin",
    grammar="kotlin",
    extensions=(".kt", ".kts"),
    interpreters=("kotlin", "kscript"),
    rules={
        "class_declaration": _type,
        "object_declaration": Rule(
            "object", by_child("type_identifier"), container=True, body=child_body("class_body")
        ),
        # Members of an unnamed companion are called as members of the class: only a named one qualifies.
        "companion_object": Rule("object", by_child("type_identifier"), container=True, body=child_body("class_body")),
        "function_declaration": Rule(
            kind_by_parent(_MEMBER_OF, "method", "function"),
            by_child("simple_identifier"),
            _receiver,
            body=child_body("function_body"),
        ),
        "secondary_constructor": Rule("constructor", constant_name("constructor"), body=child_body("statements")),
        "property_declaration": Rule(_property_kind, _property_name, _receiver, minor=True),
        "getter": _accessor,
        "setter": _accessor,
        "assignment": _accessor,
        "call_expression": Rule("task", _task_name, body=child_body("call_suffix"), local=False),
        "type_alias": Rule("type", by_child("type_identifier"), minor=True),
    },
    descend=frozenset({"companion_object", "class_body", "enum_class_body", "enum_entry", "statements"}),
    comments=frozenset({"line_comment", "multiline_comment"}),
    continues=lambda previous, node: _accessor_name(node) is not None,
)
