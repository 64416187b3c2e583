"""Reads what commits changed and what they say of it, the newest first, from the log of a repository.

history/file_subjects.py asks here. Trees are compared, contents are never read: a repository without them will do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from threading import Timer

from indexer.source.git import Git, read_tokens

# More than this and the subject speaks of something larger than each of the files.
MOST_FILES = 20
# The log is read from the newest commit on: in a repository whose trees take so long, fewer commits have to do.
LOG_SECONDS = 60.0

_OPTIONS = (
    "-z",
    "--name-only",
    "--no-renames",
    "--no-merges",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--no-show-signature",
    "--encoding=UTF-8",
)
# Parents, author, subject. Longer ones are cut: whoever writes commits does not decide how much is held here.
_FORMAT = "--format=%x00%P%x1f%<(120,trunc)%an%x1f%<(400,trunc)%s"


@dataclass(frozen=True, slots=True)
class LoggedCommit:
    """A commit that is no merge, the files that it added, changed or deleted, and the author's name."""

    author: str
    subject: str
    paths: tuple[str, ...]


def read_log(git: Git, revisions: str, most_commits: int, seconds: float = LOG_SECONDS) -> Iterator[LoggedCommit]:
    """Yield the newest commits of `revisions`, a commit or a range, that have one parent and at most MOST_FILES files.

    Merges do not count among `most_commits`. A commit without a parent is the first one, or where a shallow repository
    ends: it has all files, and says nothing of each. Raises SourceError.
    """
    arguments = ("log", f"--max-count={most_commits}", *_OPTIONS, _FORMAT, revisions, "--")
    with git.start(*arguments) as running:
        timer = Timer(seconds, running.stop)
        timer.daemon = True
        timer.start()
        try:
            latest: LoggedCommit | None = None
            for commit in _read_commits(read_tokens(running.stdout)):
                if latest is not None:
                    yield latest
                latest = commit
            error_text = running.stderr.read().decode("utf-8", "replace")
            status = running.process.wait()
            if status > 0:
                raise git.failure(error_text)
            # Of a log that was cut short, the last commit may have had more files.
            if latest is not None and not status:
                yield latest
        finally:
            timer.cancel()


def _read_commits(tokens: Iterator[bytes]) -> Iterator[LoggedCommit]:
    header, paths, is_header = b"", list[bytes](), False
    for token in tokens:
        # Every commit starts with an empty token, which no path can be, then its header.
        if not token:
            yield from _commit(header, paths)
            header, paths, is_header = b"", [], True
        elif is_header:
            header, is_header = token, False
        elif len(paths) <= MOST_FILES:
            paths.append(token.removeprefix(b"\n"))
    yield from _commit(header, paths)


def _commit(header: bytes, paths: list[bytes]) -> Iterator[LoggedCommit]:
    parents, _, said = header.decode("utf-8", "replace").partition("\x1f")
    author, _, subject = said.partition("\x1f")
    if parents.strip() and 0 < len(paths) <= MOST_FILES:
        decoded = tuple(path.decode("utf-8", "surrogateescape") for path in paths)
        yield LoggedCommit(author.strip(), subject.strip(), decoded)


def is_ancestor(git: Git, older: str, newer: str) -> bool:
    """Say whether a commit is one of those before another, as far as the repository knows."""
    return git.run("merge-base", "--is-ancestor", older, newer).status == 0
