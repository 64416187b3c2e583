"""Finds the macros of Jinja and Twig templates: definitions that no grammar of ours reads, by their tags alone."""

from __future__ import annotations

import re

from indexer.chunking.definitions import Definition
from indexer.chunking.line_nodes import LineNode

_TAG = re.compile(r"\{#|\{%[-+~]?\s{0,20}(?:(macro)\s{1,20}(\w{1,200})|(raw|verbatim)\b|(endmacro)\b)")
_RAW_END = re.compile(r"\{%[-+~]?\s{0,20}end(?:raw|verbatim)\b")
_MAX_SIGNATURE_LENGTH = 300


def find_macros(text: str) -> list[Definition]:
    """Return the macros in order of their lines; one that never ends has the line of its head."""
    found: list[Definition] = []
    is_open = False
    position, row, counted = 0, 1, 0
    while (tag := _TAG.search(text, position)) is not None:
        position = tag.end()
        row += text.count("\n", counted, tag.start())
        counted = tag.start()
        if tag[0] == "{#" or tag[3]:
            end = text.find("#}", position) if tag[0] == "{#" else _end_of_raw(text, position)
            if end < 0:
                break
            position = end
        elif tag[1]:
            found.append(_macro(text, tag, row))
            is_open = True
        elif tag[4] and is_open:
            found[-1].end_line = row
            is_open = False
    return found


def _end_of_raw(text: str, position: int) -> int:
    closing = _RAW_END.search(text, position)
    return closing.end() if closing is not None else -1


def _macro(text: str, tag: re.Match[str], row: int) -> Definition:
    end = text.find("%}", tag.start(), tag.start() + 2 * _MAX_SIGNATURE_LENGTH)
    head = text[tag.start(1) : end if end >= 0 else tag.end()]
    return Definition(
        symbol=tag[2],
        name=tag[2],
        kind="macro",
        signature=" ".join(head.split())[:_MAX_SIGNATURE_LENGTH].rstrip(" -"),
        start_line=row,
        end_line=row,
        node=LineNode(tag.start(), (row - 1, 0), (row - 1, 0)),
        body=None,
        container=False,
        transparent=False,
        minor=False,
        owner=None,
        depth=0,
    )
