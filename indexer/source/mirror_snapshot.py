"""Reads the commit of a mirror, which is whole when it was fetched: what is missing there is damage, and mended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from codesearch.core.errors import SourceError
from codesearch.core.locks import delete_path
from indexer.source.git import Git
from indexer.source.git_snapshot import LOST_OBJECT, GitSnapshot
from indexer.source.history_mirror import HistoryMirror
from indexer.source.skipping import Skipped
from indexer.source.snapshot import Entry, Listing


class DamagedMirrorError(SourceError):
    """A mirror lacks objects of its commit. `mirror` is its folder, which can be fetched again."""

    def __init__(self, mirror: Path, display: str) -> None:
        super().__init__(
            f"The mirror {mirror} of {display} is damaged. Indexing fetches it anew; where it cannot, delete it and "
            "run the same again."
        )
        self.mirror = mirror

    def discard(self) -> None:
        """Delete the mirror, which the next run fetches anew. For the run that is at work on it. Raises SourceError."""
        try:
            delete_path(self.mirror)
        except OSError as error:
            raise SourceError(f"The damaged mirror {self.mirror} cannot be deleted: {error.strerror}.") from error


class MirrorSnapshot(GitSnapshot):
    """The files of a mirror's commit. Listing and reading raise DamagedMirrorError where one is not there."""

    def __init__(
        self, git: Git, revision: str, subdir: str | None = None, history: HistoryMirror | None = None
    ) -> None:
        """Stand on the commit that `revision` names; `history` knows those before it.

        Raises SourceError when the sub-folder is not there.
        """
        super().__init__(git, revision, subdir)
        self._earlier = history
        self._moved_to = git.moved_to
        self._damage = DamagedMirrorError(git.git_dir, git.display)

    def listing(self) -> Listing:
        """List the commit's files."""
        try:
            listing = super().listing()
        except SourceError as error:
            raise self._damage from error
        if any(skipped.detail == LOST_OBJECT for skipped in listing.skipped):
            raise self._damage
        if self._moved_to is None:
            return listing
        note = (
            f"The repository has moved to {self._moved_to}: git follows that for as long as its host says so. Index "
            "the new address, and remove this one."
        )
        return replace(listing, notes=(*listing.notes, note))

    def find_history(self, most_commits: int) -> Git | None:
        """Fetch earlier commits without their contents; None where the host cannot do that."""
        return self._earlier.update(self.commit, most_commits) if self._earlier is not None else None

    def discard_history(self) -> bool:
        """Delete what was fetched of earlier commits."""
        return self._earlier is not None and self._earlier.discard()

    def read(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | Skipped]]:
        """Yield each entry with its bytes."""
        try:
            for entry, content in super().read(entries):
                if isinstance(content, Skipped) and content.detail == LOST_OBJECT:
                    raise self._damage
                yield entry, content
        except SourceError as error:
            raise self._damage from error
