"""Which paths of a folder its .gitignore files leave out: by git's own matching where there is git, in bounded time.

git gets copies of those files, in a repository of ours that has nothing but them and empty folders: what it does
depends on nothing else that lies in the folder, and how much it has to read and match is bounded before.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from codesearch.core.errors import SourceError
from indexer.source.git import Git

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILE = ".gitignore"
MAX_IGNORE_BYTES = 256 << 10
MAX_PATTERNS = 10_000
MAX_PATTERN_BYTES = 1_000
# git takes some microseconds a path. What keeps it for longer is a pattern that tries everything.
GIT_SECONDS = 10.0
PATHS_PER_SECOND = 1_000
# Without git: each further asterisk in a part of a path multiplies the ways to match it with the path's length.
MAX_STARS_IN_PART = 3
MAX_DOUBLE_STARS = 2
OWN_SECONDS = 60.0


class IgnoreFiles:
    """The .gitignore files of one folder; a context manager. `notes` says, a line each, what of them is not followed.

    Files are added from the root downwards, each before the first question about a path below it.
    """

    def __init__(self, display: str) -> None:
        self.notes: list[str] = []
        self._display = display
        self._lines: dict[str, list[bytes]] = {}
        self._matcher: _GitMatcher | _OwnMatcher | None = None

    def add(self, prefix: str, content: bytes) -> None:
        """Follow the .gitignore of the folder `prefix`: "" for the root, else with a slash at its end."""
        lines = self._vet(f"{prefix}{IGNORE_FILE}", content)
        if lines:
            self._lines[prefix] = lines
            if self._matcher is not None:
                self._try(lambda: self._open().add(prefix, lines))

    def find_ignored(self, paths: Sequence[str]) -> set[str]:
        """Return those of the paths that are ignored. Folders end with a slash; none is below an ignored one.

        Raises SourceError when the patterns keep even the bounded matching too long.
        """
        if not self._lines or not paths:
            return set()
        return self._try(lambda: self._open().find_ignored(paths))

    def _open(self) -> _GitMatcher | _OwnMatcher:
        if self._matcher is None:
            self._matcher = _GitMatcher(self._display)
            for prefix, lines in self._lines.items():
                self._matcher.add(prefix, lines)
        return self._matcher

    def _try(self, step: Callable[[], set[str] | None]) -> set[str]:
        """Take a step with git, and without it where it cannot answer."""
        try:
            return step() or set()
        except _GitCannotError as error:
            if error.note:
                self.notes.append(error.note)
            self.close()
            self._matcher = own = _OwnMatcher(self._display, self.notes)
            for prefix, lines in self._lines.items():
                own.add(prefix, lines)
            return step() or set()

    def _vet(self, path: str, content: bytes) -> list[bytes]:
        if len(content) > MAX_IGNORE_BYTES:
            self.notes.append(f"Of {path} only the first {MAX_IGNORE_BYTES:,} bytes are followed.")
            content = content[:MAX_IGNORE_BYTES].rpartition(b"\n")[0]
        kept: list[bytes] = []
        for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
            if not line.strip() or line.startswith(b"#"):
                continue
            if len(line) > MAX_PATTERN_BYTES:
                self.notes.append(f"Line {number} of {path} is passed over: it is longer than any pattern.")
            elif len(kept) == MAX_PATTERNS:
                self.notes.append(f"Of {path} only the first {MAX_PATTERNS:,} patterns are followed.")
                break
            else:
                kept.append(line)
        return kept

    def close(self) -> None:
        """Remove what was written for git."""
        if self._matcher is not None:
            self._matcher.close()

    def __enter__(self) -> IgnoreFiles:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _GitCannotError(Exception):
    """There is no git, or it did not answer in time; `note` says so where a person should know."""

    def __init__(self, note: str = "") -> None:
        super().__init__(note)
        self.note = note


class _GitMatcher:
    """Asks `git check-ignore` in a repository of its own, which holds copies of the files and empty folders."""

    def __init__(self, display: str) -> None:
        self._display = display
        try:
            self._folder = tempfile.TemporaryDirectory(prefix="codesearch-", ignore_cleanup_errors=True)
            self._root = Path(self._folder.name) / "tree"
            git_dir = Path(self._folder.name) / "git"
            for folder in (self._root, git_dir / "objects", git_dir / "refs"):
                folder.mkdir(parents=True)
            (git_dir / "HEAD").write_text("ref: refs/heads/main\n")
        except OSError as error:
            raise _GitCannotError from error
        self._git = Git(git_dir, display=display)

    def add(self, prefix: str, lines: Sequence[bytes]) -> None:
        try:
            folder = self._root / prefix
            folder.mkdir(parents=True, exist_ok=True)
            (folder / IGNORE_FILE).write_bytes(b"\n".join([*lines, b""]))
        except OSError as error:
            raise _GitCannotError from error

    def find_ignored(self, paths: Sequence[str]) -> set[str]:
        try:
            for path in paths:
                if path.endswith("/"):
                    # A pattern for folders alone is matched by what is a folder.
                    (self._root / path).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _GitCannotError from error
        asked = {f"./{path.rstrip('/')}": path for path in paths}
        output = self._ask("".join(f"{path}\0" for path in asked).encode("utf-8", "surrogateescape"), len(paths))
        found = output.decode("utf-8", "surrogateescape").split("\0")
        return {asked[path] for path in found if path in asked}

    def _ask(self, question: bytes, count: int) -> bytes:
        options = ["-c", "core.excludesFile=", f"--work-tree={self._root}"]
        try:
            with self._git.start(*options, "check-ignore", "-z", "--stdin", "--no-index", with_input=True) as running:
                output, _ = running.process.communicate(question, GIT_SECONDS + count / PATHS_PER_SECOND)
                status = running.process.returncode
        except SourceError as error:
            raise _GitCannotError from error
        except subprocess.TimeoutExpired as error:
            raise _GitCannotError(
                f"git takes too long to match the {IGNORE_FILE} files of {self._display}; patterns with many asterisks "
                "are passed over."
            ) from error
        # 1: none of them is ignored.
        if status not in (0, 1):
            raise _GitCannotError
        return output

    def close(self) -> None:
        self._folder.cleanup()


class _OwnMatcher:
    """Matches without git, by regular expressions: passes over patterns that could take long."""

    def __init__(self, display: str, notes: list[str]) -> None:
        self._display = display
        self._notes = notes
        # Here and not at the top: where there is git, nobody waits for it.
        from pathspec import GitIgnoreSpec

        self._parse = GitIgnoreSpec.from_lines
        self._rules: dict[str, GitIgnoreSpec] = {}
        self._deadline = time.monotonic() + OWN_SECONDS

    def add(self, prefix: str, lines: Sequence[bytes]) -> None:
        self._rules[prefix] = self._parse(self._compilable(prefix, lines))

    def _compilable(self, prefix: str, lines: Sequence[bytes]) -> Iterator[str]:
        for raw in lines:
            line = raw.decode("utf-8", "surrogateescape").removesuffix("\r")
            try:
                self._parse([line])
                problem = "has many asterisks" if _is_slow(line) else None
            except (ValueError, re.error, OverflowError, RecursionError):
                # git takes those for patterns that match nothing.
                problem = "is no pattern"
            if problem is None:
                yield line
            else:
                self._notes.append(f"A line of {prefix}{IGNORE_FILE} is passed over, it {problem}: {line[:80]!r}")

    def find_ignored(self, paths: Iterable[str]) -> set[str]:
        return {path for path in paths if self._is_ignored(path)}

    def _is_ignored(self, path: str) -> bool:
        """Say whether the nearest file with an opinion ignores the path."""
        if time.monotonic() > self._deadline:
            raise SourceError(
                f"The {IGNORE_FILE} files of {self._display} take too long to match; shorten them, or install git."
            )
        end = len(path.rstrip("/"))
        while end >= 0:
            end = path.rfind("/", 0, end)
            prefix = path[: end + 1]
            if prefix in self._rules:
                opinion = self._rules[prefix].check_file(path.removeprefix(prefix)).include
                if opinion is not None:
                    return opinion
        return False

    def close(self) -> None:
        """There is nothing to remove."""


def _is_slow(pattern: str) -> bool:
    parts = pattern.strip().removeprefix("!").split("/")
    return (
        sum("**" in part for part in parts) > MAX_DOUBLE_STARS
        or max(len(re.findall(r"\*+", part)) for part in parts) > MAX_STARS_IN_PART
    )
