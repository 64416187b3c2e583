"""A second run touches what changed and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codesearch.assembly import Assembly
from codesearch.core.errors import InvalidRequestError, SourceError
from codesearch.core.index.manifest import SegmentName
from codesearch.core.types import SourceState
from tests.e2e.conftest import AssemblyFactory, IndexSource, PhaseRecorder, Repository, index_with
from tests.e2e.evidence import (
    ask,
    check_rows_match,
    check_same_rows,
    list_files,
    read_rows,
    run_codesearch,
    table_version,
)
from tests.e2e.service import run_cli

FILES = {f"src/part_{number}.py": f"def part_{number}():\n    return {number}\n" for number in range(6)}
TWO_FUNCTIONS = "def changed():\n    return 'new'\n\n\ndef added():\n    return changed()\n"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "origin")
    made.commit(FILES)
    return made


def lasting_files(data_dir: Path) -> dict[str, tuple[int, int]]:
    """Return the files but for locks, and for what is noted of files: of those that were new, only later."""
    return {
        name: state
        for name, state in list_files(data_dir).items()
        if not name.endswith(".lock") and not name.startswith(("trees/", "verdicts/"))
    }


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("kind", ["clone URL", "local repository", "folder"])
def test_nothing_changed_writes_nothing(
    kind: str, repository: Repository, tmp_path: Path, assembly: Assembly, data_dir: Path, index_source: IndexSource
) -> None:
    folder = write(tmp_path / "plain", FILES)
    given = {"clone URL": repository.url, "local repository": repository.path, "folder": folder}[kind]
    first = index_source(given)
    source, run = assembly.catalog.get_source(first.source.id), assembly.catalog.latest_run(first.source.id)
    files = lasting_files(data_dir)
    version = table_version(assembly)

    second = index_source(given)

    assert (second.wrote, second.changed, second.removed, second.embedded_chunks) == (False, 0, 0, 0)
    assert second.unchanged == len(FILES)
    assert lasting_files(data_dir) == files
    assert table_version(assembly) == version
    assert assembly.catalog.get_source(source.id) == source
    assert assembly.catalog.latest_run(source.id) == run


def test_our_own_data_in_a_folder_is_no_part_of_it(tmp_path: Path) -> None:
    folder = write(tmp_path / "plain", FILES)
    data_dir = folder / "kept" / "data"
    for changed in (len(FILES), 0, 0):
        report = run_cli(data_dir, "index", str(folder), "--json").json
        assert (report["files"], report["changed_files"]) == (len(FILES), changed)
        assert report["skipped"] == {"ignored": 1}


def test_nothing_changed_writes_nothing_on_the_command_line(repository: Repository, data_dir: Path) -> None:
    assert run_codesearch(data_dir, "index", repository.path).returncode == 0
    before = lasting_files(data_dir)
    second = run_codesearch(data_dir, "index", repository.path)
    assert second.returncode == 0
    assert "nothing changed" in second.stdout
    assert lasting_files(data_dir) == before


@pytest.mark.parametrize("kind", ["clone URL", "folder"])
def test_one_changed_file_is_all_that_is_embedded(
    kind: str, repository: Repository, tmp_path: Path, assembly: Assembly, index_source: IndexSource
) -> None:
    folder = write(tmp_path / "plain", FILES)
    given: object = folder if kind == "folder" else repository.url
    source = index_source(given).source
    before = read_rows(assembly)
    write(folder, {"src/part_3.py": TWO_FUNCTIONS})
    commit = repository.commit({"src/part_3.py": TWO_FUNCTIONS})

    report = index_source(given)

    after = read_rows(assembly)
    changed = {key: row for key, row in after.items() if row["path"] == "src/part_3.py"}
    assert (report.changed, report.unchanged, report.removed) == (1, len(FILES) - 1, 0)
    assert report.embedded_chunks == len(changed) == 2
    rest = {key: row for key, row in before.items() if row["path"] != "src/part_3.py"}
    assert {key: row for key, row in after.items() if key not in changed} == rest, "other rows were written again"
    assert {row["segment"] for row in changed.values()} == {SegmentName(report.source.run_id, 0).code}
    assert report.source.run_id > source.run_id
    check_rows_match(after, {**FILES, "src/part_3.py": TWO_FUNCTIONS})
    # Rows that stay keep the commit they were written at; what is served is the source's.
    assert {hit.commit for hit in ask(assembly, source.id, "part")} == {None if kind == "folder" else commit}


def test_a_file_written_anew_with_the_same_bytes_is_unchanged(
    tmp_path: Path, assembly: Assembly, index_source: IndexSource
) -> None:
    folder = write(tmp_path / "plain", FILES)
    index_source(folder)
    version = table_version(assembly)
    os.utime(folder / "src/part_1.py", (1, 1))
    assert not index_source(folder).wrote
    assert table_version(assembly) == version


def test_deleted_and_renamed_files_leave_no_ghosts(
    repository: Repository, assembly: Assembly, index_source: IndexSource
) -> None:
    index_source(repository.path)
    repository.git("mv", "src/part_1.py", "moved.py")
    repository.commit({"src/part_0.py": None})
    report = index_source(repository.path)
    texts = {path: text for path, text in FILES.items() if path not in ("src/part_0.py", "src/part_1.py")}
    texts["moved.py"] = FILES["src/part_1.py"]
    check_rows_match(read_rows(assembly), texts)
    assert (report.changed, report.removed, report.embedded_chunks) == (1, 2, 1)
    assert report.source.file_count == len(texts)
    assert {hit.chunk.path for hit in ask(assembly, report.source.id, "part_0 part_1", 100)} <= set(texts)


def test_only_deletions(repository: Repository, assembly: Assembly, index_source: IndexSource) -> None:
    index_source(repository.path)
    repository.commit({"src/part_5.py": None})
    report = index_source(repository.path)
    assert (report.changed, report.removed, report.embedded_chunks) == (0, 1, 0)
    check_rows_match(read_rows(assembly), {path: text for path, text in FILES.items() if path != "src/part_5.py"})


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\0\1\2", "binary"),
        (b"# big\n" * 200_000, "too_large"),
        (b"# Code generated by protoc. DO NOT EDIT.\nX = 1\n", "generated"),
        (b"", "empty"),
    ],
)
def test_a_file_that_is_not_indexed_any_more_disappears(
    content: bytes, reason: str, repository: Repository, assembly: Assembly, index_source: IndexSource
) -> None:
    index_source(repository.path)
    repository.commit({"src/part_2.py": content})
    report = index_source(repository.path)
    assert report.skipped == {reason: 1}
    assert report.removed == 1
    check_rows_match(read_rows(assembly), {path: text for path, text in FILES.items() if path != "src/part_2.py"})


def test_everything_removed_and_brought_back(
    repository: Repository, assembly: Assembly, index_source: IndexSource
) -> None:
    source = index_source(repository.path).source
    original = read_rows(assembly)
    repository.commit(dict.fromkeys(FILES))
    emptied = index_source(repository.path)
    assert read_rows(assembly) == {}
    assert (emptied.removed, emptied.source.state) == (len(FILES), SourceState.READY)
    assert ask(assembly, source.id, "part") == []
    repository.commit(FILES)
    index_source(repository.path)
    assert set(read_rows(assembly)) == set(original)


def test_a_commit_that_changes_no_indexed_file_reaches_only_the_catalog(
    repository: Repository, assembly: Assembly, index_source: IndexSource
) -> None:
    source = index_source(repository.path).source
    rows, version = read_rows(assembly), table_version(assembly)
    commit = repository.commit({"logo.png": b"\x89PNG\0"})
    report = index_source(repository.path)
    assert not report.wrote
    assert (read_rows(assembly), table_version(assembly)) == (rows, version)
    assert assembly.catalog.get_source(source.id).commit == commit
    assert {hit.commit for hit in ask(assembly, source.id, "part")} == {commit}


def test_a_new_name_renames_and_a_taken_one_is_refused(
    repository: Repository, tmp_path: Path, assembly: Assembly, index_source: IndexSource
) -> None:
    source = index_source(repository.path, name="first").source
    version = table_version(assembly)
    renamed = index_source(repository.path, name="second")
    assert (renamed.source.id, renamed.source.name) == (source.id, "second")
    assert not renamed.wrote
    assert table_version(assembly) == version
    assert ask(assembly, "second", "part")
    assert assembly.catalog.resolve("first") is None
    # Without a name it keeps the one it has.
    assert index_source(repository.path).source.name == "second"
    with pytest.raises(InvalidRequestError, match="taken"):
        index_source(write(tmp_path / "plain", FILES), name="second")
    assert [item.name for item in assembly.catalog.list_sources()] == ["second"]


def test_a_source_that_cannot_be_read_any_more_goes_on_answering(
    tmp_path: Path, assembly: Assembly, index_source: IndexSource
) -> None:
    folder = write(tmp_path / "plain", FILES)
    source = index_source(folder).source
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(SourceError):
        index_source(folder)
    assert len(ask(assembly, source.id, "part")) == len(FILES)
    # That it failed is known, until it works again.
    assert "There is no" in (assembly.catalog.get_source(source.id).message or "")
    (tmp_path / "elsewhere").rename(folder)
    assert not index_source(folder).wrote
    assert assembly.catalog.get_source(source.id).message is None


def test_several_runs_give_what_one_run_gives(
    repository: Repository, assembly: Assembly, tmp_path: Path, assembly_factory: AssemblyFactory
) -> None:
    index_with(assembly, repository.path)
    repository.commit({"src/part_0.py": None, "src/part_1.py": TWO_FUNCTIONS, "deep/er/new.md": "# New\n\nText.\n"})
    index_with(assembly, repository.path)
    repository.commit({"src/part_1.py": FILES["src/part_1.py"], "src/part_0.py": TWO_FUNCTIONS})
    source = index_with(assembly, repository.path).source
    fresh = assembly_factory(data_dir=tmp_path / "fresh")
    index_with(fresh, repository.path)
    # Rows that stay keep the commit they were written at; what is served is the source's. A file that was away begins
    # anew with what commits said of it.
    check_same_rows(read_rows(assembly), read_rows(fresh), apart_from={"segment", "commit", "subjects"})
    assert source.chunk_count == len(read_rows(fresh))


def test_phases_are_told_to_who_watches(repository: Repository, assembly: Assembly) -> None:
    first, second = PhaseRecorder(), PhaseRecorder()
    index_with(assembly, repository.url, progress=first)
    index_with(assembly, repository.url, progress=second)
    assert first.phases == ["reading the source", "indexing", "publishing", "tidying up"]
    assert second.phases == ["reading the source", "bringing up to date"]
