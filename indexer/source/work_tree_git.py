"""What git knows of a work tree, asked without looking at the content of a file: no filter, no hook, no monitor runs.

work_tree.py asks here: which files are tracked, which are not and not ignored either, which are ignored and by what.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from codesearch.core.errors import SourceError
from indexer.source.git import Git
from indexer.source.git_snapshot import SUBMODULE_MODE
from indexer.source.local_repository import LocalRepository

# What a person's own configuration calls it where it says nothing.
_DEFAULT_EXCLUDES = "~/.config/git/ignore"
_OWN_SCOPES = frozenset({"system", "global", "command"})
# Of more ignored files and folders than these, the rest goes without the rule that says so.
MAX_EXPLAINED = 10_000
_SOME_RULE = ".gitignore"


@dataclass(frozen=True, slots=True)
class Tracked:
    """An entry of git's index. `is_sparse` says that a sparse checkout leaves it out of the work tree."""

    path: str
    mode: int
    is_sparse: bool

    @property
    def is_submodule(self) -> bool:
        """Whether it stands for another repository."""
        return self.mode == SUBMODULE_MODE


class WorkTreeGit:
    """Git on one work tree, asked about a sub-folder (None: all). Paths are from the root, with `/`."""

    def __init__(self, repository: LocalRepository, root: Path, subdir: str | None) -> None:
        """Point git at the work tree in `root`. Raises SourceError."""
        self.git = repository.git.at_work_tree(root, repository.git_dir / "index")
        self._root = root
        self._subdir = subdir
        self._scope = ("--", f"{subdir}/") if subdir else ()
        self._options = _own_excludes(repository.git)

    def list_files(self) -> tuple[list[Tracked], list[str]]:
        """Return the entries of the index, and what is neither tracked nor ignored; each path once, in path order.

        Another repository, which is not tracked, ends with a slash.
        """
        tracked: dict[str, Tracked] = {}
        untracked: set[str] = set()
        options = ("-t", "--stage", "--others", "--exclude-standard", "-z")
        for record in _split(self.git.require(*self._options, "ls-files", *options, *self._scope)):
            if record.startswith("? "):
                untracked.add(record[2:])
                continue
            head, _, path = record.partition("\t")
            tag, mode, *_ = head.split()
            tracked[path] = Tracked(path, int(mode, 8), tag == "S")
        return [tracked[path] for path in sorted(tracked)], sorted(untracked - tracked.keys())

    def list_ignored(self) -> dict[str, str]:
        """Return what is ignored, folders as one with a slash at their end, each with the rule that says so."""
        if self._subdir and (rule := self.find_rules([self._subdir]).get(self._subdir)):
            return {f"{self._subdir}/": rule}
        arguments = ("--others", "--ignored", "--exclude-standard")
        try:
            listed = self._list(*arguments, "--directory")
        except SourceError:
            # git 2.39 gives up on some sub-folders of folders that are not tracked.
            listed = self._list(*arguments)
        whole = list[str]()
        for path in listed:
            if not (whole and whole[-1].endswith("/") and path.startswith(whole[-1])):
                whole.append(path)
        rules = self.find_rules(whole[:MAX_EXPLAINED])
        return {path: rules.get(path, _SOME_RULE) for path in whole}

    def find_rules(self, paths: Sequence[str]) -> dict[str, str]:
        """Return for those of the paths that are ignored the rule, as `FILE: PATTERN`."""
        if not paths:
            return {}
        question = "".join(f"./{path}\0" for path in paths).encode("utf-8", "surrogateescape")
        outcome = self.git.run(
            *self._options, "check-ignore", "--verbose", "-z", "--stdin", "--no-index", content=question
        )
        fields = _split(outcome.output)
        groups = zip(fields[::4], fields[2::4], fields[3::4], strict=False)
        return {
            path.removeprefix("./"): f"{source.removeprefix(f'{self._root}/')}: {pattern}"
            for source, pattern, path in groups
            if not pattern.startswith("!")
        }

    def find_ignored(self, paths: Sequence[str]) -> set[str]:
        """Return those of the paths that are ignored and not tracked, be they there or not any more.

        Raises SourceError where git cannot say, such as for what lies in another repository.
        """
        question = "".join(f"./{path}\0" for path in paths).encode("utf-8", "surrogateescape")
        outcome = self.git.run(*self._options, "check-ignore", "-z", "--stdin", content=question)
        if outcome.status not in (0, 1):
            raise self.git.failure(outcome.error_text)
        return {path.removeprefix("./") for path in _split(outcome.output)}

    def read_commit_ids(self, commit: str) -> dict[str, str]:
        """Return the blob ids of a commit's files, by path."""
        found: dict[str, str] = {}
        for record in _split(self.git.require("ls-tree", "-r", "-z", "--full-tree", commit, *self._scope)):
            head, _, path = record.partition("\t")
            found[path] = head.split()[2]
        return found

    def _list(self, *arguments: str) -> list[str]:
        return sorted(_split(self.git.require(*self._options, "ls-files", "-z", *arguments, *self._scope)))


def _own_excludes(git: Git) -> Iterable[str]:
    """Return the options that keep core.excludesFile to what the person's own configuration says of it.

    The repository's may name any file, whose lines would be taken for patterns.
    """
    outcome = git.run("config", "--show-scope", "-z", "--get-all", "core.excludesFile")
    fields = outcome.output.decode("utf-8", "surrogateescape").split("\0")
    values = list(zip(fields[::2], fields[1::2], strict=False))
    if all(scope in _OWN_SCOPES for scope, _ in values):
        return ()
    own = [value for scope, value in values if scope in _OWN_SCOPES]
    return ("-c", f"core.excludesFile={own[-1] if own else _DEFAULT_EXCLUDES}")


def _split(output: bytes) -> list[str]:
    return output.decode("utf-8", "surrogateescape").split("\0")[:-1]
