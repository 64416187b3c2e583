"""Small git repositories with real histories: folders of a repository that is at hand, each as it became over time."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.made_repositories import FIRST_COMMIT_SECONDS, SECONDS_BETWEEN, git

# Folders with more than this are left out: what is meant is many small repositories.
_MOST_BYTES = 250_000
_LEAST_FILES = 3


@dataclass(frozen=True, slots=True)
class Taken:
    """Some successive states of a folder, as the trees of a repository whose objects are borrowed."""

    number: int
    objects: Path
    trees: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """The repository's name: `taken-0007`."""
        return f"taken-{self.number:04}"

    def queries(self, count: int) -> list[str]:
        """Return questions of words that its paths have."""
        chance = random.Random(self.number)
        return [" ".join(chance.choices(self.words, k=3)) for _ in range(count)]

    def make(self, folder: Path, commits: int) -> Path:
        """Make the repository with its first commits below a folder, without a work tree; return where it is."""
        repository = folder / self.name
        repository.mkdir(parents=True)
        git(repository, "init", "--quiet", "--bare", "--template=", "--initial-branch=main", ".")
        (repository / "objects" / "info").mkdir(exist_ok=True)
        (repository / "objects" / "info" / "alternates").write_text(f"{self.objects}\n")
        stream = b"".join(self._stream_commit(number, "") for number in range(commits))
        git(repository, "fast-import", "--quiet", given=stream)
        return repository

    def add_commit(self, repository: Path, commit: int) -> None:
        """Add what the folder became next; after its last state, the one before that again."""
        git(repository, "fast-import", "--quiet", given=self._stream_commit(commit, "from refs/heads/main^0\n"))

    def _stream_commit(self, number: int, parent: str) -> bytes:
        last = len(self.trees) - 1
        tree = self.trees[number if number <= last else last - (number - last) % 2]
        message, moment = f"Change {number}", FIRST_COMMIT_SECONDS + number * SECONDS_BETWEEN
        return (
            f"commit refs/heads/main\ncommitter Taken <taken@example.com> {moment} +0000\n"
            f'data {len(message)}\n{message}\n{parent}M 040000 {tree} ""\n'
        ).encode()


def take_repositories(repository: Path, count: int, commits: int) -> list[Taken]:
    """Return so many, of `commits` states and one more each, no two the same; raises ValueError where there are fewer.

    Each folder gives one for each state that it can begin with. They are taken from all folders in turns, from late to
    early states.
    """
    objects = Path(_ask(repository, "rev-parse", "--path-format=absolute", "--git-path", "objects").strip())
    windows = [_read_folder(repository, path, commits + 1) for path in _list_folders(repository)]
    taken: list[Taken] = []
    for turn in range(max((len(states) for states, _ in windows), default=0)):
        for states, words in windows:
            if turn < len(states) and len(taken) < count:
                taken.append(Taken(len(taken), objects, states[-1 - turn], words))
    if len(taken) < count:
        raise ValueError(f"{repository} gives {len(taken)} repositories of {commits} commits.")
    return taken


def _list_folders(repository: Path) -> Iterator[str]:
    sizes: dict[str, list[int]] = {}
    for line in _ask(repository, "ls-tree", "-r", "-l", "--full-tree", "HEAD").splitlines():
        described, path = line.split("\t")
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            sizes.setdefault("/".join(parts[:depth]), []).append(int(described.split()[3]))
    yield from (path for path, files in sizes.items() if len(files) >= _LEAST_FILES and sum(files) <= _MOST_BYTES)


def _read_folder(repository: Path, path: str, states: int) -> tuple[list[tuple[str, ...]], tuple[str, ...]]:
    """Return the runs of so many successive states of a folder, and the words of its paths."""
    commits = _ask(repository, "log", "--format=%H", "--reverse", "--first-parent", "--", path).split()
    asked = "".join(f"{commit}:{path}\n" for commit in commits)
    answers = _ask(repository, "cat-file", "--batch-check=%(objectname) %(objecttype)", given=asked).splitlines()
    trees = [answer.split()[0] for answer in answers if answer.endswith(" tree")]
    runs = [tuple(trees[begin : begin + states]) for begin in range(len(trees) - states + 1)]
    names = _ask(repository, "ls-tree", "-r", "--name-only", f"HEAD:{path}")
    return runs, tuple(sorted(set(re.findall(r"[a-z]{3,}", names)))) or (path,)


def _ask(repository: Path, *arguments: str, given: str = "") -> str:
    return subprocess.run(
        ["git", *arguments], cwd=repository, input=given, check=True, capture_output=True, text=True
    ).stdout
