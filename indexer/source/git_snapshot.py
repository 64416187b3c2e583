"""Reads one commit straight from git's objects: no checkout, and nothing that the work tree holds."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import IO

from codesearch.core.errors import SourceError
from indexer.source.git import Git, read_tokens
from indexer.source.git_messages import PARTIAL_CLONE
from indexer.source.local_repository import is_partial_clone
from indexer.source.skipping import Skipped, SkipReason, name_problem, printable_path
from indexer.source.snapshot import Entry, Listing, Snapshot, calendar_second

HISTORY_COMMITS = 5000
HISTORY_SECONDS = 3.0
LINK_MODE = 0o120000
SUBMODULE_MODE = 0o160000
PIPE_BYTES = 1 << 20
MOST_DIGITS = 12
# Mode, kind, id, size and path of `git ls-tree -z -l`; the kind says no more than the mode.
_RECORD = re.compile(r"([0-7]+) [a-z]+ ([0-9a-f]+) +(\S+)\t([^\0]*)\0")
_FILE_MODES = {f"{mode:o}": mode for mode in (0o100644, 0o100755, 0o100664)}
LOST_OBJECT = "its content is missing from the repository (a partial or damaged clone)"

_BROKEN = "its objects are incomplete; run git fsck there, or give its clone URL"


class GitSnapshot(Snapshot):
    """The files of one commit."""

    kind = "git"

    def __init__(self, git: Git, revision: str, subdir: str | None = None) -> None:
        """Stand on the commit that `revision` names. Raises SourceError when it or the sub-folder is not there."""
        self._git = git
        self.subdir = subdir
        described = git.require("log", "-1", "--no-show-signature", "--format=%H %ct", f"{revision}^{{commit}}", "--")
        name, _, committed_at = described.strip().partition(b" ")
        self.commit: str = (commit := name.decode())
        self.committed_at: int | None = _time_of(committed_at)
        self._listing: Listing | None = None
        self._is_partial: bool | None = None
        if subdir and not has_folder(git, commit, subdir):
            raise SourceError(
                f"There is no folder '{subdir}' in {git.display} at commit {commit[:12]}; check the sub-folder."
            )

    def listing(self) -> Listing:
        """List the commit's files; links and submodules are among the skipped."""
        if self._listing is None:
            scope = ["--", f"{self.subdir}/"] if self.subdir else []
            output = self._git.require("ls-tree", "-r", "-z", "-l", "--full-tree", self.commit, *scope)
            listing = _parse_tree(output)
            if any(item.detail == LOST_OBJECT for item in listing.skipped):
                self._refuse_partial_clone()
            self._listing = listing
        return self._listing

    def read(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, bytes | Skipped]]:
        """Yield each entry with its bytes, through one `git cat-file --batch`. Raises SourceError when git dies."""
        wanted = list(entries)
        if not wanted:
            return
        with self._git.start("cat-file", "--batch", "--buffer", with_input=True) as running:
            _widen(running.stdout)
            # A thread asks ahead, so that git always has a next object to look up while the last one is used here.
            threading.Thread(target=_ask, args=(running.stdin, wanted), daemon=True).start()
            for entry in wanted:
                header = running.stdout.readline().split()
                if header[1:] == [b"missing"]:
                    self._refuse_partial_clone()
                    yield entry, Skipped(entry.path, SkipReason.UNREADABLE, LOST_OBJECT)
                    continue
                if len(header) != 3:
                    raise SourceError(f"{self._git.display} cannot be read: {_BROKEN}.")
                size = int(header[2])
                content = running.stdout.read(size + 1)
                if len(content) != size + 1:
                    raise SourceError(f"{self._git.display} cannot be read: {_BROKEN}.")
                yield entry, content[:-1]

    def _refuse_partial_clone(self) -> None:
        """Raise SourceError where contents are left out by design: taken for lost, they would leave the index."""
        if self._is_partial is None:
            self._is_partial = is_partial_clone(self._git)
        if self._is_partial:
            raise SourceError(PARTIAL_CLONE.format(address=self._git.display))

    def read_file(self, path: str) -> bytes | None:
        """Return the bytes of one file of the commit."""
        outcome = self._git.run("cat-file", "blob", f"{self.commit}:{path}")
        return None if outcome.status else outcome.output

    def find_history(self, most_commits: int) -> Git | None:
        """Return git on the repository."""
        return self._git

    def modified_times(self, paths: Collection[str] | None = None) -> dict[str, int]:
        """Return the committer time of the last commit that touched each path, where git can read it.

        Looks at the newest HISTORY_COMMITS commits for at most HISTORY_SECONDS; a path that they don't touch gets the
        time of the oldest one seen, or the snapshot's own commit in a shallow repository.
        """
        wanted = set(paths) if paths is not None else {entry.path for entry in self.listing().files}
        times: dict[str, int | None] = {}
        oldest = self.committed_at
        if wanted and self._git.run("rev-parse", "--is-shallow-repository").output.strip() == b"false":
            deadline = time.monotonic() + HISTORY_SECONDS
            for committed_at, path in self._history():
                oldest = committed_at
                if path in wanted and path not in times:
                    times[path] = committed_at
                if len(times) == len(wanted) or time.monotonic() > deadline:
                    break
        known = {path: times.get(path, oldest) for path in wanted}
        return {path: changed_at for path, changed_at in known.items() if changed_at is not None}

    def _history(self) -> Iterator[tuple[int | None, str]]:
        """Yield (committer time, path) from the newest commit to older ones."""
        options = ["-z", "--name-only", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-show-signature"]
        scope = [f"{self.subdir}/"] if self.subdir else []
        command = ["log", "-n", str(HISTORY_COMMITS), "--format=%x00%ct", *options, self.commit, "--", *scope]
        with self._git.start(*command) as running:
            committed_at, expects_time = self.committed_at, False
            for token in read_tokens(running.stdout):
                # Every commit starts with an empty token, which no path can be, then its time.
                if not token:
                    expects_time = True
                elif expects_time:
                    committed_at, expects_time = _time_of(token), False
                else:
                    yield committed_at, token.removeprefix(b"\n").decode("utf-8", "surrogateescape")


def has_folder(git: Git, commit: str, folder: str) -> bool:
    """Say whether a commit has a folder."""
    return git.run("cat-file", "-t", f"{commit}:{folder}").output.strip() == b"tree"


def _time_of(written: bytes) -> int | None:
    """Return a commit's time in Unix seconds; None for one that git cannot read, or that no calendar has."""
    return calendar_second(int(written)) if written.isdigit() and len(written) <= MOST_DIGITS else None


def _parse_tree(output: bytes) -> Listing:
    files: list[Entry] = []
    skipped: list[Skipped] = []
    for mode, object_id, size, path in _RECORD.findall(output.decode("utf-8", "surrogateescape")):
        if problem := name_problem(path):
            skipped.append(Skipped(printable_path(path), SkipReason.UNREADABLE, problem))
        elif mode in _FILE_MODES and size.isdigit():
            files.append(Entry(path, int(size), object_id, _FILE_MODES[mode]))
        else:
            skipped.append(_skip_special(path, int(mode, 8)))
    files.sort(key=attrgetter("path"))
    return Listing(tuple(files), tuple(skipped))


def _skip_special(path: str, mode: int) -> Skipped:
    if mode == LINK_MODE:
        return Skipped(path, SkipReason.LINK, "symbolic link")
    if mode == SUBMODULE_MODE:
        return Skipped(path, SkipReason.SUBMODULE, "a submodule; index its own repository")
    return Skipped(path, SkipReason.UNREADABLE, LOST_OBJECT)


def _ask(stdin: IO[bytes], entries: Sequence[Entry]) -> None:
    with contextlib.suppress(OSError, ValueError), stdin:
        for entry in entries:
            stdin.write(f"{entry.content_id}\n".encode())


def _widen(stream: IO[bytes]) -> None:
    """Let git write further ahead than a pipe's default 64 KiB, where the system allows it."""
    with contextlib.suppress(ImportError, AttributeError, OSError):
        import fcntl

        fcntl.fcntl(stream.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)
