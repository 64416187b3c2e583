"""Takes the outputs out of a notebook's text, for the limit on size and for what is handed on."""

from __future__ import annotations

from indexer.notebook.strings import Path, find_strings

_LEFT_OUT = frozenset({"outputs", "attachments"})


def without_outputs(text: str) -> str:
    """Return the text with empty strings in outputs and attachments; lines stay. What is no JSON stays whole."""
    pieces: list[str] = []
    position = 0
    try:
        for found in find_strings(text):
            if _is_output(found.path):
                pieces.append(text[position : found.start])
                position = found.end
    except ValueError:
        return text
    return "".join([*pieces, text[position:]])


def _is_output(path: Path) -> bool:
    # `cells`, number, `outputs`; before version 4 below `worksheets`, number.
    return not _LEFT_OUT.isdisjoint(path[:5])
