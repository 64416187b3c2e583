"""GLSL: C with interface blocks; words of precision that the grammar does not expect are blanked out."""

from __future__ import annotations

import re

from tree_sitter import Node

from indexer.chunking.languages.c_family import C_FAMILY_DESCEND, C_FAMILY_RULES
from indexer.chunking.languages.rules import Language, Rule, by_child
from indexer.chunking.languages.surroundings import child_body, child_of_type

_PRECISION = re.compile(rb"\b(?:highp|mediump|lowp)\b(?=[ \t]+\w)")
_plain = C_FAMILY_RULES["declaration"]


def _is_block(node: Node) -> bool:
    return child_of_type(node, "field_declaration_list") is not None


def _kind(node: Node) -> str | None:
    if _is_block(node):
        return "struct"
    return _plain.kind(node) if callable(_plain.kind) else _plain.kind


def _name(node: Node) -> str | None:
    return by_child("identifier")(node) if _is_block(node) else _plain.name(node)


def _repair(source: bytes) -> bytes | None:
    return _PRECISION.sub(lambda found: b" " * len(found[0]), source)


LANGUAGE = Language(
    name="glsl",
    grammar="glsl",
    extensions=tuple(
        ".glsl .vert .frag .geom .tesc .tese .comp .vsh .fsh .gsh .vshader .fshader .glslv .glslf .rgen .rchit .rmiss"
        " .rahit .mesh .task".split()
    ),
    rules={
        **C_FAMILY_RULES,
        "declaration": Rule(_kind, _name, body=child_body("field_declaration_list"), local=False),
    },
    descend=C_FAMILY_DESCEND,
    comments=frozenset({"comment"}),
    repair=_repair,
)
