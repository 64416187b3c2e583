"""`remove` beside a run of the same source, and killed at any stage: nothing of what is gone stays."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from codesearch.assembly import Assembly
from codesearch.core.errors import NotFoundError
from codesearch.core.index.builder import RowBatch
from codesearch.core.index.manifest import SegmentName
from codesearch.core.index.segment_files import SegmentFiles
from tests.e2e.conftest import AssemblyFactory, index_with
from tests.e2e.evidence import read_rows, run_codesearch, start_codesearch, wait_until
from tests.e2e.service import FIXTURES, NAMES, run_cli
from tests.faults.damage import bad_subjects
from tests.patience import PATIENCE_SECONDS
from tests.unit.indexer.conftest import Repository

BIG_FILES = 400


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "plain"
    made.mkdir()
    (made / "one.py").write_text("def one():\n    return 1\n")
    return made


def what_is_left(data_dir: Path, source_id: str) -> list[str]:
    kept = ("locks",)
    found = [path for path in data_dir.rglob(f"*{source_id}*") if path.relative_to(data_dir).parts[0] not in kept]
    return sorted(str(path.relative_to(data_dir)) for path in found)


class StoppedRemovalError(Exception):
    """The process ends here."""


def stop(*_: object) -> None:
    raise StoppedRemovalError


@pytest.mark.parametrize("stage", ["before the catalog", "before the rows", "before the files"])
def test_a_removal_that_was_cut_short_is_finished_by_the_next_run(
    stage: str, folder: Path, data_dir: Path, tmp_path: Path, assembly_factory: AssemblyFactory
) -> None:
    source = index_with(assembly_factory(), folder).source
    cut = assembly_factory()
    cut.removals.note(source.id)
    if stage != "before the catalog":
        cut.catalog.remove_source(source.id)
        setattr(cut.removals, "_remove_rows" if stage == "before the rows" else "_remove_search_index", stop)
        with pytest.raises(StoppedRemovalError):
            cut.removals.finish(source.id)
        assert "removal" in bad_subjects(data_dir)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "two.py").write_text("def two():\n    return 2\n")
    assert run_cli(data_dir, "index", str(tmp_path / "other"), index_workers="1").status == 0
    if stage == "before the catalog":
        assert run_cli(data_dir, "search", "plain", "one").status == 0, "it was not removed"
    else:
        assert what_is_left(data_dir, source.id) == []
        assert read_rows(assembly_factory(), source.id) == {}
    assert list((data_dir / "removals").iterdir()) == []


def test_what_an_older_version_left_is_found_and_removed_by_its_id(
    folder: Path, data_dir: Path, assembly_factory: AssemblyFactory
) -> None:
    assembly = assembly_factory()
    source = index_with(assembly, folder).source
    assembly.catalog.remove_source(source.id)
    found = bad_subjects(data_dir)
    assert f"codesearch remove {source.id}" in found[f"rows of {source.id}"]
    assert f"codesearch remove {source.id}" in found["leftovers"]
    assert run_cli(data_dir, "remove", source.id).status == 0
    assert what_is_left(data_dir, source.id) == []
    assert set(bad_subjects(data_dir)) == {"keys"}
    assert run_cli(data_dir, "remove", source.id).status == 1


def test_a_source_that_was_added_again_meanwhile_stays(
    folder: Path, data_dir: Path, assembly_factory: AssemblyFactory
) -> None:
    assembly = assembly_factory()
    source = index_with(assembly, folder).source
    assembly.removals.note(source.id)
    assembly.catalog.remove_source(source.id)
    index_with(assembly_factory(), folder)
    assert assembly.removals.finish(source.id)
    assert len(read_rows(assembly, source.id)) == 1
    assert run_cli(data_dir, "search", "plain", "one", "--json").json["records"]


def write_generation(repository: Repository, name: str) -> None:
    body = "\n".join(f"    total_{line} = {line}" for line in range(40))
    repository.commit({f"m_{number}.py": f"def of_{name}_{number}():\n{body}\n" for number in range(BIG_FILES)})


@pytest.mark.parametrize("pattern", ["staging/*", "store/*.lance/data/*", "search/*/*.segment"])
def test_a_run_of_the_removed_source_leaves_nothing(
    pattern: str, tmp_path: Path, data_dir: Path, assembly_factory: AssemblyFactory
) -> None:
    """Real processes: the removal is asked for while worker processes are at work."""
    repository = Repository(tmp_path / "origin")
    write_generation(repository, "old")
    source = index_with(assembly_factory(), repository.path).source
    write_generation(repository, "new")
    before = set(data_dir.glob(pattern))
    running = start_codesearch(data_dir, "index", repository.path, index_workers="2")
    assert wait_until(lambda: bool(set(data_dir.glob(pattern)) - before), interval_seconds=0.001)
    removed = run_codesearch(data_dir, "remove", source.id)
    _, errors = running.communicate(timeout=PATIENCE_SECONDS)
    assert removed.returncode == 0, removed.stderr
    assert "Traceback" not in errors
    assert run_cli(data_dir, "list", "--json").json["sources"] == []
    assert what_is_left(data_dir, source.id) == []
    assert read_rows(assembly_factory()) == {}


def test_a_removal_waits_for_who_holds_the_lock(
    folder: Path, data_dir: Path, assembly_factory: AssemblyFactory
) -> None:
    source = index_with(assembly_factory(), folder).source
    running = assembly_factory()
    entered, release = threading.Event(), threading.Event()

    class SlowFiles(SegmentFiles):
        def write_segment(self, source_id: str, name: SegmentName, batches: Iterable[RowBatch]) -> None:
            entered.set()
            assert release.wait(PATIENCE_SECONDS)
            super().write_segment(source_id, name, batches)

    running.search_indexes.files = SlowFiles(data_dir / "search", running.index_format.table_name, 256)
    (folder / "one.py").write_text("def one():\n    return 'changed'\n")
    failures: list[BaseException] = []
    indexing = threading.Thread(target=lambda: _collect(failures, running, folder))
    indexing.start()
    assert entered.wait(PATIENCE_SECONDS)
    remover = assembly_factory()
    remover.removals.note(source.id)
    remover.catalog.remove_source(source.id)
    assert not remover.removals.finish(source.id, timeout_seconds=0.2)
    release.set()
    indexing.join(PATIENCE_SECONDS)
    assert [type(failure) for failure in failures] == [NotFoundError]
    assert remover.removals.finish(source.id, timeout_seconds=PATIENCE_SECONDS)
    assert what_is_left(data_dir, source.id) == []
    assert read_rows(remover, source.id) == {}


def _collect(failures: list[BaseException], assembly: Assembly, folder: Path) -> None:
    try:
        index_with(assembly, folder)
    except BaseException as error:
        failures.append(error)


def test_what_another_machine_removed_goes_here_with_the_next_run(tmp_path: Path) -> None:
    """Each has a data folder of its own; catalog and store are common."""
    shared = {"database_url": f"sqlite:///{tmp_path / 'catalog.sqlite3'}", "store_uri": str(tmp_path / "store")}
    one, other = tmp_path / "one", tmp_path / "other"
    for name in NAMES[:2]:
        assert run_cli(one, "index", str(FIXTURES / name), **shared).status == 0
        assert run_cli(other, "index", str(FIXTURES / name), **shared).status == 0
    gone, kept = (shared_ids(one, **shared)[name] for name in NAMES[:2])
    # Of no source of this catalog, now or before: somebody else's.
    (other / "search" / ("a" * 24)).mkdir()
    assert run_cli(one, "remove", NAMES[0], **shared).status == 0
    assert (other / "search" / gone).is_dir()
    assert run_cli(other, "index", str(FIXTURES / NAMES[1]), **shared).status == 0
    assert sorted(path.name for path in (other / "search").iterdir()) == sorted(["a" * 24, kept])
    assert run_cli(other, "search", NAMES[1], "total", **shared).status == 0
    # What is added again is there again.
    assert run_cli(one, "index", str(FIXTURES / NAMES[0]), **shared).status == 0
    assert run_cli(other, "index", "--all", **shared).status == 0
    assert (other / "search" / gone).is_dir()


def shared_ids(data_dir: Path, **settings: str) -> dict[str, str]:
    return {item["name"]: item["id"] for item in run_cli(data_dir, "list", "--json", **settings).json["sources"]}
