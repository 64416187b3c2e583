"""Whether the files of an answer still are on disk as they were indexed, for sources that are read from disk."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from codesearch.core.types import MAX_LINE_CHARACTERS, DataSource
from codesearch.tools.checkout import local_folder_of
from codesearch.tools.disk import read_regular_file, stat_regular_file
from codesearch.tools.file_text import FileText
from codesearch.tools.freshness import Freshness, assess
from codesearch.tools.lookups.asking import find_files_in, look_in
from codesearch.tools.lookups.files import READ_FILE, LinesOfFile
from codesearch.tools.tool import ToolContext

# Of more files in one answer the rest is not looked at; of a file that is longer than any that is indexed, not the end.
_MOST_FILES = 200
_MAX_BYTES = 4 << 20


def assess_answer(context: ToolContext, source: DataSource, paths: Iterable[str]) -> Freshness:
    """Say how an index stands to its source, by what is checked out and by the files that an answer shows."""
    changed = _find_changed(context, source, sorted(set(paths))[:_MOST_FILES])
    freshened = next((item for item in context.work.freshened if item.source.id == source.id), None)
    return assess(source, context.observe(source), context.principal, changed, freshened)


def _find_changed(context: ToolContext, source: DataSource, paths: list[str]) -> list[str]:
    is_read_from_disk = source.uncommitted_count is not None or not (source.commit or source.branch)
    place = local_folder_of(source) if is_read_from_disk and source.indexed_at is not None else None
    if place is None or not paths or source.indexed_at is None:
        return []
    indexed_at = source.indexed_at.timestamp()
    # Nothing is asked of the disk about a path that is not in the index: whether a file is there is not for every key.
    indexed = find_files_in(context, [source], paths)
    return [path for path in indexed if _has_changed(context, source, place / path, path, indexed_at)]


def _has_changed(context: ToolContext, source: DataSource, file: Path, path: str, indexed_at: float) -> bool:
    """Say whether a file of the index is another than was indexed; one that was touched and holds the same is not."""
    try:
        status = stat_regular_file(file)
        if status is not None and max(status.st_mtime, status.st_ctime) <= indexed_at:
            return False
        content = read_regular_file(file, _MAX_BYTES) if status is not None else None
    except FileNotFoundError:
        return True
    except OSError:
        return False
    if content is None:
        return True
    try:
        lines = content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        return True
    text = look_in(context, source, READ_FILE, LinesOfFile(path)).text
    return text is not None and not _is_as_indexed(text, lines)


def _is_as_indexed(text: FileText, lines: list[str]) -> bool:
    """Say whether a file's lines are those of the index, as far as it holds them."""
    if text.is_notebook:
        # A line may hold several parts of cells; what it holds besides is not known.
        return all(n <= len(lines) and known.split(" ")[0] in lines[n - 1] for n, known in text.known.items())
    # Blank lines at the end of a file are not known.
    last = max((number for number, line in enumerate(lines, 1) if line.strip()), default=0)
    last = max(last, max((number for number, line in text.known.items() if line.strip()), default=0))
    if last > len(lines):
        return False
    return all(_is_same(line, text.known.get(number, "")) for number, line in enumerate(lines[:last], 1))


def _is_same(line: str, known: str) -> bool:
    if len(known) >= MAX_LINE_CHARACTERS:
        return line.startswith(known)
    return line == known or not (line.strip() or known.strip())
