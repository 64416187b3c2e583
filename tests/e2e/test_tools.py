"""Tools on real indexes of work trees: how old an answer is, what has changed since, which source is meant here."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly
from codesearch.core.errors import InvalidRequestError, NotFoundError
from codesearch.core.types import Principal
from tests.e2e.conftest import IndexSource, Repository

READER = Principal("k", "reader", is_admin=False, source_ids=None)
FILES = {"src/a.py": "def first():\n    return 1\n", "src/b.py": "def second():\n    return 2\n"}


@pytest.fixture
def repository(make_repository: Callable[..., Repository]) -> Repository:
    repository = make_repository("shop")
    repository.commit(FILES)
    return repository


def call(assembly: Assembly, tool: str, here: Path | None = None, **arguments: object) -> tuple[dict[str, Any], str]:
    answer = assembly.toolbox.call(tool, LOCAL_PRINCIPAL, arguments, here=here)
    (freshness,) = answer.obj["freshness"]
    return freshness, answer.rendered


def test_an_answer_says_of_which_commit_it_is(
    assembly: Assembly, index_source: IndexSource, repository: Repository
) -> None:
    commit = index_source(repository.path).source.commit
    assert commit is not None
    for tool, arguments in (
        ("semantic_search", {"question": "first"}),
        ("read_file", {"path": "src/a.py"}),
        ("get_file_tree", {}),
        ("outline", {"path": "src/a.py"}),
        ("fetch_artifacts", {"identifiers": ["shop::src/a.py"]}),
        ("get_artifact_relationships", {"identifier": "first"}),
    ):
        freshness, rendered = call(assembly, tool, **arguments)
        assert (freshness["commit"], freshness["branch"], freshness["uncommitted_files"]) == (commit, "main", 0)
        assert "warnings" not in freshness
        assert f"[shop: commit {commit[:10]}, indexed 2" in rendered
        assert "WARNING" not in rendered


def test_another_commit_is_a_warning_until_it_is_indexed(
    assembly: Assembly, index_source: IndexSource, repository: Repository
) -> None:
    old = index_source(repository.path).source.commit or ""
    new = repository.commit({"README.md": "# Shop\n"})
    freshness, rendered = call(assembly, "get_file_tree")
    assert freshness["warnings"][0] == (
        f"The source has moved on: {old[:10]} was indexed, {new[:10]} (branch main) is checked out now."
    )
    assert f"`codesearch index {repository.path}`" in rendered
    of_others = assembly.toolbox.call("get_data_sources", READER, {})
    assert "moved on" in of_others.rendered
    assert str(repository.path) not in of_others.rendered
    index_source(repository.path)
    freshness, rendered = call(assembly, "get_file_tree")
    assert "warnings" not in freshness
    assert freshness["commit"] == new


def touch(path: Path, content: str | None = None) -> None:
    """Write a file, or only touch it, a minute after everything else."""
    if content is not None:
        path.write_text(content)
    later = path.stat().st_mtime + 60
    os.utime(path, (later, later))


def test_a_file_of_the_answer_that_changed_is_named(
    assembly: Assembly, index_source: IndexSource, repository: Repository
) -> None:
    index_source(repository.path)
    path = repository.path / "src" / "a.py"
    touch(path)
    freshness, _ = call(assembly, "read_file", path="src/a.py")
    assert "warnings" not in freshness
    touch(path, "def first():\n    return 11\n")
    freshness, rendered = call(assembly, "read_file", path="src/a.py")
    assert freshness["changed_paths"] == ["src/a.py"]
    assert "WARNING: Not as indexed any more: src/a.py." in rendered
    assert "return 1\n" in rendered
    # What the answer does not show is not looked at.
    assert "warnings" not in call(assembly, "read_file", path="src/b.py")[0]
    path.unlink()
    assert call(assembly, "outline", path="src/a.py")[0]["changed_paths"] == ["src/a.py"]
    index_source(repository.path)
    touch(repository.path / "src" / "b.py", "def third():\n    return 3\n")
    index_source(repository.path)
    freshness, rendered = call(assembly, "read_file", path="src/b.py")
    assert "warnings" not in freshness
    assert freshness["uncommitted_files"] == 1
    assert "and 1 uncommitted file, indexed" in rendered


def test_a_plain_folder_is_watched_as_well(assembly: Assembly, index_source: IndexSource, tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "a.py").write_text("def first():\n    return 1\n")
    index_source(folder)
    freshness, rendered = call(assembly, "read_file", path="a.py")
    assert "commit" not in freshness
    assert "[plain: a folder without commits, indexed 2" in rendered
    touch(folder / "a.py", "def other():\n    return 1\n")
    assert call(assembly, "read_file", path="a.py")[0]["changed_paths"] == ["a.py"]


def test_of_a_branch_its_tip_counts_and_no_file_on_disk(
    assembly: Assembly, index_source: IndexSource, repository: Repository
) -> None:
    repository.git("branch", "stable")
    index_source(repository.path, branch="stable")
    touch(repository.path / "src" / "a.py", "changed = True\n")
    repository.commit({})
    assert "warnings" not in call(assembly, "read_file", path="src/a.py")[0]
    repository.git("branch", "--force", "stable")
    assert "moved on" in call(assembly, "read_file", path="src/a.py")[1]


def test_a_failed_run_is_told_without_its_reason(
    assembly: Assembly, index_source: IndexSource, repository: Repository
) -> None:
    source = index_source(repository.path).source
    run = assembly.catalog.start_run(source.id)
    assembly.catalog.fail_run(run, "no access to /srv/secret")
    answer = assembly.toolbox.call("get_file_tree", READER, {})
    assert "The last run to bring this index up to date failed." in answer.rendered
    assert "secret" not in answer.rendered


def test_the_source_that_holds_the_current_folder_is_meant(
    assembly: Assembly, index_source: IndexSource, repository: Repository, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    (other / "deep").mkdir(parents=True)
    (other / "deep" / "c.py").write_text("def third():\n    return 3\n")
    index_source(repository.path)
    index_source(other)
    index_source(other / "deep")

    def meant(here: Path) -> str:
        return str(call(assembly, "get_file_tree", here)[0]["data_source"])

    assert meant(repository.path / "src") == "shop"
    assert meant(other) == "other"
    assert meant(other / "deep") == "deep"
    (tmp_path / "link").symlink_to(repository.path)
    assert meant(tmp_path / "link" / "src") == "shop"
    for here in (tmp_path, None):
        with pytest.raises(InvalidRequestError, match="Say which repository: 'deep', 'other', 'shop'"):
            assembly.toolbox.call("get_file_tree", LOCAL_PRINCIPAL, {}, here=here)


def test_a_work_tree_inside_of_a_repository_is_not_held_by_that(
    assembly: Assembly, index_source: IndexSource, repository: Repository, tmp_path: Path
) -> None:
    index_source(repository.path)
    other = tmp_path / "other"
    other.mkdir()
    (other / "c.py").write_text("def third():\n    return 3\n")
    index_source(other)
    inner = repository.path / "trees" / "feature"
    repository.git("worktree", "add", "-q", "-b", "feature", str(inner))
    # The files of the two differ as soon as somebody works in one.
    with pytest.raises(InvalidRequestError, match="Say which repository"):
        assembly.toolbox.call("get_file_tree", LOCAL_PRINCIPAL, {}, here=inner / "src")
    index_source(inner)
    assert call(assembly, "get_file_tree", inner / "src")[0]["data_source"] == "feature"
    # A plain folder is read with the repositories in it.
    repository_inside = Repository(other / "deep")
    assert call(assembly, "get_file_tree", repository_inside.path)[0]["data_source"] == "other"


def test_a_branch_comes_after_what_lies_in_the_folder(
    assembly: Assembly, index_source: IndexSource, repository: Repository
) -> None:
    index_source(repository.path, branch="main", name="a-branch")
    index_source(repository.path, name="the-tree")
    assert call(assembly, "get_file_tree", repository.path)[0]["data_source"] == "the-tree"


def test_what_took_the_place_of_a_file_is_not_read(
    assembly: Assembly, index_source: IndexSource, repository: Repository, tmp_path: Path
) -> None:
    index_source(repository.path)
    path = repository.path / "src" / "a.py"
    (tmp_path / "elsewhere.py").write_text(FILES["src/a.py"])
    replacements: list[Callable[[], None]] = [
        lambda: path.symlink_to(tmp_path / "elsewhere.py"),
        lambda: path.symlink_to("/dev/zero"),
        lambda: os.mkfifo(path),
        path.mkdir,
    ]
    for replace in replacements:
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        replace()
        assert call(assembly, "read_file", path="src/a.py")[0]["changed_paths"] == ["src/a.py"]


def test_why_a_file_is_not_indexed_is_told_to_who_runs_the_service(
    assembly: Assembly, index_source: IndexSource, repository: Repository
) -> None:
    repository.commit({"empty.py": "", "big.txt": "word " * 300_000, ".gitignore": "*.log\n"})
    (repository.path / "a.log").write_text("ignored\n")
    index_source(repository.path)
    old = (repository.path / "a.log").stat().st_mtime - 60
    os.utime(repository.path / "a.log", (old, old))
    (repository.path / "new.py").write_text("new = True\n")
    touch(repository.path / "new.py")
    for path, reason in (
        ("empty.py", "it is empty"),
        ("big.txt", "it has 1,500,000 bytes, more than CODESEARCH_MAX_FILE_BYTES"),
        ("a.log", "a rule leaves it out; whoever runs the service sees which with `codesearch index SOURCE --dry-run`"),
        ("new.py", "it is newer than the index"),
        ("src", "src of shop is a folder: get_file_tree lists it"),
        ("../shop/src/a.py", "it is not there, or was left out"),
    ):
        assert reason in call(assembly, "read_file", path=path)[1], path
        answer = assembly.toolbox.call("outline", READER, {"path": path})
        assert answer.obj["is_indexed"] is False
        assert "bytes" not in answer.rendered
        assert "newer" not in answer.rendered


@pytest.mark.parametrize("path", ["no.py", "../there.txt", "../not-there.txt"])
def test_of_a_path_that_is_not_indexed_no_answer_says_whether_it_is_on_disk(
    assembly: Assembly, index_source: IndexSource, repository: Repository, path: str
) -> None:
    index_source(repository.path)
    touch(repository.path.parent / "there.txt", "not of the repository\n")
    answer = assembly.toolbox.call("read_file", READER, {"path": path})
    (freshness,) = answer.obj["freshness"]
    assert not answer.obj["is_indexed"]
    assert "changed_paths" not in freshness
    assert "WARNING" not in answer.rendered


def test_what_an_identifier_says_of_its_repository_comes_before_the_data_source_beside_it(
    assembly: Assembly, index_source: IndexSource, repository: Repository
) -> None:
    index_source(repository.path)
    arguments = {"identifier": "shop::src/none.py::third", "data_source": "shop"}
    with pytest.raises(NotFoundError, match=r"^src/none\.py of shop is not indexed"):
        assembly.toolbox.call("get_artifact_relationships", READER, arguments)
