"""Counts in sentences: one of a thing, or several. Pure."""

from __future__ import annotations

from codesearch.core.types import DataSource


def say_count(number: int, one: str, several: str | None = None) -> str:
    """Return a number and what it counts, `1 file`, `2,465 chunks`; `several` where it takes more than an s."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def count_contents(source: DataSource) -> str:
    """Return how many files and chunks of a data source are indexed, `3 files, 1 chunk`."""
    return f"{say_count(source.file_count, 'file')}, {say_count(source.chunk_count, 'chunk')}"


def say_bytes(count: int) -> str:
    """Return a size for a person: whole bytes, or one decimal of the largest unit that it fills."""
    size, unit = float(count), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if size < 1_000:
            break
        size, unit = size / 1_000, larger
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
