"""Why a path is not in an index, as far as that is known, and what is there instead."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

from codesearch.core.checks import Check
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.types import DataSource
from codesearch.tools.checkout import local_folder_of
from codesearch.tools.disk import read_regular_file, stat_regular_file
from codesearch.tools.tool import ToolContext

_SHOWN_SIMILAR = 5
_BLOCK_PATHS = 1_000
_MOST_NAMES = 2_000
_SAMPLE_BYTES = 8_192


def explain_missing(context: ToolContext, source: DataSource, index: SourceIndex, path: str, check: Check) -> str:
    """Return a sentence or two: that the file is not indexed, why where that is known, what has a name like it."""
    if not path or index.has_files_below(f"{path}/"):
        return f"{path or 'The root'} of {source.name} is a folder: get_file_tree lists it."
    reason = _find_reason(context, source, path) or (
        "it is not there, or was left out: binary, generated, vendored, minified, ignored or too large"
    )
    similar = _find_similar(index, path, check)
    instead = f" Like it: {', '.join(similar)}." if similar else ""
    return f"{path} of {source.name} is not indexed: {reason}.{instead}"


def explain_missing_folder(
    context: ToolContext, source: DataSource, index: SourceIndex, path: str, check: Check
) -> str:
    """Return a sentence or two on a path that is neither a file nor a folder of the index: what is like it."""
    place = local_folder_of(source) if context.principal.is_admin and not source.branch else None
    on_disk = place is not None and ".." not in Path(path).parts and "\0" not in path and (place / path).is_dir()
    reason = "it is on disk, but nothing in it is indexed" if on_disk else "it has no such folder or file"
    similar = _find_similar_folders(index, path, check) or _find_similar(index, path, check)
    instead = f" Like it: {', '.join(similar)}." if similar else ""
    return f"{path} is not in {source.name}: {reason}.{instead}"


def _find_similar_folders(index: SourceIndex, path: str, check: Check) -> list[str]:
    """Return folders that are the same but for case, else those whose last part is the same, else nearly."""
    folders: dict[str, None] = {}
    for place, other in enumerate(index.paths()):
        if not place % _BLOCK_PATHS:
            check()
        parts = other.split("/")[:-1]
        folders.update(("/".join(parts[:depth]), None) for depth in range(1, len(parts) + 1))
    wanted, name = path.lower(), path.lower().rpartition("/")[2]
    same = [folder for folder in folders if folder.lower() == wanted]
    same = same or [folder for folder in folders if folder.lower().rpartition("/")[2] == name]
    if not same:
        by_name: dict[str, list[str]] = {}
        for folder in folders:
            by_name.setdefault(folder.lower().rpartition("/")[2], []).append(folder)
        same = _find_near(name, by_name)
    return same[:_SHOWN_SIMILAR]


def _find_near(name: str, by_name: Mapping[str, list[str]]) -> list[str]:
    """Return the paths whose names are spelled nearly so, the nearest first; of very many the first are looked at."""
    near = get_close_matches(name, list(by_name)[:_MOST_NAMES], n=_SHOWN_SIMILAR, cutoff=0.75)
    return [path for found in near for path in by_name[found]]


def _find_similar(index: SourceIndex, path: str, check: Check) -> list[str]:
    """Return paths that are the same but for case, else of files of the same name, the same stem, nearly the name."""
    wanted = path.lower()
    name = wanted.rpartition("/")[2]
    stem = name.partition(".")[0]
    found: dict[int, list[str]] = {0: [], 1: [], 2: []}
    by_name: dict[str, list[str]] = {}
    for place, other in enumerate(index.paths()):
        if not place % _BLOCK_PATHS:
            check()
        lower = other.lower()
        other_name = lower.rpartition("/")[2]
        by_name.setdefault(other_name, []).append(other)
        if lower == wanted:
            found[0].append(other)
        elif other_name == name:
            found[1].append(other)
        elif stem and other_name.partition(".")[0] == stem:
            found[2].append(other)
    best = next((paths for _, paths in sorted(found.items()) if paths), None) or _find_near(name, by_name)
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
    return "a rule leaves it out; whoever runs the service sees which with `codesearch index SOURCE --dry-run`"
