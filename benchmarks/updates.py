"""What changes cost: a first index, one changed file, a second branch, and what a killed first index does again.

python -m benchmarks.updates TREE [--beside CHECKOUT] [--rounds N] [--kill-at 0.8] [--write]: copies the tree into a git
repository, and indexes that with `codesearch index` in processes of their own; with --beside another checkout of
codesearch does the same in turns. The folder for it needs room for the tree, twice the index, and three times that with
--beside.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import ProcessWatch

ROOT = Path(__file__).parents[1]
# Of all files, so many differ on the second branch.
BRANCH_SHARE = 0.01
GIT = ("git", "-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com", "-c", "commit.gpgsign=false")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took: seconds by the clock and of CPU, and the most resident memory of all its processes."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.cpu_seconds:.1f} CPU-s, {self.peak_bytes / 1e6:.0f} MB"


class Build:
    """One checkout of codesearch with a data folder of its own."""

    def __init__(self, name: str, checkout: Path, folder: Path) -> None:
        """Keep where it is; `folder` holds what it writes."""
        self.name = name
        self.data_dir = folder / f"data-{name}"
        self._environment = {**os.environ, "PYTHONPATH": str(checkout), "CODESEARCH_DATA_DIR": str(self.data_dir)}
        self._folder = checkout

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start `codesearch index` with these arguments."""
        command = [sys.executable, "-m", "codesearch.cli", "index", *arguments, "--json"]
        return subprocess.Popen(command, env=self._environment, cwd=self._folder, stdout=subprocess.PIPE)

    def index(self, *arguments: str) -> tuple[Cost, dict[str, object]]:
        """Run `codesearch index` and return what it took and what it reports."""
        begun = time.monotonic()
        process = self.start(*arguments)
        with ProcessWatch(process.pid) as watch:
            output, _ = process.communicate()
        if process.returncode:
            raise SystemExit(f"{self.name}: codesearch index ended with {process.returncode}")
        # The process itself has ended: what it and its children used, /proc no longer says exactly.
        return Cost(time.monotonic() - begun, watch.cpu_seconds, watch.peak_bytes), json.loads(output)

    def disk_bytes(self) -> int:
        """Return what the index takes, what has two names once."""
        found = {}
        for path in (*self.data_dir.glob("store/**/*"), *self.data_dir.glob("search/**/*")):
            if path.is_file():
                status = path.stat()
                found[status.st_ino] = status.st_size
        return sum(found.values())


def main() -> None:
    """Measure the builds in turns and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tree", type=Path, metavar="TREE")
    parser.add_argument("--beside", type=Path, metavar="CHECKOUT", help="another build, to compare with")
    parser.add_argument("--rounds", type=int, default=3, help="changed files, one after another")
    parser.add_argument("--kill-at", type=float, default=0.8, help="share of a first index's time; 0 leaves it out")
    parser.add_argument("--folder", type=Path, help="where to work; default: a temporary folder")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table there, too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as temporary:
        folder = Path(temporary)
        builds = [Build("now", ROOT, folder)]
        if arguments.beside:
            builds.append(Build("before", arguments.beside.resolve(), folder))
        lines = measure(arguments.tree, folder, builds, arguments.rounds, arguments.kill_at)
    print("\n".join(lines))
    if arguments.write:
        arguments.write.write_text("\n".join([*lines, ""]), encoding="utf-8")


def measure(tree: Path, folder: Path, builds: list[Build], rounds: int, kill_at: float) -> list[str]:
    """Return the table's lines."""
    repository = folder / "repository"
    shutil.copytree(tree, repository, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    git(repository, "init", "--quiet", ".")
    git(repository, "add", "--all")
    git(repository, "commit", "--quiet", "--message", "one")
    rows: dict[str, dict[str, str]] = {}
    first: dict[str, Cost] = {}

    def note(what: str, build: Build, value: object) -> None:
        rows.setdefault(what, {})[build.name] = str(value)
        print(f"{build.name}: {what}: {value}", file=sys.stderr, flush=True)

    for build in builds:
        first[build.name], report = build.index(str(repository), "--committed", "--name", "tree")
        note("first index", build, first[build.name])
        note("files, chunks", build, f"{report['files']:,}, {report['chunks']:,}")
        note("disk", build, f"{build.disk_bytes() / 1e6:.0f} MB")
    paths = tracked_files(repository)
    for number in range(rounds):
        change(repository, [paths[len(paths) // 2]], f"round {number}")
        for build in builds:
            note(f"one changed file, {number + 1}", build, build.index(str(repository), "--committed")[0])
    measure_branch(repository, paths, builds, note)
    if kill_at:
        for build in builds:
            shutil.rmtree(build.data_dir)
            note(
                f"first index, after a kill at {kill_at:.0%} of its time",
                build,
                kill_and_go_on(build, repository, first[build.name], kill_at),
            )
    head = ["", *(build.name for build in builds)]
    table = [
        head,
        ["---"] * len(head),
        *([what, *(of.get(build.name, "") for build in builds)] for what, of in rows.items()),
    ]
    text = sum(path.stat().st_size for path in (repository / path for path in paths) if path.is_file())
    return [f"{tree.name}: {len(paths):,} files, {text / 1e6:.0f} MB", "", *(f"| {' | '.join(row)} |" for row in table)]


def measure_branch(
    repository: Path, paths: list[str], builds: list[Build], note: Callable[[str, Build, object], None]
) -> None:
    """Index a second branch on which some files differ."""
    git(repository, "checkout", "--quiet", "-b", "second")
    chosen = random.Random(5).sample(paths, max(1, round(BRANCH_SHARE * len(paths))))
    change(repository, chosen, "second branch")
    git(repository, "checkout", "--quiet", "-")
    for build in builds:
        before = build.disk_bytes()
        cost, _ = build.index(str(repository), "--branch", "second", "--name", "second")
        note(f"second branch, {len(chosen)} files differ", build, cost)
        more = build.disk_bytes() - before
        note("its disk", build, f"{more / 1e6:.1f} MB, {more / before:.1%} more")


def kill_and_go_on(build: Build, repository: Path, first: Cost, share: float) -> str:
    """Kill a first index after a share of its time, run it again, and return what that took."""
    process = build.start(str(repository), "--committed", "--name", "tree")
    time.sleep(share * first.seconds)
    process.kill()
    process.communicate()
    time.sleep(2)
    cost, report = build.index(str(repository), "--committed", "--name", "tree")
    return f"{cost}; {report['unchanged_files']:,} files were there"


def change(repository: Path, paths: Iterable[str], word: str) -> None:
    """Append a comment to files, and commit that."""
    for path in paths:
        with (repository / path).open("a", encoding="utf-8") as file:
            file.write(f"\n/* {word} */\n")
    git(repository, "commit", "--quiet", "--all", "--message", word)


def tracked_files(repository: Path) -> list[str]:
    """Return the paths of the files, in order."""
    output = subprocess.run([*GIT, "ls-files", "-z"], cwd=repository, capture_output=True, check=True).stdout
    return [path for path in output.decode("utf-8", "surrogateescape").split("\0") if path]


def git(repository: Path, *arguments: str) -> None:
    """Run git in a repository."""
    subprocess.run([*GIT, *arguments], cwd=repository, check=True)


if __name__ == "__main__":
    main()
