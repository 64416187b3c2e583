"""A work tree from the outside: what is served of it, what is said of it, and what a second run costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codesearch.assembly import Assembly
from codesearch.retrieval.records import build_metadata
from tests.e2e.conftest import IndexSource, PhaseRecorder, Repository, index_with
from tests.e2e.evidence import ask, check_rows_match, read_rows, table_version
from tests.e2e.service import run_cli
from tests.unit.indexer.history.history_repositories import AREAS, build_history

FILES = {f"app/part_{number}.py": f"def part_{number}():\n    return {number}\n" for number in range(4)}
CHANGED = "def part_0():\n    return 'on disk'\n"
SECRET = "hunter2-of-nobody"
# Of a file that is read sooner after it was written nothing is remembered: a change within a tick might not show.
SETTLED_SECONDS = 0.15


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "shop")
    made.commit({**FILES, ".gitignore": ".env\n/app/out/\n"})
    (made.path / "app" / ".env").write_text(f"PASSWORD={SECRET}\n")
    (made.path / "app" / "out").mkdir()
    (made.path / "app" / "out" / "bundle.py").write_text(f"PASSWORD = '{SECRET}'\n")
    return made


def commits_by_path(assembly: Assembly, source_id: str) -> dict[str, object]:
    return {hit.chunk.path: build_metadata(hit).get("commit") for hit in ask(assembly, source_id, "part", 100)}


@pytest.mark.parametrize("place", ["", "app"])
def test_nothing_that_is_ignored_is_served(
    place: str, repository: Repository, assembly: Assembly, index_source: IndexSource
) -> None:
    report = index_source(repository.path / place)
    rows = read_rows(assembly)
    texts = {path.removeprefix(f"{place}/") if place else path: text for path, text in FILES.items()}
    check_rows_match(rows, texts if place else {**texts, ".gitignore": ".env\n/app/out/\n"})
    assert report.skipped == {"ignored": 2}
    assert not [row for row in rows.values() if SECRET in row["content"]]


def test_uncommitted_files_are_found_and_claim_no_commit(
    repository: Repository, assembly: Assembly, index_source: IndexSource
) -> None:
    (repository.path / "app/part_0.py").write_text(CHANGED)
    (repository.path / "app/new.py").write_text("def part_new():\n    return 'untracked'\n")
    (repository.path / "app/part_1.py").unlink()
    source = index_source(repository.path / "app").source
    head = repository.git("rev-parse", "HEAD")
    assert (source.commit, source.uncommitted_count) == (head, 2)
    assert commits_by_path(assembly, source.id) == {
        "part_0.py": None, "new.py": None, "part_2.py": head, "part_3.py": head,
    }  # fmt: skip


def test_a_commit_of_what_is_indexed_embeds_nothing_again(
    repository: Repository, assembly: Assembly, index_source: IndexSource
) -> None:
    (repository.path / "app/part_0.py").write_text(CHANGED)
    source = index_source(repository.path).source
    version = table_version(assembly)
    repository.git("commit", "--quiet", "--all", "--message=what is on disk")
    commit = repository.git("rev-parse", "HEAD")
    report = index_source(repository.path)
    assert (report.wrote, report.embedded_chunks, table_version(assembly)) == (False, 0, version)
    assert (report.source.commit, report.source.uncommitted_count) == (commit, 0)
    assert set(commits_by_path(assembly, source.id).values()) == {commit}
    # And the reverse: another commit is checked out while the file stays as it is.
    repository.git("reset", "--quiet", "--soft", "HEAD~1")
    assert not index_source(repository.path).wrote
    assert commits_by_path(assembly, source.id)["app/part_0.py"] is None


def test_committed_and_on_disk_are_two_sources_that_keep_their_ways(repository: Repository, data_dir: Path) -> None:
    (repository.path / "app/part_0.py").write_text(CHANGED)
    (repository.path / "app/new.py").write_text("def part_new():\n    return 1\n")
    path = str(repository.path)
    on_disk = run_cli(data_dir, "index", path)
    assert "reading the work tree as it is on disk, uncommitted files included" in on_disk.err
    assert ", on disk, 2 uncommitted, over " in on_disk.out
    committed = run_cli(data_dir, "index", path, "--committed", "--name", "committed", "--json")
    assert "work tree" not in committed.err
    assert (committed.json["committed"], committed.json["files"]) == (True, 5)
    assert "branch" not in committed.json
    assert "committed" not in run_cli(data_dir, "index", path, "--json").json
    assert "work_tree" not in committed.json
    listed = run_cli(data_dir, "list").out
    assert f"{path}, on disk, 2 uncommitted" in listed
    assert f"{path}, as committed" in listed
    (repository.path / "app/part_0.py").write_text(FILES["app/part_0.py"])
    reports = {item["name"]: item for item in run_cli(data_dir, "index", "--all", "--json").json["sources"]}
    assert (reports["shop"]["work_tree"], reports["shop"]["uncommitted_files"]) == (True, 1)
    assert (reports["shop"]["changed_files"], reports["shop"]["files"]) == (1, 6)
    assert (reports["committed"]["changed_files"], reports["committed"]["files"]) == (0, 5)
    assert run_cli(data_dir, "doctor").status in (0, 1)
    assert "BAD  rows" not in run_cli(data_dir, "doctor").out
    refused = run_cli(data_dir, "index", "--all", "--committed")
    assert refused.status == 2


def test_a_plain_folder_has_no_commits_to_read(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    outcome = run_cli(data_dir, "index", str(tmp_path / "plain"), "--committed")
    assert (outcome.status, "leave out --committed" in outcome.error) == (1, True)


def test_a_second_run_reads_only_what_changed(
    repository: Repository, assembly: Assembly, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    from indexer.source.tree_reader import Stamp, TreeReader

    time.sleep(SETTLED_SECONDS)
    read: list[str] = []
    real: Callable[..., tuple[bytes, Stamp, bool]] = TreeReader.read

    def noting(reader: TreeReader, path: str, max_bytes: int | None = None) -> tuple[bytes, Stamp, bool]:
        read.append(path)
        return real(reader, path, max_bytes)

    monkeypatch.setattr(TreeReader, "read", noting)
    first = index_with(assembly, repository.path)
    assert set(read) == {*FILES, ".gitignore"}
    read.clear()
    (repository.path / "app/part_2.py").write_text(CHANGED)
    phases = PhaseRecorder()
    second = index_with(assembly, repository.path, progress=phases)
    assert (second.changed, second.unchanged, read) == (1, 4, ["app/part_2.py"])
    assert phases.phases[1] == "reading the work tree as it is on disk, uncommitted files included"
    (states,) = (data_dir / "trees").iterdir()
    assert states.name == first.source.id


def test_what_is_remembered_of_a_tree_goes_with_the_source(repository: Repository, data_dir: Path) -> None:
    time.sleep(SETTLED_SECONDS)
    assert run_cli(data_dir, "index", str(repository.path)).status == 0
    assert list((data_dir / "trees").iterdir())
    assert run_cli(data_dir, "remove", "shop").status == 0
    assert not list((data_dir / "trees").iterdir())


def test_a_dry_run_leaves_nothing(repository: Repository, data_dir: Path) -> None:
    preview = run_cli(data_dir, "index", "--dry-run", "--json", str(repository.path / "app")).json
    assert preview["work_tree"] is True
    assert [item["path"] for item in preview["files"]] == [f"part_{number}.py" for number in range(4)]
    assert {item["path"]: item["detail"] for item in preview["skipped"]} == {
        ".env": ".gitignore: .env", "out/": ".gitignore: /app/out/",
    }  # fmt: skip
    assert not (data_dir / "trees").exists()


def test_a_sub_folder_can_be_evaluated_by_its_commits(data_dir: Path, tmp_path: Path) -> None:
    repository = Repository(tmp_path / "history")
    build_history(repository)
    folder = repository.path / "shop"
    (folder / "uncommitted.py").write_text("def never_asked():\n    return 1\n")
    assert run_cli(data_dir, "index", str(folder), "--name", "part").status == 0
    value = run_cli(data_dir, "evaluate", "part", "--commits", "12", "--json").json
    assert (value["queries"], value["files"], value["file_recall"]) == (12, len(AREAS), 1.0)
