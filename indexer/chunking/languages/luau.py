"""Luau: Lua with types."""

from __future__ import annotations

import re
from dataclasses import replace

from tree_sitter import Node

from indexer.chunking.languages import lua
from indexer.chunking.languages.rules import Rule, child_text
from indexer.chunking.languages.surroundings import no_body

# A function on types, which the grammar takes for a type that never ends.
_TYPE_FUNCTION = re.compile(rb"^([ \t]*)((?:export[ \t]+)?type)(?=[ \t]+function[ \t])", re.MULTILINE)


def _as_read(source: bytes) -> bytes:
    """Return Luau source with functions on types as plain functions; the same bytes and lines remain."""
    return _TYPE_FUNCTION.sub(lambda found: found[1] + b" " * len(found[2]), source)


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
    prepare=_as_read,
)
