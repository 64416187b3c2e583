"""Whether the files of an answer still are on disk as they were indexed, for sources that are read from disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from codesearch.core.index.search_index import SearchIndex
from codesearch.core.types import DataSource
from codesearch.tools.checkout import local_folder_of
from codesearch.tools.definitions import rows_of_file
from codesearch.tools.freshness import Freshness, assess
from codesearch.tools.tool import ToolContext

# Of more files in one answer the rest is not looked at, nor is a file that nobody indexes.
_MOST_FILES = 200
_MAX_BYTES = 4 << 20


def assess_answer(context: ToolContext, source: DataSource, paths: Iterable[str]) -> Freshness:
    """Say how an index stands to its source, by what is checked out and by the files that an answer shows."""
    changed = _find_changed(context, source, sorted(set(paths))[:_MOST_FILES])
    return assess(source, context.observe(source), context.principal, changed)


def _find_changed(context: ToolContext, source: DataSource, paths: list[str]) -> list[str]:
    is_read_from_disk = source.uncommitted_count is not None or not (source.commit or source.branch)
    place = local_folder_of(source) if is_read_from_disk and source.indexed_at is not None else None
    if place is None or not paths or source.indexed_at is None:
        return []
    index, indexed_at = context.open_index(source), source.indexed_at.timestamp()
    return [path for path in paths if _has_changed(index, place / path, path, indexed_at)]


def _has_changed(index: SearchIndex, file: Path, path: str, indexed_at: float) -> bool:
    """Say whether a file is another than was indexed; one that was touched and holds the same is not."""
    try:
        status = file.lstat()
        if max(status.st_mtime, status.st_ctime) <= indexed_at:
            return False
        content = file.read_bytes() if status.st_size <= _MAX_BYTES else b""
    except FileNotFoundError:
        return True
    except OSError:
        return False
    number = index.find_file(path)
    if number is None:
        return False
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        return True
    return not _holds_rows(index, number, lines)


def _holds_rows(index: SearchIndex, number: int, lines: list[str]) -> bool:
    """Say whether each row of a file stands at its lines, as far as it was indexed."""
    for row in rows_of_file(index, number):
        first, last = int(index.start_lines[row]), int(index.end_lines[row])
        there = lines[first - 1 : last]
        shown = index.content_of(row).decode("utf-8").split("\n")
        if len(there) != last - first + 1 or (first < last and len(shown) != len(there)):
            return False
        # A long line was cut, and of a notebook on one line a row has a part.
        if not all(part in line for part, line in zip(shown, there, strict=False)):
            return False
    return True
