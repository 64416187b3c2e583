"""Why a path is not in an index, as far as that is known, and what is there instead."""

from __future__ import annotations

from pathlib import Path

from codesearch.core.checks import Check
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.types import DataSource
from codesearch.tools.checkout import local_folder_of
from codesearch.tools.disk import read_regular_file, stat_regular_file
from codesearch.tools.tool import ToolContext

_SHOWN_SIMILAR = 5
_BLOCK_PATHS = 1_000
_SAMPLE_BYTES = 8_192


def explain_missing(context: ToolContext, source: DataSource, index: SearchIndex, path: str, check: Check) -> str:
    """Return a sentence or two: that the file is not indexed, why where that is known, what has a name like it."""
    if len(index.files_below(f"{path}/")) or not path:
        return f"{path or 'The root'} of {source.name} is a folder: get_file_tree lists it."
    reason = _find_reason(context, source, path) or (
        "it is not there, or was left out: binary, generated, vendored, minified, ignored or too large"
    )
    similar = _find_similar(index, path, check)
    instead = f" Like it: {', '.join(similar)}." if similar else ""
    return f"{path} of {source.name} is not indexed: {reason}.{instead}"


def _find_similar(index: SearchIndex, path: str, check: Check) -> list[str]:
    """Return paths that are the same but for case, else those of files of the same name, else of the same stem."""
    wanted = path.lower()
    name = wanted.rpartition("/")[2]
    stem = name.partition(".")[0]
    found: dict[int, list[str]] = {0: [], 1: [], 2: []}
    for file in range(index.file_count):
        if not file % _BLOCK_PATHS:
            check()
        other = index.path_of(file)
        lower = other.lower()
        other_name = lower.rpartition("/")[2]
        if lower == wanted:
            found[0].append(other)
        elif other_name == name:
            found[1].append(other)
        elif stem and other_name.partition(".")[0] == stem:
            found[2].append(other)
    best = next((paths for _, paths in sorted(found.items()) if paths), [])
    return best[:_SHOWN_SIMILAR]


def _find_reason(context: ToolContext, source: DataSource, path: str) -> str | None:
    """Look at the file itself, for those who run the service, where the source is read from this disk."""
    place = local_folder_of(source) if context.principal.is_admin and not source.branch else None
    if place is None or ".." in Path(path).parts or "\0" in path:
        return None
    file = place / path
    try:
        status = stat_regular_file(file)
        sample = read_regular_file(file, _SAMPLE_BYTES) if status is not None else None
    except FileNotFoundError:
        return "there is no such file on disk either"
    except OSError:
        return None
    if status is None or sample is None:
        return "it is no regular file"
    if status.st_size > context.settings.max_file_bytes:
        return f"it has {status.st_size:,} bytes, more than CODESEARCH_MAX_FILE_BYTES"
    if not sample.strip():
        return "it is empty"
    if source.indexed_at is not None and status.st_mtime > source.indexed_at.timestamp():
        return "it is newer than the index"
    return "a rule leaves it out, which `codesearch index SOURCE --dry-run` names"
