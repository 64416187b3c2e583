"""A repository's life, commit by commit: what each update costs, and whether the index ends as a fresh one.

python -m benchmarks.replay REPOSITORY [--commits N] [--made]: indexes a clone at the Nth commit before its last one and
then each commit up to that (first parents). With --made, of a plain tree, the commits are made: each changes, adds,
removes and renames some files. Prints seconds and CPU seconds per commit, the disk beside that of a fresh index, and
compares both chunk for chunk.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from benchmarks.processes import folder_bytes
from benchmarks.quality import open_assembly
from benchmarks.updates import GIT, git, tracked_files
from codesearch.assembly import Assembly, open_indexer
from codesearch.core.types import Chunk, DataSource
from indexer.pipeline import SilentProgress


def main() -> None:
    """Replay and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("repository", type=Path)
    parser.add_argument("--commits", type=int, default=100)
    parser.add_argument("--made", action="store_true", help="make the commits; REPOSITORY is a plain tree")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        clone = folder / arguments.repository.resolve().name
        if arguments.made:
            shutil.copytree(arguments.repository, clone, symlinks=True, ignore=shutil.ignore_patterns(".git"))
            git(clone, "init", "--quiet", ".")
            git(clone, "add", "--all")
            git(clone, "commit", "--quiet", "--message", "one")
            steps = make_commits(clone, arguments.commits)
        else:
            git(folder, "clone", "--quiet", str(arguments.repository.resolve()), str(clone))
            steps = walk_commits(clone, arguments.commits)
        print("\n".join(replay(clone, steps, folder)))


def replay(clone: Path, steps: Iterator[int], folder: Path) -> list[str]:
    """Index the clone after each step and return what is to be said of it."""
    seconds: list[float] = []
    cpu: list[float] = []
    segments: list[int] = []
    data_dir = folder / "data"
    most = 0
    with closing(open_assembly(data_dir)) as assembly:
        source = index(assembly, clone)
        before = disk(data_dir)
        for changed in steps:
            begun, cpu_begun = time.monotonic(), cpu_seconds()
            source = index(assembly, clone)
            seconds.append(time.monotonic() - begun)
            cpu.append(cpu_seconds() - cpu_begun)
            segments.append(len(assembly.search_indexes.get(source.id, source.run_id).segments))
            most = max(most, disk(data_dir))
            took = f"{seconds[-1]:.2f} s, {cpu[-1]:.2f} CPU-s"
            print(f"{len(seconds)}: {changed} files, {took}, {segments[-1]} segments", flush=True)
        chunks = chunks_of(assembly, source)
        after = disk(data_dir)
    with closing(open_assembly(folder / "fresh")) as assembly:
        fresh_source = index(assembly, clone)
        is_equal = chunks == chunks_of(assembly, fresh_source)
        fresh = disk(folder / "fresh")
    return [
        f"{len(seconds)} commits, {source.chunk_count:,} chunks at the end",
        f"per commit: median {statistics.median(seconds):.2f} s, {statistics.median(cpu):.2f} CPU-s; "
        f"most {max(seconds):.2f} s, {max(cpu):.2f} CPU-s; at most {max(segments)} segments",
        f"disk: {before / 1e6:.1f} MB at first, {most / 1e6:.1f} at most, {after / 1e6:.1f} at last; "
        f"fresh {fresh / 1e6:.1f} MB: {after / fresh:.2f} times it",
        f"the index is {'equal to' if is_equal else 'NOT EQUAL TO'} a fresh one, chunk for chunk",
    ]


def index(assembly: Assembly, clone: Path) -> DataSource:
    """Bring the clone up to date."""
    indexer = open_indexer(assembly)
    report = indexer.index(str(clone), name=None, branch=None, subdir=None, progress=SilentProgress(), committed=True)
    return report.source


def chunks_of(assembly: Assembly, source: DataSource) -> list[tuple[str, list[Chunk]]]:
    """Return the chunks of each file, by path."""
    found = assembly.search_indexes.get(source.id, source.run_id)
    return [
        (path, [part.chunk_of(row) for row in range(part.first_rows[file], part.first_rows[file + 1])])
        for path, part, file in found.files_below("")
    ]


def disk(data_dir: Path) -> int:
    """Return the bytes of rows and segments."""
    return folder_bytes(data_dir / "store") + folder_bytes(data_dir / "search")


def cpu_seconds() -> float:
    """Return what this process and those that it has waited for took."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(item.ru_utime + item.ru_stime for item in used)


def walk_commits(clone: Path, count: int) -> Iterator[int]:
    """Check out the commit so many before the last one, then each; yield how many files it changed."""
    output = run_git(clone, "log", "--first-parent", "--format=%H", f"--max-count={count + 1}")
    commits = output.split()[::-1]
    git(clone, "checkout", "--quiet", commits[0])

    def walk() -> Iterator[int]:
        for older, newer in pairwise(commits):
            git(clone, "checkout", "--quiet", newer)
            yield len(run_git(clone, "diff", "--name-only", older, newer).splitlines())

    return walk()


def make_commits(clone: Path, count: int) -> Iterator[int]:
    """Make commits of one to twelve files each; yield how many files each touches."""
    chance = random.Random(11)
    for number in range(count):
        paths = [path for path in tracked_files(clone) if (clone / path).is_file()]
        chosen = chance.sample(paths, min(len(paths), chance.choice([1, 1, 2, 3, 5, 12])))
        for path in chosen:
            touch(clone / path, number, chance)
        git(clone, "add", "--all")
        git(clone, "commit", "--quiet", "--allow-empty", "--message", str(number))
        yield len(chosen)


def touch(path: Path, number: int, chance: random.Random) -> None:
    """Change a file: lines gone, moved or added; or remove, rename or double it."""
    kind = chance.random()
    if kind < 0.05:
        path.unlink()
    elif kind < 0.1:
        path.rename(path.with_name(f"moved_{number}_{path.name}"))
    elif kind < 0.15:
        shutil.copyfile(path, path.with_name(f"again_{number}_{path.name}"))
    else:
        lines = path.read_bytes().splitlines(keepends=True)
        place = chance.randrange(len(lines) + 1)
        lines[place : place + chance.randrange(4)] = chance.sample(lines, min(len(lines), chance.randrange(6)))
        path.write_bytes(b"".join(lines))


def run_git(clone: Path, *arguments: str) -> str:
    """Return what git prints."""
    return subprocess.run([*GIT, *arguments], cwd=clone, capture_output=True, check=True, text=True).stdout


if __name__ == "__main__":
    main()
