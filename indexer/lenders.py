"""Lenders: which data source has most files of a new one already: another branch, a work tree, a copy, a fork."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from codesearch.core.types import DataSource, SourceState
from indexer.source.snapshot import Snapshot

# So many data sources are compared at most, those first that are likelier.
MOST_COMPARED = 8
# So many files of a source are compared, spread over all of it.
COMPARED_FILES = 2_000
# From this share of equal files on, going on from the other one is less work than beginning anew.
LEAST_EQUAL = 0.3


def choose_alike(source: DataSource) -> Callable[[str, str, str], bool]:
    """Return what says of a data source, by its id, name and location, whether it is of the same repository or name.

    It is asked about all there are, so it looks at no more of the disk than it must.
    """
    place, name = _repository_of(source.location), _name_of(source.location)

    def is_alike(other_id: str, _name: str, location: str) -> bool:
        return other_id != source.id and (_name_of(location) == name or _repository_of(location) == place)

    return is_alike


def find_lender(
    source: DataSource,
    snapshot: Snapshot,
    others: Iterable[DataSource],
    format_name: str,
    known_files: Callable[[DataSource], Mapping[str, str]],
) -> DataSource | None:
    """Return the data source whose index a new one begins with, None for none.

    Compared are those of the same repository, and those of its name: `others` are those that `choose_alike` chooses.
    `known_files` gives path -> content id of one.
    """
    candidates = _find_candidates(source, others, format_name)
    if not candidates:
        return None
    best: tuple[float, DataSource] | None = None
    files = [(entry.path.removeprefix(snapshot.prefix), entry.content_id) for entry in snapshot.listing().files]
    step = max(1, len(files) // COMPARED_FILES)
    compared = [(path, content_id) for path, content_id in files[::step] if content_id is not None]
    for other, is_same_place in candidates[:MOST_COMPARED]:
        known = known_files(other)
        if compared:
            equal = sum(_is_same(known.get(path), content_id) for path, content_id in compared) / len(compared)
        else:
            # What is in the files of a folder is known once they are read.
            paths = [path for path, _ in files[::step]]
            equal = is_same_place * sum(path in known for path in paths) / max(1, len(paths))
        if equal >= LEAST_EQUAL and (best is None or equal > best[0]):
            best = equal, other
    return None if best is None else best[1]


def _is_same(known: str | None, content_id: str) -> bool:
    # What git's attributes say of a file is named behind its content.
    return known is not None and known.partition(":")[0] == content_id


def _find_candidates(
    source: DataSource, others: Iterable[DataSource], format_name: str
) -> list[tuple[DataSource, bool]]:
    """Return the data sources that may lend, those of the same repository first, then the newest."""
    found = []
    place = _repository_of(source.location)
    for other in others:
        is_readable = other.state is SourceState.READY and other.index_format == format_name and other.file_count
        if other.id != source.id and is_readable and other.subdir == source.subdir:
            found.append((other, _repository_of(other.location) == place))
    return sorted(found, key=lambda item: (not item[1], -item[0].run_id))


def _repository_of(location: str) -> tuple[int, int] | str:
    """Return what all work trees of a repository share: where the disk has its git folder; else the location itself."""
    git = Path(f"{location}/.git")
    try:
        status = git.stat()
        if stat.S_ISREG(status.st_mode):
            # A linked work tree: GITDIR/worktrees/NAME is its own part.
            own = git.parent / git.read_text().removeprefix("gitdir:").strip()
            status = own.resolve().parent.parent.stat()
    except (OSError, ValueError):
        return location
    return (status.st_dev, status.st_ino) if stat.S_ISDIR(status.st_mode) else location


def _name_of(location: str) -> str:
    return location.rstrip("/").removesuffix(".git").replace(":", "/").rpartition("/")[2].lower()
