"""Work trees as they are on disk: which files they hold, what is known of each, and which are read again."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from codesearch.core.config import load_settings
from codesearch.core.errors import SourceError
from codesearch.core.types import HEAD
from indexer.source import tree_reader
from indexer.source.discovery import find_repository
from indexer.source.git import Git, GitProcess
from indexer.source.location import choose_branch
from indexer.source.opening import Snapshot, open_source, parse_location
from indexer.source.rules import Choices
from indexer.source.skipping import Skipped
from indexer.source.snapshot import blob_id
from indexer.source.walk import walk
from tests.unit.indexer.conftest import FIRST_COMMIT_AT, Repository

MakeRepository = Callable[..., Repository]
FILES = {"a.py": "a = 1\n", "lib/b.py": "b = 1\n", "lib/deep/c.py": "c = 1\n"}
# Longer than the tick of a file system's clock: what was written before is known to be as it was read.
SETTLED_SECONDS = 0.15


@pytest.fixture
def repository(make_repository: MakeRepository) -> Repository:
    made = make_repository()
    made.commit(FILES)
    return made


def open_at(
    place: object, folder: Path, branch: str | None = None, subdir: str | None = None, **settings: object
) -> Snapshot:
    location = parse_location(str(place))
    mirrors, states = folder / "mirrors", folder / "trees"
    chosen = load_settings(**settings)
    return open_source(location, branch=branch, subdir=subdir, mirrors_dir=mirrors, states_dir=states, settings=chosen)


def write(root: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content.encode() if isinstance(content, str) else content)


def read(snapshot: Snapshot) -> dict[str, str]:
    found = snapshot.read(snapshot.list_files())
    return {entry.path: content.decode() for entry, content in found if isinstance(content, bytes)}


def skipped_by(snapshot: Snapshot) -> dict[str, str]:
    return {item.path: item.reason.value for item in snapshot.listing().skipped}


def test_what_lies_on_disk_is_read_whatever_git_has_of_it(repository: Repository, tmp_path: Path) -> None:
    commit = repository.git("rev-parse", "HEAD")
    write(repository.path, {"a.py": "a = 2\n", "staged.py": "s = 1\n", "new/untracked.py": "u = 1\n"})
    repository.git("add", "staged.py")
    write(repository.path, {"staged.py": "s = 2\n"})
    (repository.path / "lib/b.py").unlink()
    repository.git("rm", "--quiet", "--cached", "lib/deep/c.py")
    with open_at(repository.path, tmp_path) as snapshot:
        assert (snapshot.kind, snapshot.commit, snapshot.committed_at) == ("work tree", commit, FIRST_COMMIT_AT)
        assert read(snapshot) == {
            "a.py": "a = 2\n", "lib/deep/c.py": "c = 1\n", "new/untracked.py": "u = 1\n", "staged.py": "s = 2\n",
        }  # fmt: skip
        paths = [entry.path for entry in snapshot.list_files()]
        assert snapshot.uncommitted(paths) == ["a.py", "new/untracked.py", "staged.py"]


def test_times_are_those_of_commits_and_of_changes_on_disk(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"lib/b.py": "b = 2\n"})
    write(repository.path, {"a.py": "a = 2\n"})
    os.utime(repository.path / "a.py", (1, 1_500_000_000))
    with open_at(repository.path, tmp_path) as snapshot:
        found = {file.path: file.modified_at for file in walk(snapshot)}
    assert found == {"a.py": 1_500_000_000, "lib/b.py": FIRST_COMMIT_AT + 3600, "lib/deep/c.py": FIRST_COMMIT_AT}


@pytest.mark.parametrize("place", ["lib", "lib/deep"])
def test_a_sub_folder_keeps_to_the_rules_above_it(repository: Repository, tmp_path: Path, place: str) -> None:
    root = repository.path
    write(
        root,
        {
            ".gitignore": "*.secret\n/lib/deep/gen/\n",
            "lib/.gitignore": "local.*\n",
            ".gitattributes": "odd.py linguist-generated\n",
        },
    )
    write(
        root, {"lib/deep/.env": "x", ".git/info/exclude": ".env\n", "lib/deep/x.secret": "x", "lib/deep/local.py": "x"}
    )
    write(root, {"lib/deep/gen/g.py": "x", "lib/deep/odd.py": "x = 1\n", "lib/deep/kept.py": "k = 1\n"})
    write(root, {"lib/deep/tracked.secret": "t"})
    repository.git("add", "--force", "lib/deep/tracked.secret")
    with open_at(root / place, tmp_path) as snapshot:
        found = walk(snapshot)
        files = {f"{place}/{file.path}" for file in found}
        skipped = {f"{place}/{item.path}": item.detail for item in found.skipped}
    assert files - {"lib/b.py", "lib/.gitignore"} == {
        "lib/deep/c.py", "lib/deep/kept.py", "lib/deep/tracked.secret",
    }  # fmt: skip
    assert skipped == {
        "lib/deep/.env": ".git/info/exclude: .env",
        "lib/deep/x.secret": ".gitignore: *.secret",
        "lib/deep/local.py": "lib/.gitignore: local.*",
        "lib/deep/gen/": ".gitignore: /lib/deep/gen/",
        "lib/deep/odd.py": ".gitattributes: linguist-generated",
    }


def test_a_sub_folder_is_a_source_with_paths_of_its_own(repository: Repository, tmp_path: Path) -> None:
    write(repository.path, {"lib/deep/data/d.py": "d = 1\n", "data/e.py": "e = 1\n"})
    choices = Choices(exclude=("/deep/data/",))
    for branch in (None, HEAD):
        with open_at(repository.path / "lib", tmp_path, branch) as snapshot:
            known = {"b.py": blob_id(b"b = 1\n", "sha1")}
            found = walk(snapshot, known=known, choices=choices)
            assert [file.path for file in found] == ["deep/c.py"]
            assert found.unchanged == ["b.py"]
            assert [item.path for item in found.skipped] == ([] if branch else ["deep/data/d.py"])
            assert found.find_uncommitted() == (None if branch else ())
    with open_at(repository.path / "lib", tmp_path, None, "deep") as snapshot:
        assert [file.path for file in walk(snapshot)] == ["deep/c.py", "deep/data/d.py"]


def test_an_ignored_folder_holds_nothing_but_what_is_tracked(repository: Repository, tmp_path: Path) -> None:
    write(repository.path, {".gitignore": "/out/\n", "out/deep/bundle.py": "x", "out/deep/kept.py": "k"})
    repository.git("add", "--force", "out/deep/kept.py")
    with open_at(repository.path / "out" / "deep", tmp_path) as snapshot:
        assert read(snapshot) == {"out/deep/kept.py": "k"}
        (skipped,) = snapshot.listing().skipped
        assert (skipped.path, skipped.detail) == ("out/deep/", ".gitignore: /out/")
        assert skipped.override == "take the pattern out of .gitignore"


def test_only_what_changed_is_read_again(repository: Repository, tmp_path: Path) -> None:
    write(repository.path, {"same-size.py": "x = 1\n", "untracked.py": "u = 1\n", "crlf.py": "c = 1\r\n"})
    time.sleep(SETTLED_SECONDS)
    with open_at(repository.path, tmp_path) as snapshot:
        assert {entry.content_id for entry in snapshot.list_files()} == {None}
        known = {file.path: file.content_id for file in walk(snapshot)}
    times = (repository.path / "same-size.py").stat()
    write(repository.path, {"same-size.py": "x = 2\n"})
    os.utime(repository.path / "same-size.py", ns=(times.st_atime_ns, times.st_mtime_ns))
    repository.git("add", "untracked.py")
    with open_at(repository.path, tmp_path) as snapshot:
        assert [entry.path for entry in snapshot.list_files() if entry.content_id is None] == ["same-size.py"]
        found = walk(snapshot, known=known)
        assert (found.planned, [file.text for file in found]) == (1, ["x = 2\n"])
        assert len(found.unchanged) == len(FILES) + 2
        assert found.find_uncommitted() == ("crlf.py", "same-size.py", "untracked.py")


def test_an_unchanged_work_tree_takes_few_processes(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of hundreds of sources without changes, starting git is most of the work."""
    asked: list[tuple[str, ...]] = []
    start = Git.start

    def count(git: Git, *arguments: str, **options: bool) -> GitProcess:
        asked.append(arguments)
        return start(git, *arguments, **options)

    monkeypatch.setattr(Git, "start", count)
    with open_at(repository.path, tmp_path) as snapshot:
        assert len(walk(snapshot).skipped) == 0
    assert len(asked) == 6, asked


def test_what_was_written_a_moment_ago_is_read_again(repository: Repository, tmp_path: Path) -> None:
    """A later change within the same tick of the clock would not show."""
    now = time.time() + 5
    for path in (repository.path / name for name in FILES):
        os.utime(path, (now, now))
    for _ in range(2):
        with open_at(repository.path, tmp_path) as snapshot:
            assert {entry.content_id for entry in snapshot.list_files()} == {None}
            read(snapshot)


@pytest.mark.parametrize("damage", [b"", b"nonsense\n", b"codesearch file states 1\tsha1\t/elsewhere\n", b"\xff\xfe"])
def test_damaged_states_count_for_nothing(damage: bytes, repository: Repository, tmp_path: Path) -> None:
    time.sleep(SETTLED_SECONDS)
    with open_at(repository.path, tmp_path) as snapshot:
        read(snapshot)
    (states,) = (tmp_path / "trees").iterdir()
    assert states.stat().st_mode & 0o077 == 0
    whole = states.read_bytes()
    states.write_bytes(damage)
    with open_at(repository.path, tmp_path) as snapshot:
        assert {entry.content_id for entry in snapshot.list_files()} == {None}
        read(snapshot)
    assert states.read_bytes() == whole


def test_a_committed_file_is_known_by_its_content(repository: Repository, tmp_path: Path) -> None:
    """Also one whose line ends git changes between the repository and the disk."""
    repository.commit({"crlf.py": "c = 1\n"})
    write(repository.path, {"crlf.py": "c = 1\r\n"})
    os.utime(repository.path / "a.py")
    with open_at(repository.path, tmp_path) as snapshot:
        assert read(snapshot)["crlf.py"] == "c = 1\r\n"
        assert snapshot.uncommitted(["a.py", "crlf.py"]) == []


def test_a_repository_of_sha256(make_repository: MakeRepository, tmp_path: Path) -> None:
    repository = make_repository("other", object_format="sha256")
    repository.commit(FILES)
    with open_at(repository.path, tmp_path, HEAD) as snapshot:
        known = {file.path: file.content_id for file in walk(snapshot)}
    with open_at(repository.path, tmp_path) as snapshot:
        found = walk(snapshot, known=known)
        assert (list(found), found.unchanged, found.find_uncommitted()) == ([], sorted(FILES), ())


def test_links_submodules_other_repositories_and_pipes_are_counted(
    repository: Repository, make_repository: MakeRepository, tmp_path: Path
) -> None:
    other = make_repository("other")
    other.commit({"x.py": "x = 1\n"})
    root = repository.path
    repository.git("submodule", "--quiet", "add", other.url, "module")
    other.git("clone", "--quiet", ".", str(root / "nested"))
    (root / "link.py").symlink_to("a.py")
    (root / "a.py").unlink()
    os.mkfifo(root / "a.py")
    with open_at(root, tmp_path) as snapshot:
        assert set(read(snapshot)) == {".gitmodules", "lib/b.py", "lib/deep/c.py"}
        assert skipped_by(snapshot) == {
            "a.py": "special", "link.py": "link", "module": "submodule", "nested/": "submodule",
        }  # fmt: skip
    for place in ("module", "nested"):
        assert read(open_at(root / place, tmp_path)) == {"x.py": "x = 1\n"}


def test_a_sparse_checkout_says_what_is_not_there(repository: Repository, tmp_path: Path) -> None:
    repository.git("sparse-checkout", "set", "lib/deep")
    repository.git("sparse-checkout", "reapply", "--sparse-index")
    assert not (repository.path / "other").exists()
    repository.commit({})
    repository.git("sparse-checkout", "set", "nowhere")
    with open_at(repository.path, tmp_path) as snapshot:
        assert read(snapshot) == {"a.py": FILES["a.py"]}
        assert snapshot.listing().notes == (
            "2 files are outside of the sparse checkout and not on disk; what is committed can be indexed instead.",
        )
    with open_at(repository.path, tmp_path, HEAD) as snapshot:
        assert read(snapshot) == FILES


def test_a_clone_without_checkout_says_what_is_not_there(repository: Repository, tmp_path: Path) -> None:
    repository.git("clone", "--quiet", "--no-checkout", ".", str(tmp_path / "bare-looking"))
    subprocess.run(["git", "read-tree", "HEAD"], cwd=tmp_path / "bare-looking", check=True)
    with open_at(tmp_path / "bare-looking", tmp_path) as snapshot:
        assert read(snapshot) == {}
        assert snapshot.listing().notes[0].startswith("None of 3 tracked files is on disk; what is committed can be")


def test_a_partial_clone_needs_no_contents_of_its_repository(repository: Repository, tmp_path: Path) -> None:
    repository.git("config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    repository.git("clone", "--quiet", "--filter=blob:none", repository.url, str(partial))
    repository.path.rename(tmp_path / "gone")
    write(partial, {"a.py": "a = 2\n"})
    with open_at(partial, tmp_path) as snapshot:
        assert read(snapshot) == FILES | {"a.py": "a = 2\n"}
        assert snapshot.uncommitted(sorted(FILES)) == ["a.py"]


def test_before_the_first_commit(make_repository: MakeRepository, tmp_path: Path) -> None:
    fresh = make_repository("fresh")
    write(fresh.path, {"a.py": "a = 1\n", ".gitignore": "*.log\n", "x.log": "x"})
    with open_at(fresh.path, tmp_path) as snapshot:
        assert (snapshot.commit, snapshot.committed_at, set(read(snapshot))) == (None, None, {".gitignore", "a.py"})
        assert snapshot.uncommitted(["a.py"]) == ["a.py"]
        assert snapshot.uncommitted_at("a.py") == int((fresh.path / "a.py").stat().st_mtime)


def test_a_detached_head_a_conflict_and_an_intention(repository: Repository, tmp_path: Path) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.commit({"a.py": "a = 2\n"})
    repository.git("checkout", "--quiet", "--detach", first)
    repository.commit({"a.py": "a = 3\n"})
    merge = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "merge", "main"]
    subprocess.run(merge, cwd=repository.path, capture_output=True, check=False)
    write(repository.path, {"meant.py": "m = 1\n"})
    repository.git("add", "--intent-to-add", "meant.py")
    with open_at(repository.path, tmp_path) as snapshot:
        assert snapshot.commit == repository.git("rev-parse", "HEAD")
        found = read(snapshot)
    assert "<<<<<<<" in found["a.py"]
    assert found["meant.py"] == "m = 1\n"


def test_a_linked_work_tree_is_one_of_its_own(repository: Repository, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    repository.git("worktree", "add", "--quiet", "-b", "topic", str(linked))
    write(linked, {"a.py": "a = 9\n", "lib/new.py": "n = 1\n"})
    write(repository.path, {"a.py": "a = 5\n"})
    assert read(open_at(linked, tmp_path))["a.py"] == "a = 9\n"
    assert set(read(open_at(linked / "lib", tmp_path))) == {"lib/b.py", "lib/deep/c.py", "lib/new.py"}
    assert read(open_at(linked, tmp_path, "topic"))["a.py"] == FILES["a.py"]


def test_a_bare_repository_and_the_folders_beside_it(repository: Repository, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    repository.git("clone", "--quiet", "--bare", ".", str(project / ".bare"))
    (project / ".git").write_text("gitdir: ./.bare\n")
    write(project, {"notes/n.py": "n = 1\n"})
    for place in (project, project / ".bare"):
        with open_at(place, tmp_path) as snapshot:
            assert (snapshot.kind, read(snapshot)) == ("git", FILES)
    with open_at(project / "notes", tmp_path) as snapshot:
        assert (snapshot.kind, read(snapshot)) == ("folder", {"n.py": "n = 1\n"})
    subprocess.run(["git", "worktree", "add", "--quiet", "../main"], cwd=project / ".bare", check=True)
    with open_at(project / "main", tmp_path) as snapshot:
        assert (snapshot.kind, read(snapshot)) == ("work tree", FILES)


def test_which_branch_is_meant_by_committed(repository: Repository, tmp_path: Path) -> None:
    repository.git("clone", "--quiet", "--bare", ".", str(tmp_path / "bare.git"))
    (tmp_path / "plain").mkdir()

    def chosen(place: object, branch: str | None = None) -> str | None:
        return choose_branch(parse_location(str(place)), branch, committed=True)

    assert [chosen(repository.path), chosen(repository.path / "lib"), chosen(repository.path, "main")] == [
        HEAD,
        HEAD,
        "main",
    ]
    assert [chosen(tmp_path / "bare.git"), chosen(repository.url)] == [None, None]
    with pytest.raises(SourceError, match="only what is on disk can be indexed"):
        chosen(tmp_path / "plain")


@pytest.mark.parametrize("place", [".git/hooks", ".git/refs/heads"])
def test_a_folder_of_gits_own_is_no_source(place: str, repository: Repository) -> None:
    (repository.path / place).mkdir(exist_ok=True)
    with pytest.raises(SourceError, match="inside of the git folder"):
        parse_location(str(repository.path / place))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_a_repository_that_somebody_else_put_above_a_folder_is_refused(repository: Repository, tmp_path: Path) -> None:
    os.chown(repository.path / ".git", 12345, 12345)
    with pytest.raises(SourceError, match=rf"give {repository.path} and its sub-folder lib/deep"):
        find_repository(repository.path / "lib" / "deep")
    assert find_repository(repository.path) == repository.path
    assert set(read(open_at(repository.path, tmp_path, None, "lib/deep"))) == {"lib/deep/c.py"}
    os.chown(repository.path / "lib" / "deep", 12345, 12345)
    assert find_repository(repository.path / "lib" / "deep") == repository.path


def test_what_changes_while_it_is_read(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(repository.path, {"gone.py": "g", "piped.py": "p", "grown.py": "x = 1\n"})
    time.sleep(SETTLED_SECONDS)
    with open_at(repository.path, tmp_path) as snapshot:
        entries = snapshot.list_files()
        (repository.path / "gone.py").unlink()
        (repository.path / "piped.py").unlink()
        os.mkfifo(repository.path / "piped.py")
        write(repository.path, {"grown.py": "x = 1\ny = 2\n"})
        found = {entry.path: (entry, content) for entry, content in snapshot.read(entries)}
    entry, content = found["grown.py"]
    assert (entry.size, entry.content_id, content) == (12, blob_id(b"x = 1\ny = 2\n", "sha1"), b"x = 1\ny = 2\n")
    for name in ("gone.py", "piped.py"):
        assert isinstance(found[name][1], Skipped)


def test_a_file_that_never_stays_the_same_is_taken_and_read_again(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    time.sleep(SETTLED_SECONDS)
    growing = iter(range(1000))

    def stamp_of_a_log(status: os.stat_result) -> tree_reader.Stamp:
        return tree_reader.Stamp(next(growing), 0, 0, status.st_ino, status.st_mode)

    with open_at(repository.path, tmp_path) as snapshot, monkeypatch.context() as patch:
        entries = snapshot.list_files()
        patch.setattr(tree_reader, "stamp_of", stamp_of_a_log)
        assert dict(contents(snapshot.read(entries))) == {path: text.encode() for path, text in FILES.items()}
        assert next(growing) == 2 * tree_reader.TRIES * len(FILES)
    with open_at(repository.path, tmp_path) as snapshot:
        assert {entry.content_id for entry in snapshot.list_files()} == {None}


def contents(found: Iterable[tuple[object, object]]) -> Iterator[tuple[str, object]]:
    for entry, content in found:
        yield entry.path, content  # type: ignore[attr-defined]


def test_a_pipe_in_the_place_of_a_gitignore_is_one_clear_error(repository: Repository, tmp_path: Path) -> None:
    os.mkfifo(repository.path / "lib" / ".gitignore")
    with (
        open_at(repository.path, tmp_path, git_timeout_seconds=1) as snapshot,
        pytest.raises(
            SourceError, match=r"no progress .* 1 s .*CODESEARCH_GIT_TIMEOUT_SECONDS, or index what is committed\."
        ),
    ):
        snapshot.listing()


def test_an_index_that_a_hook_names_is_not_the_work_trees(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "other-index"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path))
    write(repository.path, {".gitignore": "*.py\n"})
    with open_at(repository.path, tmp_path) as snapshot:
        assert set(read(snapshot)) == {".gitignore", *FILES}


def test_codesearchs_own_data_folder_is_left_out(repository: Repository, tmp_path: Path) -> None:
    data_dir = repository.path / "data"
    write(data_dir, {"first-key": "cs_secret", "store/x.txt": "x"})
    with open_at(repository.path, tmp_path, data_dir=data_dir) as snapshot:
        assert read(snapshot) == FILES
        assert skipped_by(snapshot) == {"data/first-key": "ignored", "data/store/x.txt": "ignored"}
        assert {item.override for item in snapshot.listing().skipped} == {None}


def test_a_broken_git_file_above_is_an_error_that_names_it(tmp_path: Path) -> None:
    write(tmp_path / "copied", {".git": f"gitdir: {tmp_path}/nowhere\n", "lib/a.py": "a = 1\n"})
    with pytest.raises(SourceError, match="nowhere"):
        open_at(tmp_path / "copied" / "lib", tmp_path)
