"""The history of a remote: commits and trees and no contents, from hosts that can leave them out, kept and updated."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from codesearch.core.errors import SourceError
from indexer.source.commit_log import is_ancestor, read_log
from indexer.source.git import Access, Git
from indexer.source.history_mirror import FIRST_DEPTH, REFUSED_SECONDS, HistoryMirror, choose_depth
from indexer.source.mirror import MIRROR_REFERENCE, PACKS_BEFORE_COMPACTION
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.history.history_repositories import commit_as

COMMITS = 22


@pytest.fixture
def origin(make_repository: Callable[..., Repository], request: pytest.FixtureRequest) -> Repository:
    """A repository that leaves out contents when it is asked to, with COMMITS commits after the first one."""
    repository = make_repository(object_format=getattr(request, "param", "sha1"))
    repository.git("config", "uploadpack.allowFilter", "true")
    line = [imported(0, "Begin with everything")]
    line += [imported(number + 1, f"Change number {number}", number) for number in range(COMMITS)]
    import_commits(repository, line)
    return repository


def imported(number: int, subject: str, *parents: int) -> str:
    """Return a commit for `import_commits`, which writes its number to a file; the first parent's comes first."""
    said, at = f"data {len(subject)}\n{subject}", 1_700_000_000 + number
    links = [f"{'from' if not place else 'merge'} :{parent + 1}" for place, parent in enumerate(parents)]
    text = f"M 100644 inline a.py\ndata {len(str(number))}\n{number}"
    head = f"commit refs/heads/main\nmark :{number + 1}\ncommitter A <a@b> {at} +0000"
    return "\n".join([head, said, *links, text, ""])


def import_commits(repository: Repository, commits: list[str]) -> None:
    """Make commits, numbered from 0 on, in one go."""
    repository.git("fast-import", "--quiet", content="\n".join(commits).encode())
    repository.git("reset", "--quiet", "--hard", "main")


def mirror_of(origin: Repository, folder: Path, reference: str = "HEAD") -> HistoryMirror:
    return HistoryMirror(folder / "h" / "id", origin.url, reference, "origin", Access(), 60.0)


def subjects(git: Git, most: int = 1_000) -> list[str]:
    return [commit.subject for commit in read_log(git, MIRROR_REFERENCE, most)]


def tip(origin: Repository) -> str:
    return origin.git("rev-parse", "HEAD")


def kinds(git: Git) -> set[str]:
    listed = git.require("cat-file", "--batch-all-objects", "--batch-check").decode().splitlines()
    return {line.split()[1] for line in listed}


def everything_written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def left_beside(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "h").iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize("origin", ["sha1", "sha256"], indirect=True)
def test_commits_come_without_contents_and_without_the_address(origin: Repository, tmp_path: Path) -> None:
    git = mirror_of(origin, tmp_path).update(tip(origin), 4_000)
    assert git is not None
    assert subjects(git) == [f"Change number {number}" for number in reversed(range(COMMITS))]
    assert kinds(git) == {"commit", "tree"}
    assert str(origin.path).encode() not in everything_written(git.git_dir)
    assert left_beside(tmp_path) == ["id"]


def test_no_more_is_fetched_than_is_wanted(origin: Repository, tmp_path: Path) -> None:
    git = mirror_of(origin, tmp_path).update(tip(origin), 5)
    assert git is not None
    # The oldest of the five has no parent here.
    assert subjects(git) == [f"Change number {number}" for number in range(COMMITS - 1, COMMITS - 5, -1)]


def test_a_later_run_fetches_what_is_new(origin: Repository, tmp_path: Path) -> None:
    mirror, before = mirror_of(origin, tmp_path), tip(origin)
    first = mirror.update(before, 20)
    inode = mirror.folder.stat().st_ino
    for number in range(3):
        commit_as(origin, f"Change again, {number}", {"a.py": f"again {number}"})
    git = mirror.update(tip(origin), 20)
    assert first is not None
    assert git is not None
    assert mirror.folder.stat().st_ino == inode
    assert subjects(git)[:4] == [*(f"Change again, {number}" for number in (2, 1, 0)), f"Change number {COMMITS - 1}"]
    assert is_ancestor(git, before, tip(origin))
    assert kinds(git) == {"commit", "tree"}


def test_a_known_commit_asks_nobody(origin: Repository, tmp_path: Path) -> None:
    mirror = mirror_of(origin, tmp_path)
    assert mirror.update(tip(origin), 20) is not None
    origin.path.rename(tmp_path / "gone")
    git = mirror.update(Repository.git(_at(origin, tmp_path / "gone"), "rev-parse", "HEAD"), 20)
    assert git is not None
    with pytest.raises(SourceError, match="origin"):
        mirror.update("0" * 40, 20)
    # What was there is there.
    assert len(subjects(git)) == FIRST_DEPTH - 1


def _at(repository: Repository, path: Path) -> Repository:
    repository.path = path
    return repository


def test_more_commits_than_before_are_fetched_when_more_are_wanted(origin: Repository, tmp_path: Path) -> None:
    mirror = mirror_of(origin, tmp_path)
    assert mirror.update(tip(origin), 5) is not None
    git = mirror.update(tip(origin), COMMITS)
    assert git is not None
    assert len(subjects(git)) == COMMITS - 1


def test_many_updates_stay_few_packs(origin: Repository, tmp_path: Path) -> None:
    mirror = mirror_of(origin, tmp_path)
    for number in range(PACKS_BEFORE_COMPACTION + 3):
        commit_as(origin, f"Change again, {number}", {"a.py": f"again {number}"})
        git = mirror.update(tip(origin), 20)
    assert git is not None
    assert len(list((mirror.folder / "objects" / "pack").glob("*.pack"))) <= PACKS_BEFORE_COMPACTION
    assert kinds(git) == {"commit", "tree"}
    assert subjects(git)[0] == f"Change again, {PACKS_BEFORE_COMPACTION + 2}"


def test_a_history_that_was_rewritten_is_followed(origin: Repository, tmp_path: Path) -> None:
    mirror, before = mirror_of(origin, tmp_path), tip(origin)
    assert mirror.update(before, 20) is not None
    origin.git("reset", "--quiet", "--hard", "HEAD~3")
    commit_as(origin, "Go another way", {"a.py": "other"})
    git = mirror.update(tip(origin), 20)
    assert git is not None
    assert subjects(git)[:2] == ["Go another way", f"Change number {COMMITS - 4}"]
    assert not is_ancestor(git, before, tip(origin))


@pytest.mark.parametrize("allowed", ["unset", "false", "other"])
def test_a_host_that_cannot_leave_out_contents_is_not_asked_for_any(
    origin: Repository, tmp_path: Path, allowed: str
) -> None:
    if allowed == "other":
        origin.git("config", "uploadpackfilter.allow", "false")
    elif allowed == "unset":
        origin.git("config", "--unset", "uploadpack.allowFilter")
    else:
        origin.git("config", "uploadpack.allowFilter", "false")
    mirror = mirror_of(origin, tmp_path)
    assert mirror.update(tip(origin), 100) is None
    assert left_beside(tmp_path) == ["id"]
    assert [path.name for path in mirror.folder.rglob("*")] == ["refused"]
    # Remembered for a while, then asked again.
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("config", "uploadpackfilter.allow", "true")
    assert mirror.update(tip(origin), 100) is None
    past = time.time() - REFUSED_SECONDS - 1
    os.utime(mirror.folder / "refused", (past, past))
    assert mirror.update(tip(origin), 100) is not None


def test_what_a_killed_run_left_is_removed_and_what_is_damaged_built_anew(origin: Repository, tmp_path: Path) -> None:
    mirror = mirror_of(origin, tmp_path)
    (tmp_path / "h" / "id.new-1" / "objects").mkdir(parents=True)
    git = mirror.update(tip(origin), 20)
    assert git is not None
    assert left_beside(tmp_path) == ["id"]
    for pack in (mirror.folder / "objects" / "pack").iterdir():
        pack.unlink()
    (mirror.folder / "shallow.lock").touch()
    assert mirror.update(tip(origin), 20) is not None
    assert len(subjects(git)) == FIRST_DEPTH - 1
    (mirror.folder / "codesearch-history").write_text("x")
    assert mirror.update(tip(origin), 20) is not None


def test_a_branch_and_a_tag(origin: Repository, tmp_path: Path) -> None:
    origin.git("tag", "-a", "-m", "one", "v1", "HEAD~2")
    commit = origin.git("rev-parse", "v1^{commit}")
    git = mirror_of(origin, tmp_path, "refs/tags/v1").update(commit, 5)
    assert git is not None
    assert subjects(git)[0] == f"Change number {COMMITS - 3}"


def test_how_deep_is_asked() -> None:
    assert choose_depth(0, 0, 4_000) == FIRST_DEPTH
    assert choose_depth(0, 0, 5) == 5
    # Nothing is merged: so many generations are so many commits.
    assert [choose_depth(depth, depth, 4_000) for depth in (16, 128, 1_024, 4_000)] == [128, 1_024, 4_000, 4_000]
    # 16 generations of 2,000 commits: a little more is twice as much.
    assert choose_depth(16, 2_000, 4_000) == 20
    assert choose_depth(16, 3_000, 4_000) == 16
    assert choose_depth(16, 1_000_000, 4_000) == 16
    assert choose_depth(1, 1, 2) == 2


def test_where_much_is_merged_it_stops_in_time(make_repository: Callable[..., Repository], tmp_path: Path) -> None:
    repository = make_repository()
    repository.git("config", "uploadpack.allowFilter", "true")
    # Each generation merges a side branch of ten commits that began at the one before.
    line, main = [imported(0, "Begin with everything")], 0
    for _ in range(60):
        side = main
        for _ in range(10):
            line.append(imported(len(line), "Step aside", side))
            side = len(line) - 1
        line.append(imported(len(line), "Merge it all", main, side))
        main = len(line) - 1
    import_commits(repository, line)
    git = mirror_of(repository, tmp_path).update(tip(repository), 100)
    assert git is not None
    count = int(git.require("rev-list", "--no-merges", "--count", MIRROR_REFERENCE, "--"))
    assert 75 <= count <= 250


def test_another_run_that_is_at_it_is_waited_for(origin: Repository, tmp_path: Path) -> None:
    mirror = mirror_of(origin, tmp_path)
    impatient = HistoryMirror(mirror.folder, mirror.url, "HEAD", "origin", Access(), 0.1)
    mirror.folder.parent.mkdir()
    with FileLock(f"{mirror.folder}.lock"), pytest.raises(SourceError, match="Another run"):
        impatient.update(tip(origin), 20)
