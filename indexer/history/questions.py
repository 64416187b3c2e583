"""Questions without labels: a repository's later commits, asked of its tree as of an earlier one.

`choose_questions` picks the earlier commit and the questions, from a repository that repository.py opened;
`codesearch evaluate` indexes the one and asks the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from codesearch.core.counts import say_count
from codesearch.core.errors import SourceError
from codesearch.core.types import Chunk, SourceFile
from indexer.history.changes import (
    Change,
    SymbolLines,
    TouchedSymbol,
    carry_back,
    changed_ranges,
    read_diff,
)
from indexer.history.commits import Candidate, first_parents, read_candidates
from indexer.history.repository import MOST_COMMITS, HistoryRepository
from indexer.source.git import Git
from indexer.source.git_snapshot import GitSnapshot, has_folder
from indexer.source.walk import walk

BASE_BRANCH = "base"
# Fewer questions say nothing; asking for fewer commits is asking for it.
FEWEST_QUESTIONS = 10
# A commit that changed more definitions, such as one that removed a file, is asked for its files alone.
MOST_SYMBOLS = 10
# How many candidates, for each question wanted, the earlier tree may be away: their files have to be there already.
REACHES = (1.0, 1.1, 1.25, 1.5, 2.0, 3.0, 4.0)
# A share of the questions wanted that will do: a recent tree with a few less says more than one of years ago.
ENOUGH = 0.85
# Of a history that is too short for that, the shares of its candidates that are tried.
SHARES = (0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0)

_COMMIT = re.compile(r"[0-9a-fA-F]{4,64}")


@dataclass(frozen=True, slots=True)
class Question:
    """A later commit as a question: its subject, and what of the earlier tree it changed.

    `files` are source files in path order, `lines` are (path, first, last); `symbols` are the definitions they lie in,
    at most MOST_SYMBOLS, none when they were more.
    """

    commit: str
    text: str
    files: tuple[str, ...]
    symbols: tuple[TouchedSymbol, ...]
    lines: tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class History:
    """The earlier commit `base`, the newest one `tip`, and the questions between them, oldest first."""

    base: str
    tip: str
    questions: tuple[Question, ...]


def choose_questions(
    repository: HistoryRepository,
    chunk: Callable[[SourceFile], Sequence[Chunk]],
    *,
    count: int,
    since: str | None,
    subdir: str | None,
    max_file_bytes: int,
) -> History:
    """Choose the earlier commit and at most `count` questions, and point the branch `base` at that commit.

    The earlier commit is `since`, else the one before the newest `count` commits that ask a question about source files
    which were there already; it moves back while too many of them ask about later files. `chunk` cuts a file as the
    index does. Raises SourceError when the history gives fewer than FEWEST_QUESTIONS (or than `count`).
    """
    while True:
        try:
            chosen = _choose_base(repository, count, since, subdir)
            if since is not None or _are_enough(chosen[1], count) or not repository.deepen():
                break
        except _NotThereError as error:
            if not repository.deepen():
                raise SourceError(error.message) from error
    base, candidates = chosen
    if subdir and not candidates:
        _require_folder(repository, base, subdir, since)
    snapshot = _QuietSnapshot(repository.git, base, subdir)
    files = _read_files(snapshot, {path for item in candidates for path in item.paths}, max_file_bytes)
    symbols = {file.path: SymbolLines(chunk(file)) for file in files}
    questions = [
        question
        for item in sorted(candidates, key=lambda item: -item.position)
        if (question := _build_question(repository.git, base, item, symbols)) is not None
    ]
    if len(questions) < min(count, FEWEST_QUESTIONS):
        raise SourceError(_too_few(repository, len(questions), since))
    repository.git.require("update-ref", f"refs/heads/{BASE_BRANCH}", base)
    repository.git.require("symbolic-ref", "HEAD", f"refs/heads/{BASE_BRANCH}")
    return History(base, repository.tip, tuple(questions[:count]))


def _require_folder(repository: HistoryRepository, base: str, subdir: str, since: str | None) -> None:
    """Raise SourceError where the earlier commit has no such folder."""
    if has_folder(repository.git, base, subdir):
        return
    if since is None:
        raise SourceError(_too_few(repository, 0, since))
    raise SourceError(
        f"There is no folder '{subdir}' yet in {repository.git.display} at commit {since}; choose a later one."
    )


class _NotThereError(SourceError):
    """A commit is not in the history that is there."""


class _QuietSnapshot(GitSnapshot):
    """A commit whose files need no times."""

    def modified_times(self, paths: Collection[str] | None = None) -> dict[str, int]:
        """Ask nobody."""
        return {}


def _choose_base(
    repository: HistoryRepository, count: int, since: str | None, subdir: str | None
) -> tuple[str, list[Candidate]]:
    """Return the earlier commit and the candidates whose files it has, newest first, with no other files."""
    if since is not None:
        line = _line_since(repository, since)
        return line[-1], _answerable(repository.git, line[-1], read_candidates(repository.git, line), subdir)
    line, candidates = _read_enough(repository.git, repository.tip, round(count * max(REACHES)))
    best: tuple[str, list[Candidate]] = (line[-1], [])
    for target in _targets(count, len(candidates)):
        position = candidates[target - 1].position
        # Everything that came into the line with the same commit is later than its parent, too.
        newer = [item for item in candidates if item.position <= position]
        base = line[position + 1]
        usable = _answerable(repository.git, base, newer, subdir)
        if len(usable) > len(best[1]):
            best = (base, usable)
        if _are_enough(usable, count):
            break
    return best


def _are_enough(candidates: Sequence[Candidate], count: int) -> bool:
    return len(candidates) >= ENOUGH * count


def _targets(count: int, candidates: int) -> list[int]:
    """Return how many of the newest candidates to put behind the earlier commit, in the order to try."""
    wanted = [round(count * reach) for reach in REACHES] + [round(candidates * share) for share in SHARES]
    return [target for target in dict.fromkeys(wanted) if 1 <= target <= candidates]


def _line_since(repository: HistoryRepository, since: str) -> list[str]:
    git = repository.git
    if not _COMMIT.fullmatch(since):
        raise SourceError(f"{since!r} is not a commit id; give the first digits of one, at least four.")
    found = git.run("rev-parse", "--verify", "--quiet", f"{since}^{{commit}}")
    if found.status:
        raise _NotThereError(f"There is no commit {since} in the history of {git.display}; look it up with git log.")
    base = found.output.decode().strip()
    if git.run("merge-base", "--is-ancestor", base, repository.tip).status:
        raise _NotThereError(f"Commit {since} is not before the newest commit of {git.display}; choose one that is.")
    later = git.require("rev-list", "--first-parent", f"{base}..{repository.tip}", "--").decode().split()
    return [*later, base]


def _read_enough(git: Git, tip: str, wanted: int) -> tuple[list[str], list[Candidate]]:
    """Read the log further and further back until it gives so many candidates, or ends."""
    length = 2 * wanted
    while True:
        line = first_parents(git, tip, length + 1)
        candidates = read_candidates(git, line)
        if len(candidates) >= wanted or len(line) <= length or length > MOST_COMMITS:
            return line, candidates
        length *= 2


def _answerable(git: Git, base: str, candidates: Iterable[Candidate], subdir: str | None) -> list[Candidate]:
    scope = ["--", f"{subdir}/"] if subdir else []
    listed = git.require("ls-tree", "-r", "-z", "--name-only", "--full-tree", base, *scope)
    there = {path.decode("utf-8", "surrogateescape") for path in listed.split(b"\0")}
    kept = ((item, tuple(path for path in item.paths if path in there)) for item in candidates)
    return [Candidate(item.commit, item.text, paths, item.position) for item, paths in kept if paths]


def _read_files(snapshot: GitSnapshot, paths: Collection[str], max_file_bytes: int) -> Iterator[SourceFile]:
    """Yield those of the files that are indexed; the others are judged by their names and sizes alone."""
    # What is known already is not read.
    known = {entry.path: entry.content_id or "" for entry in snapshot.list_files() if entry.path not in paths}
    return iter(walk(snapshot, max_file_bytes=max_file_bytes, known=known))


def _build_question(git: Git, base: str, item: Candidate, symbols: dict[str, SymbolLines]) -> Question | None:
    files = [path for path in sorted(item.paths) if path in symbols]
    if not files:
        return None
    parent = item.commit.parents[0]
    changed = read_diff(git, parent, item.commit.id, files)
    since = read_diff(git, base, parent, files)
    changes: dict[str, Change] = {path: carry_back(changed.get(path, ()), since.get(path, ())) for path in files}
    touched = tuple(symbol for path in files for symbol in symbols[path].touched(changes[path]))
    if len(touched) > MOST_SYMBOLS:
        touched = ()
    return Question(item.commit.id, item.text, tuple(files), touched, changed_ranges(changes))


def _too_few(repository: HistoryRepository, found: int, since: str | None) -> str:
    subject = f"The history of {repository.git.display}{f' since {since}' if since else ''}"
    told = (
        f"{subject} gives {say_count(found, 'question')}: small commits with a telling subject, to source files "
        "that were there before"
    )
    if since:
        return f"{told}. Choose an earlier commit, or leave out --since."
    if repository.is_shallow():
        return f"{told}. It is a shallow clone; run git fetch --unshallow there, or index its clone URL."
    return f"{told}. At least {FEWEST_QUESTIONS} are needed: evaluate it when it has grown, or another data source."
