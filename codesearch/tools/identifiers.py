"""Identifiers: `repository::path::symbol`, `repository::path`, `repository::path::start-end`; made and read here."""

from __future__ import annotations

import re
from dataclasses import dataclass

SEPARATOR = "::"
_LINES = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read an identifier. `tail` is a symbol or lines; None for the whole file."""

    repository: str
    path: str
    tail: str | None


def identify_file(repository: str, path: str) -> str:
    """Return the identifier of a whole file."""
    return f"{repository}{SEPARATOR}{path}"


def identify_symbol(repository: str, path: str, symbol: str) -> str:
    """Return the identifier of every definition of a symbol in a file."""
    return f"{repository}{SEPARATOR}{path}{SEPARATOR}{symbol}"


def identify_lines(repository: str, path: str, start_line: int, end_line: int) -> str:
    """Return the identifier of lines, 1-based and inclusive."""
    return f"{repository}{SEPARATOR}{path}{SEPARATOR}{start_line}-{end_line}"


def read_identifier(identifier: str) -> list[Reading]:
    """Return every way to read an identifier, in the order to be tried; none where it has no `::`.

    Names, paths and symbols may hold `::` themselves: a longer path comes before a shorter one with a tail, and a
    shorter repository before a longer one.
    """
    parts = identifier.strip().split(SEPARATOR)
    readings = []
    for end in range(1, len(parts)):
        repository = SEPARATOR.join(parts[:end])
        for cut in range(len(parts), end, -1):
            path, tail = SEPARATOR.join(parts[end:cut]), SEPARATOR.join(parts[cut:])
            if repository and path:
                readings.append(Reading(repository, path, tail or None))
    return readings


def read_lines(tail: str) -> tuple[int, int] | None:
    """Return the lines that a tail names, 1-based and inclusive; None for a symbol, and for lines that are none."""
    match = _LINES.fullmatch(tail.strip())
    if match is None:
        return None
    start, end = int(match[1]), int(match[2] or match[1])
    return (start, end) if 1 <= start <= end else None
