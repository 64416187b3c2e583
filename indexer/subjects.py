"""FileSubjects: gives the rows of changed files what commits said of them: those since the base, and what it knew."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from functools import cached_property

from codesearch.core.errors import SourceError
from codesearch.core.store.rows import RowColumns
from indexer.bases import Base
from indexer.source.git import Git
from indexer.source.snapshot import Snapshot

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Read:
    """What the log says of files. `is_whole`: also what was said before the commit of the base."""

    subjects: dict[str, list[str]]
    is_whole: bool


_NOTHING = _Read({}, False)


class FileSubjects:
    """The subjects of the commits before a snapshot's own, by file. The log is read when the first rows come.

    A commit that changes a file changes its content, so that the file is read anew: only then are they looked up.
    """

    def __init__(self, snapshot: Snapshot, base: Base, most_commits: int) -> None:
        """Take what is indexed and what the run goes on from; `most_commits` of the log are read, none for 0."""
        self._snapshot = snapshot
        self._base = base
        self._most_commits = most_commits

    def attach(self, rows: RowColumns) -> RowColumns:
        """Return rows of whole files with the subjects in the first row of each."""
        if not self._most_commits or self._snapshot.commit is None:
            return rows
        subjects: list[str | None] = []
        seen: set[str] = set()
        for path in rows.texts["path"]:
            subjects.append(None if path in seen else self._find(path) or None)
            seen.add(path)
        return replace(rows, subjects=subjects)

    def _find(self, path: str) -> str:
        # Here and not at the top: what only looks for changes has no use for the patterns of subjects.
        from indexer.history.file_subjects import MOST_SUBJECTS

        found = self._read.subjects.get(path, [])
        if not (found and self._read.is_whole) and (before := self._base.subjects_of(path)):
            found = [*found, *before.split("\n")]
        return "\n".join(found[:MOST_SUBJECTS])

    @cached_property
    def _read(self) -> _Read:
        """What the log says: of the commits since the base, or of all where it is of none that came before."""
        base = self._base
        since = base.commit if base.has_subjects else None
        if since == self._snapshot.commit:
            return _NOTHING
        try:
            return self._read_log(since)
        except SourceError as error:
            logger.warning("the history is not read, files keep what was known of them: %s", error.message)
            return _NOTHING

    def _read_log(self, since: str | None) -> _Read:
        git = self._snapshot.find_history(self._most_commits)
        try:
            return self._read_from(git, since)
        except SourceError:
            if not self._snapshot.discard_history():
                raise
            # It was damaged, and is fetched anew.
            return self._read_from(self._snapshot.find_history(self._most_commits), since)

    def _read_from(self, git: Git | None, since: str | None) -> _Read:
        from indexer.history.file_subjects import read_subjects
        from indexer.source.commit_log import is_ancestor

        commit = self._snapshot.commit
        if git is None or commit is None:
            return _NOTHING
        is_whole = since is None or not is_ancestor(git, since, commit)
        revisions = commit if is_whole else f"{since}..{commit}"
        return _Read(read_subjects(git, revisions, self._most_commits, self._own_path), is_whole)

    @cached_property
    def _paths(self) -> frozenset[str]:
        """The files there are: most subjects of a long history are of others."""
        return frozenset(entry.path for entry in self._snapshot.listing().files)

    def _own_path(self, path: str) -> str | None:
        return path.removeprefix(self._snapshot.prefix) if path in self._paths else None
