"""Pascal and Delphi: routines, types with their members, and constants."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language, Rule, by_field, child_text
from indexer.chunking.languages.surroundings import child_of_type, has_token, no_body

_TYPE_KINDS = {"declIntf": "interface", "declEnum": "enum", "declHelper": "class"}


def _path(node: Node) -> list[str]:
    """Split `TList<T>.Add` at its dots, without type parameters."""
    header = node.child_by_field_name("header") or node
    name = child_text(header, "name") or ""
    plain, depth = "", 0
    for letter in name:
        depth += letter == "<"
        if depth == 0:
            plain += letter
        depth -= letter == ">"
    return [part.strip() for part in plain.split(".") if part.strip()]


def _name(node: Node) -> str | None:
    path = _path(node)
    return path[-1] if path else None


def _scope(node: Node) -> str | None:
    return ".".join(_path(node)[:-1]) or None


def _routine_kind(node: Node) -> str:
    header = node.child_by_field_name("header") or node
    if child_of_type(header, "kConstructor", "kDestructor") is not None:
        return "constructor"
    return "method" if len(_path(node)) > 1 else "function"


def _declared_kind(node: Node) -> str:
    """A routine without a body is a class's member, or what the interface part promises."""
    parent = node.parent
    return "method" if parent is not None and parent.type in ("declSection", "declClass", "declIntf") else "prototype"


def _type_kind(node: Node) -> str:
    kind = node.child_by_field_name("type")
    if kind is None:
        return "type"
    if kind.type == "declClass":
        return "class" if has_token(kind, "kClass", "kObject", "kObjcclass") else "struct"
    inner = kind.named_children[0].type if kind.type == "type" and kind.named_child_count else kind.type
    return _TYPE_KINDS.get(inner, "type")


def _type_name(node: Node) -> str | None:
    name = child_text(node, "name")
    return name.split("<")[0].strip() if name else None


LANGUAGE = Language(
    name="pascal",
    grammar="pascal",
    extensions=(".pas", ".dpr", ".dpk", ".lpr", ".pp"),
    interpreters=("instantfpc",),
    rules={
        "defProc": Rule(_routine_kind, _name, _scope),
        "declProc": Rule(_declared_kind, _name, local=False, minor=True),
        "declType": Rule(_type_kind, _type_name, container=True, body="type"),
        "declProp": Rule("property", by_field("name"), body=no_body, local=False, minor=True),
        "declConst": Rule("constant", by_field("name"), body=no_body, local=False, minor=True),
    },
    descend=frozenset(
        {
            "unit",
            "program",
            "library",
            "interface",
            "implementation",
            "declTypes",
            "declConsts",
            "declSection",
            "declClass",
        }
    ),
    comments=frozenset({"comment"}),
    attached=frozenset({"rttiAttributes"}),
)
