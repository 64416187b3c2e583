"""Luau: Lua with types."""

from __future__ import annotations

from dataclasses import replace

from tree_sitter import Node

from indexer.chunking.languages import lua
from indexer.chunking.languages.rules import Rule, child_text
from indexer.chunking.languages.surroundings import no_body


def _type_name(node: Node) -> str | None:
    name = child_text(node, "name")
    return name.split("<")[0].strip() if name else None


LANGUAGE = replace(
    lua.LANGUAGE,
    name="luau",
    grammar="luau",
    extensions=(".luau",),
    filenames=(),
    interpreters=("luau", "lune"),
    rules={**lua.LANGUAGE.rules, "type_definition": Rule("type", _type_name, body=no_body)},
)
