"""Reads a repository's small commits: their subjects and the lines of code around what they changed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

MAX_COMMITS = 3_500
MAX_FILES = 6
MAX_CHANGED_LINES = 200
MAX_HUNK_LINES = 60
_CONTEXT_LINES = 12
_COMMIT_MARK = "\x01commit "
_MIN_SUBJECT_WORDS = 4
# Subjects that say nothing about the code: releases, reverts, upkeep. Prefixes like `fix(parser):` are cut off first.
_PREFIX = re.compile(r"^(?:\[[^\]]*\]|[\w./-]+(?:\([^)]*\))?!?:)\s*")
_NUMBER = re.compile(r"\s*\(?#\d+\)?|\s*\(?[A-Z]+-\d+\)?")
_UPKEEP = re.compile(
    r"^(?:revert|merge|bump|release|prepare|version|update (?:dep|change|read|trans|copy|author)|upgrade|typo|wip\b"
    r"|changelog|chore|\d)|\bbump\b|\btypos?\b|dependabot|renovate|readme|changelog|copyright|pre-commit|\blint",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Hunk:
    """Lines of a file after a commit, the changed ones among them; `header` is the definition that git saw above."""

    path: str
    header: str
    changed: int = 0
    lines: list[str] = field(default_factory=list)


def tidy_subject(subject: str) -> str | None:
    """Return a commit's subject without prefix and issue numbers; None when it is upkeep or too short."""
    text = _NUMBER.sub("", _PREFIX.sub("", subject)).strip(" .`")
    if _UPKEEP.search(subject) or _UPKEEP.search(text) or len(text.split()) < _MIN_SUBJECT_WORDS:
        return None
    return text[:200]


def read_commits(git_dir: Path, revision: str) -> Iterator[tuple[str, list[Hunk]]]:
    """Yield (subject, hunks) of the small commits under `revision`, newest first; merges are left out."""
    command = [
        *("git", "-c", "safe.directory=*", f"--git-dir={git_dir}", "log", "-p", "--no-merges", "--no-color"),
        *("--no-ext-diff", "--no-textconv", "--no-renames", "--diff-filter=AM", f"-U{_CONTEXT_LINES}"),
        *(f"--max-count={MAX_COMMITS}", f"--format={_COMMIT_MARK}%s", revision, "--"),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        if process.stdout is None:
            raise RuntimeError("git has no output")
        lines = (line.decode("utf-8", "replace").rstrip("\r\n") for line in process.stdout)
        yield from _parse(lines)


def _parse(lines: Iterator[str]) -> Iterator[tuple[str, list[Hunk]]]:
    subject: str | None = None
    hunks: list[Hunk] = []
    path = ""
    for line in lines:
        if line.startswith(_COMMIT_MARK):
            if subject and _is_small(hunks):
                yield subject, hunks
            subject, hunks, path = tidy_subject(line.removeprefix(_COMMIT_MARK)), [], ""
        elif subject is None:
            continue
        elif line.startswith("+++ "):
            path = line.removeprefix("+++ ").removeprefix("b/")
        elif line.startswith("@@ "):
            hunks.append(Hunk(path, line.rpartition("@@")[2].strip()))
        elif hunks and line[:1] in {" ", "+", "-"} and not line.startswith("--- "):
            _add_line(hunks[-1], line)
    if subject and _is_small(hunks):
        yield subject, hunks


def _add_line(hunk: Hunk, line: str) -> None:
    hunk.changed += line[0] != " "
    if line[0] != "-" and len(hunk.lines) < MAX_HUNK_LINES:
        hunk.lines.append(line[1:])


def _is_small(hunks: list[Hunk]) -> bool:
    paths = {hunk.path for hunk in hunks}
    return 0 < len(paths) <= MAX_FILES and sum(hunk.changed for hunk in hunks) <= MAX_CHANGED_LINES
