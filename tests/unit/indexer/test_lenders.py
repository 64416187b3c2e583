"""Another branch, a work tree, a copy: what a new source has in common with another one is not read again."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from codesearch.assembly import Assembly, open_assembly, open_indexer
from codesearch.cli.disk_findings import examine_search_files, examine_store_files
from codesearch.cli.finding import Finding
from codesearch.core.catalog.runs import index_command
from codesearch.core.config import load_settings
from codesearch.core.embedding.loading import load_embedder
from codesearch.core.errors import DamagedStoreError
from codesearch.core.index import search_index
from codesearch.core.types import DataSource
from indexer.lenders import choose_alike
from indexer.pipeline import IndexReport, SilentProgress
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.test_pipeline import Parts, rows_of

FILES = {f"part_{number}.py": f"def part_{number}():\n    return {number}\n" for number in range(40)}


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = Parts(tmp_path / "data", load_embedder(load_settings(embedding_model="bundled")))
    yield made
    made.catalog.close()


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Parts]:
    made = Parts(tmp_path / "fresh", load_embedder(load_settings(embedding_model="bundled")))
    yield made
    made.catalog.close()


@pytest.fixture
def repository(make_repository: Callable[..., Repository]) -> Repository:
    """A repository with a branch on which one file is changed, one added and one removed."""
    made = make_repository()
    made.commit(FILES)
    made.git("branch", "other")
    made.git("checkout", "--quiet", "other")
    (made.path / "part_1.py").unlink()
    made.git("rm", "--quiet", "--cached", "part_1.py")
    made.commit({"part_0.py": "CHANGED = 1\n", "new.py": "def new():\n    return 1\n"})
    made.git("checkout", "--quiet", "-")
    return made


def index(parts: Parts, place: Path, branch: str | None = None, name: str | None = None) -> IndexReport:
    return parts.indexer.index(
        str(place), name=name, branch=branch, subdir=None, progress=parts.progress(), committed=True
    )


def check_same(parts: Parts, source: DataSource, fresh: Parts, place: Path, branch: str | None = None) -> None:
    """Hold that a source has the files, lines and counts of one that was indexed alone."""
    other = index(fresh, place, branch).source
    assert (source.file_count, source.chunk_count, source.commit) == (other.file_count, other.chunk_count, other.commit)
    ours = parts.search_indexes.get(source.id, source.run_id)
    assert rows_of(ours) == rows_of(fresh.search_indexes.get(other.id, other.run_id))


def documents(parts: Parts, source: DataSource) -> set[str]:
    """Return the ids of a source's documents."""
    found = parts.search_indexes.get(source.id, source.run_id)
    return {part.document_id_of(row) for part in found.segments for row in part.live_row_numbers().tolist()}


def segment_inodes(parts: Parts, source: DataSource) -> set[int]:
    folder = parts.settings.data_dir / "search" / source.id
    return {path.stat().st_ino for path in folder.glob("*.segment")}


def test_a_second_branch_shares_the_segments_of_the_first(parts: Parts, fresh: Parts, repository: Repository) -> None:
    first = index(parts, repository.path).source
    report = index(parts, repository.path, "other")
    second = report.source
    assert (report.changed, report.unchanged) == (2, 38)
    assert segment_inodes(parts, second) & segment_inodes(parts, first), "the same file on disk"
    assert parts.store.count_rows(second.id) == 2, "rows of its own alone"
    assert not documents(parts, first) & documents(parts, second)
    assert len(documents(parts, second)) == second.chunk_count
    check_same(parts, second, fresh, repository.path, "other")
    assert not index(parts, repository.path, "other").wrote
    # Both go on alone: neither sees what becomes of the other.
    repository.commit({"part_2.py": "OF_THE_FIRST = 1\n"})
    first = index(parts, repository.path).source
    check_same(parts, parts.catalog.get_source(second.id), fresh, repository.path, "other")
    assert parts.store.count_rows(first.id) == first.chunk_count


def test_a_lender_may_be_removed(parts: Parts, fresh: Parts, repository: Repository) -> None:
    first = index(parts, repository.path).source
    second = index(parts, repository.path, "other").source
    parts.catalog.remove_source(first.id)
    parts.search_indexes.remove(first.id)
    parts.writer.remove(first.id)
    check_same(parts, second, fresh, repository.path, "other")
    repository.git("checkout", "--quiet", "other")
    repository.commit({"part_3.py": "LATER = 1\n"})
    second = index(parts, repository.path, "other").source
    check_same(parts, second, fresh, repository.path, "other")


def test_a_borrower_whose_segments_are_lost_reads_its_source_again(
    parts: Parts, fresh: Parts, repository: Repository
) -> None:
    index(parts, repository.path)
    second = index(parts, repository.path, "other").source
    shutil.rmtree(parts.settings.data_dir / "search" / second.id)
    parts.search_indexes.files.remove(second.id)
    second = index(parts, repository.path, "other").source
    check_same(parts, second, fresh, repository.path, "other")


def test_a_borrower_does_not_fail_with_what_its_lender_lost(
    repository: Repository, fresh: Parts, tmp_path: Path
) -> None:
    def index_each(*branches: str | None) -> list[DataSource]:
        assembly = open_assembly(data_dir=tmp_path / "whole", embedding_model="bundled", index_workers=1)
        try:
            indexer, target = open_indexer(assembly), str(repository.path)
            progress = SilentProgress()
            reports = [
                indexer.index(target, name=None, branch=branch, subdir=None, progress=progress, committed=True)
                for branch in branches
            ]
            for source in [report.source for report in reports]:
                assert assembly.search_indexes.get(source.id, source.run_id).row_count == source.chunk_count
            return [report.source for report in reports]
        finally:
            assembly.close()

    index_each(None, "other")
    for folder in ("search", "store"):
        shutil.rmtree(tmp_path / "whole" / folder)
    wanted = [index(fresh, repository.path, branch).source.chunk_count for branch in ("other", None)]
    assert [source.chunk_count for source in index_each("other", None)] == wanted


@pytest.fixture
def assembly(tmp_path: Path) -> Iterator[Assembly]:
    opened = open_assembly(data_dir=tmp_path / "whole", embedding_model="bundled", index_workers=1)
    yield opened
    opened.close()


def index_branch(assembly: Assembly, repository: Repository, branch: str | None) -> DataSource:
    return (
        open_indexer(assembly)
        .index(str(repository.path), name=None, branch=branch, subdir=None, progress=SilentProgress(), committed=True)
        .source
    )


def segments_of(assembly: Assembly, source: DataSource) -> list[Path]:
    return sorted((assembly.settings.data_dir / "search" / source.id).glob("*.segment"))


def examine(assembly: Assembly) -> list[Finding]:
    found = [*examine_store_files(assembly), *examine_search_files(assembly)]
    return [finding for finding in found if not finding.is_good]


def lose(path: Path, how: str) -> None:
    if how == "missing":
        path.unlink()
    else:
        # In place: it is the same file for both.
        with path.open("r+b") as file:
            file.seek(path.stat().st_size // 2)
            file.write(b"damaged bytes of a segment")


@pytest.mark.parametrize(
    ("how", "has_lender"),
    [("missing", False), ("missing", True), ("damaged", False), ("damaged", True), ("large", True)],
)
def test_doctor_names_a_lent_segment_that_is_lost_and_a_run_heals_it(
    how: str, *, has_lender: bool, assembly: Assembly, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    if how == "large":
        # Of such a segment nobody sees a damage who does not look for it.
        monkeypatch.setattr(search_index, "VERIFIED_BYTES", 0)
    repository.git("branch", "equal")
    first = index_branch(assembly, repository, None)
    second = index_branch(assembly, repository, "equal")
    if not has_lender:
        assembly.catalog.remove_source(first.id)
        assembly.search_indexes.remove(first.id)
        assembly.writer.remove(first.id)
    assert examine(assembly) == []
    (path,) = segments_of(assembly, second)
    lose(path, how)
    of_second = [finding for finding in examine(assembly) if second.name in finding.subject]
    assert [finding.subject for finding in of_second] == [f"search index of {second.name}"]
    assert str(path) in of_second[0].found
    assert ("shared with " + (first.name if has_lender else "a data source that was removed")) in of_second[0].found
    assert of_second[0].advice == f"Run `{index_command(second)}`."
    for branch in [None, "equal"] if has_lender else ["equal"]:
        index_branch(assembly, repository, branch)
    assert examine(assembly) == []
    second = assembly.catalog.get_source(second.id)
    assert assembly.search_indexes.get(second.id, second.run_id).row_count == second.chunk_count == 40


def test_a_query_takes_a_lost_segment_from_its_lender_again(assembly: Assembly, repository: Repository) -> None:
    first = index_branch(assembly, repository, None)
    second = index_branch(assembly, repository, "other")
    lent = {path.name for path in segments_of(assembly, first)}
    for path in segments_of(assembly, second):
        if path.name in lent:
            path.unlink()
    assert assembly.search_indexes.get(second.id, second.run_id).row_count == second.chunk_count
    assert examine(assembly) == []


def test_a_source_that_has_all_its_rows_from_another_is_not_named_as_lost(
    assembly: Assembly, repository: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    index_branch(assembly, repository, None)
    repository.git("branch", "equal")
    second = index_branch(assembly, repository, "equal")
    assert assembly.store.count_rows(second.id) == 0
    assembly.heal_store(DamagedStoreError("A file is damaged.", assembly.index_format.table_name))
    assert "are to be read from their sources again" not in caplog.text
    assert examine(assembly) == []


def test_nothing_is_lent_where_other_machines_read_the_store(
    parts: Parts, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    index(parts, repository.path)
    monkeypatch.setattr(type(parts.store), "is_remote", True)
    second = index(parts, repository.path, "other").source
    assert parts.store.count_rows(second.id) == second.chunk_count, "whoever lacks its index makes it from these"


def test_a_branch_that_is_equal_writes_no_row(parts: Parts, fresh: Parts, repository: Repository) -> None:
    index(parts, repository.path)
    repository.git("branch", "equal")
    report = index(parts, repository.path, "equal")
    assert (report.changed, report.unchanged, report.embedded_chunks) == (0, 40, 0)
    assert parts.store.count_rows(report.source.id) == 0
    check_same(parts, report.source, fresh, repository.path, "equal")
    assert not index(parts, repository.path, "equal").wrote


def test_a_linked_work_tree_with_changes_shares_too(parts: Parts, repository: Repository, tmp_path: Path) -> None:
    first = index(parts, repository.path).source
    place = tmp_path / "beside"
    repository.git("worktree", "add", "--quiet", str(place), "other")
    (place / "part_5.py").write_text("UNCOMMITTED = 1\n")
    report = parts.index(place)
    assert (report.changed, report.unchanged) == (3, 37)
    assert segment_inodes(parts, report.source) & segment_inodes(parts, first)
    assert parts.answered(report.source) == {*FILES, "new.py"} - {"part_1.py"}


def test_a_copy_of_the_same_name_shares_and_a_stranger_does_not(
    parts: Parts, repository: Repository, make_repository: Callable[..., Repository], tmp_path: Path
) -> None:
    index(parts, repository.path)
    (tmp_path / "forks").mkdir()
    copy = tmp_path / "forks" / repository.path.name
    shutil.copytree(repository.path, copy)
    assert index(parts, copy, name="copy").unchanged == 40
    (tmp_path / "others").mkdir()
    stranger = Repository(tmp_path / "others" / repository.path.name)
    stranger.commit({"part_0.py": "ELSE = 1\n", "own.py": "OWN = 1\n"})
    report = index(parts, stranger.path, name="stranger")
    assert (report.changed, report.unchanged) == (2, 0)
    assert len(segment_inodes(parts, report.source)) == 1


def test_of_many_others_only_those_that_may_lend_are_read(
    repository: Repository, make_repository: Callable[..., Repository], tmp_path: Path
) -> None:
    linked = tmp_path / "linked"
    repository.git("worktree", "add", "--quiet", str(linked), "other")
    (tmp_path / "forks").mkdir()
    source = DataSource(id="a" * 24, name="a", type="repository", location=str(repository.path))
    is_alike = choose_alike(source)
    alike = [
        (str(linked), True),
        (f"https://example.org/forks/{repository.path.name}.git", True),
        (str(tmp_path / "forks"), False),
        (str(make_repository("stranger").path), False),
        (str(tmp_path / "gone"), False),
        ("https://example.org/other.git", False),
    ]
    assert [(place, is_alike("b" * 24, "b", place)) for place, _ in alike] == alike
    assert not is_alike(source.id, "a", source.location), "itself"


def test_a_first_run_of_a_branch_that_is_killed(parts: Parts, fresh: Parts, repository: Repository) -> None:
    index(parts, repository.path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts.files, "interrupt_manifest", _interrupt)
        with pytest.raises(KeyboardInterrupt):
            index(parts, repository.path, "other")
    report = index(parts, repository.path, "other")
    assert report.changed == 0, "its own segment was whole"
    check_same(parts, report.source, fresh, repository.path, "other")
    assert parts.store.count_rows(report.source.id) == 2


def _interrupt() -> None:
    raise KeyboardInterrupt
