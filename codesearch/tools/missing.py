"""Why a path is not in an index, as far as that is known, and what is there instead."""

from __future__ import annotations

from pathlib import Path

from codesearch.core.types import DataSource
from codesearch.tools.checkout import local_folder_of
from codesearch.tools.disk import read_regular_file, stat_regular_file
from codesearch.tools.lookups.absence import Absence
from codesearch.tools.tool import ToolContext

_SAMPLE_BYTES = 8_192


def explain_missing(context: ToolContext, source: DataSource, path: str, absence: Absence) -> str:
    """Return a sentence or two: that the file is not indexed, why where that is known, what has a name like it."""
    if absence.is_folder:
        return f"{path or 'The root'} of {source.name} is a folder: get_file_tree lists it."
    reason = _find_reason(context, source, path) or (
        "it is not there, or was left out: binary, generated, vendored, minified, ignored or too large"
    )
    return f"{path} of {source.name} is not indexed: {reason}.{_name_similar(absence)}"


def explain_missing_folder(context: ToolContext, source: DataSource, path: str, absence: Absence) -> str:
    """Return a sentence or two on a path that is neither a file nor a folder of the index: what is like it."""
    place = local_folder_of(source) if context.principal.is_admin and not source.branch else None
    on_disk = place is not None and ".." not in Path(path).parts and "\0" not in path and (place / path).is_dir()
    reason = "it is on disk, but nothing in it is indexed" if on_disk else "it has no such folder or file"
    return f"{path} is not in {source.name}: {reason}.{_name_similar(absence)}"


def _name_similar(absence: Absence) -> str:
    return f" Like it: {', '.join(absence.similar)}." if absence.similar else ""


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
