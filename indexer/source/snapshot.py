"""What one state of a source looks like to the walk: its files, their bytes and their times, from git or a folder."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from indexer.source.patterns import PatternList
from indexer.source.skipping import Skipped

if TYPE_CHECKING:
    from indexer.source.git import Git

# The last second of the year 9999, the last one that calendars of programs have.
LAST_SECOND = 253_402_300_799


def calendar_second(seconds: int) -> int | None:
    """Return a time in Unix seconds as it is; None for one before 1970 or after the year 9999."""
    return seconds if 0 <= seconds <= LAST_SECOND else None


def find_own(data_dir: Path | None, root: Path) -> str | None:
    """Return the path of codesearch's own data from the root with a slash at its end; None when it is not below."""
    resolved = data_dir.resolve() if data_dir is not None else root
    return f"{resolved.relative_to(root).as_posix()}/" if root in resolved.parents else None


def blob_id(content: bytes, object_format: str) -> str:
    """Return git's id of a file with these bytes, in a repository of this hash function."""
    return hashlib.new(object_format, b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


class Entry(NamedTuple):
    """One regular file. `path` is from the root, with `/`; `content_id` is the blob id, None for folders until read.

    A tuple, which is made three times as fast: a large repository has a hundred thousand.
    """

    path: str
    size: int
    content_id: str | None
    mode: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The regular files of a snapshot in path order, what the listing itself left out, and what else to know of it."""

    files: tuple[Entry, ...]
    skipped: tuple[Skipped, ...]
    notes: tuple[str, ...] = ()


class Snapshot(ABC):
    """One state of a source; a context manager. `commit` and `committed_at` (Unix seconds) are None for folders.

    `subdir` is the sub-folder that is listed, None for all; paths are from the root all the same. `prefix` is "" or,
    with a slash at its end, the folder of the root that is the source: its own paths begin below it.
    """

    kind: str
    commit: str | None
    committed_at: int | None
    subdir: str | None
    prefix = ""
    # Whether the listing passes over folders that a tool fills; it opens those that `wanted` speaks of all the same.
    prunes_folders = False
    wanted = PatternList(())

    @abstractmethod
    def listing(self) -> Listing:
        """List the regular files under the sub-folder, and count links, submodules, special and ignored files."""

    def list_files(self) -> list[Entry]:
        """Return the regular files in path order."""
        return list(self.listing().files)

    @abstractmethod
    def read(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | Skipped]]:
        """Yield each entry, in the order given, with its bytes, or with the reason why it could not be read.

        The entry says what is known of the file now that it was read.
        """

    @abstractmethod
    def read_file(self, path: str) -> bytes | None:
        """Return the bytes of one regular file, which may lie above the sub-folder; None when there is none."""

    @abstractmethod
    def modified_times(self, paths: Collection[str] | None = None) -> dict[str, int]:
        """Return when each path (all files for None) last changed, in Unix seconds; bounded to a few seconds."""

    def find_history(self, most_commits: int) -> Git | None:
        """Return git on a repository that knows about as many commits before `commit` as are wanted, or all there are.

        None where there is none to be had. It may lack contents. Raises SourceError.
        """
        return None

    def discard_history(self) -> bool:
        """Delete the repository of `find_history` where it can be fetched again, and say whether it was."""
        return False

    def identify(self, content: bytes) -> str:
        """Return the id that git would give these bytes, so that a folder and a repository agree."""
        return blob_id(content, "sha1")

    def uncommitted(self, paths: Iterable[str]) -> list[str] | None:
        """Return those of the listed files that were read and are not as in the commit; None where all must be."""
        return None

    def uncommitted_at(self, path: str) -> int | None:
        """Return when a file that was read and is not as in the commit was changed, in Unix seconds; else None."""
        return None

    def close(self) -> None:  # noqa: B027 - most snapshots hold nothing
        """Let go of what the snapshot holds."""

    def __enter__(self) -> Snapshot:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
