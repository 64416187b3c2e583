"""Which commits of a history ask a question: reads the log, turns away what is not small and focused.

questions.py chooses among what comes from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from codesearch.core.errors import SourceError
from indexer.chunking.languages.table import language_of
from indexer.history.subjects import clean_subject, is_bot
from indexer.source.commit_log import MOST_FILES
from indexer.source.git import Git

# More than this and the subject speaks of something larger than the lines it would be compared with.
MOST_SOURCE_FILES = 5

_FIELD_SEPARATOR = "\x1f"
# Files in a programming language that say how a project is built, packaged or called, not what it does.
_BUILD_FILES = re.compile(
    r"(?:^|/)(?:_?_?version(?:_?info)?_?_?\.\w+|setup\.py|conf\.py|noxfile\.py|mix\.exs|package\.swift|rakefile|gemfile"
    r"|podfile|fastfile|brewfile|guardfile|vagrantfile|jenkinsfile|dangerfile|build\.zig|build\.rs|project\.clj|configure"
    r"|[^/]+\.(?:gemspec|podspec|gradle|gradle\.kts|sbt|cmake|rake|config\.[cm]?[jt]s))$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit of the log. `paths` are those it modified or deleted, `added` those it added; none for a merge."""

    id: str
    parents: tuple[str, ...]
    author: str
    subject: str
    paths: tuple[str, ...]
    added: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A commit that asks a question: its cleaned subject and the source files it modified or deleted.

    `position` says where it came into the first-parent line, counted from the newest commit.
    """

    commit: Commit
    text: str
    paths: tuple[str, ...]
    position: int


def is_source(path: str) -> bool:
    """Say whether a path is that of program source: a language with a definition table, no build or version file."""
    return language_of(path) is not None and _BUILD_FILES.search(path) is None


def judge_commit(commit: Commit, position: int) -> Candidate | None:
    """Return the question that a commit asks; None for merges, bots, and what is not small and focused."""
    if len(commit.parents) != 1 or is_bot(commit.author) or len(commit.paths) + len(commit.added) > MOST_FILES:
        return None
    paths = tuple(path for path in commit.paths if is_source(path))
    if not paths or len(paths) + sum(map(is_source, commit.added)) > MOST_SOURCE_FILES:
        return None
    text = clean_subject(commit.subject)
    return None if text is None else Candidate(commit, text, paths, position)


def first_parents(git: Git, tip: str, count: int) -> list[str]:
    """Return the newest `count` commits of the first-parent line, newest first; the last may be a shallow one."""
    return git.require("rev-list", "--first-parent", f"--max-count={count}", tip, "--").decode().split()


def read_candidates(git: Git, line: Sequence[str]) -> list[Candidate]:
    """Return the candidates that came into a first-parent line after its last commit, newest first.

    What a merge brought in counts where it was merged. A question that was asked before in the line is left out.
    """
    commits = {commit.id: commit for commit in _read_log(git, line[-1], line[0])}
    positions: dict[str, int] = {}
    for position in range(len(line) - 2, -1, -1):
        pending = [line[position]]
        while pending:
            name = pending.pop()
            if name in commits and name not in positions:
                positions[name] = position
                pending.extend(commits[name].parents)
    found: dict[str, Candidate] = {}
    # The log is newest first; a stable sort keeps that order within a merge.
    for name in sorted((name for name in commits if name in positions), key=positions.__getitem__):
        candidate = judge_commit(commits[name], positions[name])
        if candidate is not None:
            found.setdefault(candidate.text.casefold(), candidate)
    return list(found.values())


def _read_log(git: Git, oldest: str, newest: str) -> Iterator[Commit]:
    options = (
        "-z",
        "--name-status",
        "--no-renames",
        "--diff-merges=off",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
    )
    form = "--format=%x00%H%x1f%P%x1f%an%x1f%s"
    output = git.require(
        "log", *options, "--no-show-signature", "--encoding=UTF-8", "--topo-order", form, f"{oldest}..{newest}", "--"
    )
    header: list[str] | None = None
    changes: list[tuple[str, str]] = []
    # Every commit starts with an empty token, which neither a status nor a path can be.
    tokens = iter(output.split(b"\0"))
    for token in tokens:
        if token:
            status = token.decode("ascii", "replace").strip()[:1]
            changes.append((status, next(tokens, b"").decode("utf-8", "surrogateescape")))
            continue
        if header is not None:
            yield _commit(header, changes)
        header, changes = next(tokens, b"").decode("utf-8", "replace").split(_FIELD_SEPARATOR, 3), []
        if len(header) != 4:
            return
    if header is not None:
        raise SourceError(f"The history of {git.display} cannot be read; run git fsck there.")


def _commit(header: Sequence[str], changes: Sequence[tuple[str, str]]) -> Commit:
    name, parents, author, subject = header
    return Commit(
        id=name,
        parents=tuple(parents.split()),
        author=author,
        subject=subject,
        paths=tuple(path for status, path in changes if status != "A"),
        added=tuple(path for status, path in changes if status == "A"),
    )
