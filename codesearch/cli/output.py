"""What every command prints with: lines, tables and JSON objects, without what could steer the terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from codesearch.core.redaction import redact

if TYPE_CHECKING:
    from rich.console import Console


# Code and file names come from strangers: none of it may steer the terminal.
_CONTROL_CHARACTERS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != 9}


@cache
def console() -> Console:
    """Return the terminal, or what stands for it."""
    # Imported when something is to be coloured: a run of the indexer need not wait for it.
    from rich.console import Console

    return Console()


def print_error(message: str) -> None:
    """Print one line on stderr."""
    print(f"codesearch: {visible(redact(' '.join(message.splitlines())))}", file=sys.stderr)


def visible(text: str) -> str:
    """Return the text with its control characters, line ends included, spelled out."""
    return text.translate(_CONTROL_CHARACTERS)


def print_json(value: object) -> None:
    """Print one JSON object on stdout."""
    has_all_characters = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(value, ensure_ascii=not has_all_characters, default=_as_json))


def _as_json(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_done(message: str, value: object, *, as_json: bool) -> None:
    """Say that something was done."""
    print_json(value) if as_json else print(message)


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns. What is wider than the terminal wraps there as a whole line, so that ids stay whole."""
    from rich.cells import cell_len
    from rich.text import Text

    shown = [list(columns), *([visible(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(row[index]) for row in shown) for index in range(len(columns))]
    for number, row in enumerate(shown):
        cells = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        console().print(Text("  ".join(cells).rstrip(), style="" if number else "bold"), soft_wrap=True)
