"""What an error of the store means, in one line: a file that is not what was written, a full disk, or another."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from codesearch.core.errors import DamagedStoreError, StoreError
from codesearch.core.store.checksums import Checksums

# Where in its own sources the library met the error, and its names for kinds of errors.
_RUST_PLACE = re.compile(r",? ?/\S+\.rs:\d+:\d+")
_RUST_KIND = re.compile(r"lance error: |LanceError\(\w+\): |Generic [\w/]+ error: |Wrapped error: |External error: ")
_FILE = re.compile(r"[\w./-]+\.(?:lance|manifest|arrow|bin)(?:/[\w./-]+)?\b")
# The machine is at fault, and the same files will be right again when that is mended.
_OF_THE_MACHINE = re.compile(
    r"No space left|Disk quota|Permission denied|Read-only file system|Too many open files|Cannot allocate|"
    r"File too large|os error (?:1|12|13|24|27|28|30|122)\b",
    re.IGNORECASE,
)
_FULL = re.compile(r"No space left|Disk quota|File too large|os error (?:27|28|122)\b", re.IGNORECASE)


def table_folder_of(uri: str, table_name: str) -> Path | None:
    """Return where a table's files are, None for a store that is no folder of this machine."""
    folder = folder_of(uri)
    return None if folder is None else folder / f"{table_name}.lance"


def folder_of(uri: str) -> Path | None:
    """Return a store's folder, None for one elsewhere."""
    if uri.startswith("file://"):
        return Path(uri.removeprefix("file://"))
    return None if "://" in uri else Path(uri).expanduser()


def to_line(error: BaseException) -> str:
    """Return what a library said as one line without the places in its own sources."""
    text = _RUST_KIND.sub("", _RUST_PLACE.sub("", str(error)))
    return " ".join(text.split()).rstrip(". ") or type(error).__name__


def explain(
    error: BaseException, what: str, uri: str, table_name: str, read_all: Callable[[], object] | None = None
) -> StoreError:
    """Return the error to raise for one that a library raised while it did `what` ("Cannot publish", ...).

    `read_all` reads the whole table: where it fails too, and the machine is not at fault, the table is damaged.
    """
    reason = to_line(error)
    if _FULL.search(reason):
        return StoreError(
            f"{what} the vector store at {uri}: the disk is full ({reason}). Free some room and run the same again; "
            "what was indexed before goes on answering."
        )
    folder = table_folder_of(uri, table_name)
    if folder is None or not folder.exists() or _OF_THE_MACHINE.search(reason):
        return StoreError(f"{what} the vector store at {uri}: {reason}.")
    damaged = Checksums(folder).find_damage()
    if damaged:
        return describe(damaged[0], "it is not what was written", table_name)
    if read_all is None:
        return StoreError(f"{what} the vector store at {uri}: {reason}.")
    try:
        read_all()
    except Exception as again:
        reason = to_line(again)
        if not _OF_THE_MACHINE.search(reason):
            return describe(_file_in(reason, folder), _without_paths(reason), table_name)
    return StoreError(f"{what} the vector store at {uri}: {reason}.")


def _file_in(reason: str, folder: Path) -> Path:
    """Return the file of the table that a message names, as a path that can be used: Lance drops the first slash."""
    named = _FILE.search(reason)
    within = named[0].partition(f"{folder.name}/")[2] if named else ""
    return folder / within if within else folder


def _without_paths(reason: str) -> str:
    return _FILE.sub("", reason).strip(" :,") or "it cannot be read"


def describe(path: Path, reason: str, table_name: str) -> DamagedStoreError:
    """Return the error for a damaged file, which says what heals it."""
    return DamagedStoreError(
        f"The vector store is damaged: {path}: {reason}. Queries go on from the search indexes; run "
        "`codesearch index --all`, which keeps the rows that can be read and reads the sources of the others again.",
        table_name,
    )
