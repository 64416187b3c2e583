"""Merges of what runs have left: the rows of a fresh index in fewer segments, and nothing lost on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from codesearch.cli.merge import describe_merge
from codesearch.core.config import load_settings
from codesearch.core.embedding.loading import load_embedder
from codesearch.core.errors import NotFoundError
from codesearch.core.index.array_file import map_arrays, write_arrays
from codesearch.core.index.search_index import open_search_index
from codesearch.core.types import DataSource
from indexer.merger import Merger, MergeReport
from indexer.pipeline import SilentProgress
from indexer.tiers import MOST_LEFT_SEGMENTS
from tests.unit.indexer.test_pipeline import Parts, fail_with_any, rows_of


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """An indexer whose runs leave all joining to merges."""
    made = Parts(tmp_path / "data", load_embedder(load_settings(embedding_model="bundled")), at_once_rows=0)
    yield made
    made.catalog.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "shop"
    made.mkdir()
    for number in range(20):
        (made / f"part_{number:02}.py").write_text(f"def part_{number}():\n    return {number}\n")
    return made


def merge(parts: Parts, source: DataSource) -> MergeReport:
    merger = Merger(
        catalog=parts.catalog,
        store=parts.store,
        writer=parts.writer,
        search_indexes=parts.search_indexes,
        data_dir=parts.settings.data_dir,
        segment_rows=parts.settings.segment_chunks,
    )
    return merger.merge(source.id, SilentProgress())


def change(folder: Path, number: int) -> None:
    (folder / f"part_{number:02}.py").write_text(f"def changed_{number}():\n    return 'changed'\n")


def segments_of(parts: Parts, source: DataSource) -> int:
    current = parts.catalog.get_source(source.id)
    return len(parts.search_indexes.get(current.id, current.run_id).segments)


def leave_segments(parts: Parts, folder: Path, count: int = 4) -> DataSource:
    """Have runs leave as many segments, and return the source."""
    report = parts.index(folder)
    assert not report.is_crowded
    for number in range(1, count):
        change(folder, number)
        report = parts.index(folder)
        assert report.is_crowded
    assert segments_of(parts, report.source) == count
    return report.source


def test_segments_that_runs_have_left_become_one_and_nothing_else_changes(
    parts: Parts, folder: Path, tmp_path: Path
) -> None:
    before = leave_segments(parts, folder)
    report = merge(parts, before)
    assert (report.segments_before, report.segments_after, report.has_rest) == (4, 1, False)
    assert describe_merge(report) == "4 segments became 1."
    after = parts.catalog.get_source(before.id)
    assert after == report.source == replace(before, run_id=after.run_id)
    assert after.run_id > before.run_id
    assert len(parts.search_files()) == 2
    assert parts.store.count_rows(after.id) == after.chunk_count
    merged = rows_of(parts.search_indexes.get(after.id, after.run_id))
    fresh = Parts(tmp_path / "fresh", load_embedder(load_settings(embedding_model="bundled")))
    whole = fresh.index(folder).source
    assert merged == rows_of(fresh.search_indexes.get(whole.id, whole.run_id))
    fresh.catalog.close()
    # There is nothing more to merge, and nothing for a run to do; the next ones go on from there.
    again = merge(parts, after)
    assert (again.source, again.segments_after) == (after, 1)
    assert describe_merge(again) == "nothing to merge: 1 segment."
    unchanged = parts.index(folder)
    assert (unchanged.wrote, unchanged.is_crowded, unchanged.source) == (False, False, after)
    change(folder, 7)
    assert parts.index(folder).changed == 1
    assert parts.answered(after) == {path.name for path in folder.iterdir()}
    current = parts.catalog.get_source(after.id)
    rows = rows_of(parts.search_indexes.get(current.id, current.run_id))
    parts.search_indexes.rebuild(current.id, current.run_id)
    assert rows_of(parts.search_indexes.get(current.id, current.run_id)) == rows


def test_a_run_joins_what_merges_have_been_too_late_for(parts: Parts, folder: Path) -> None:
    source = leave_segments(parts, folder, MOST_LEFT_SEGMENTS)
    change(folder, 15)
    assert not parts.index(folder).is_crowded
    assert segments_of(parts, source) == 1


def test_a_segment_that_is_mostly_dead_is_written_anew(parts: Parts, folder: Path) -> None:
    parts.index(folder)
    for path in sorted(folder.iterdir())[8:]:
        path.unlink()
    report = parts.index(folder)
    (segment,) = parts.search_indexes.get(report.source.id, report.source.run_id).segments
    assert (report.is_crowded, len(segment.dead_files)) == (True, 12)
    merged = merge(parts, report.source).source
    (segment,) = parts.search_indexes.get(merged.id, merged.run_id).segments
    assert (len(segment.dead_files), segment.file_count) == (0, 8)
    assert not parts.index(folder).is_crowded


def test_an_unchanged_run_says_that_a_merge_is_missing(parts: Parts, folder: Path) -> None:
    leave_segments(parts, folder)
    report = parts.index(folder)
    assert (report.wrote, report.is_crowded) == (False, True)


@pytest.mark.parametrize("at", ["interrupt", "interrupt_manifest"])
def test_a_merge_that_is_stopped_costs_nothing(parts: Parts, folder: Path, at: str) -> None:
    before = leave_segments(parts, folder)
    setattr(parts.files, at, lambda: fail_with_any(KeyboardInterrupt())())
    with pytest.raises(KeyboardInterrupt):
        merge(parts, before)
    setattr(parts.files, at, None)
    assert parts.catalog.get_source(before.id) == before
    assert parts.answered(before) == {path.name for path in folder.iterdir()}
    assert merge(parts, before).segments_after == 1
    assert len(parts.search_files()) == 2
    assert parts.staged() == []
    assert not parts.index(folder).wrote


def test_what_an_interrupted_run_left_is_gone_on_from_first(parts: Parts, folder: Path) -> None:
    source = leave_segments(parts, folder)
    change(folder, 9)
    with pytest.MonkeyPatch.context() as patch:
        # Its rows are in the store, its segment is not.
        patch.setattr(parts.files, "write_segment", fail_with_any(KeyboardInterrupt()))
        with pytest.raises(KeyboardInterrupt):
            parts.index(folder)
    report = merge(parts, source)
    assert (report.has_rest, parts.catalog.get_source(source.id).run_id) == (True, source.run_id)
    assert "the next run goes on" in describe_merge(report)
    resumed = parts.index(folder)
    assert (resumed.is_resumed, resumed.changed, resumed.is_crowded) == (True, 0, True)
    assert merge(parts, source).segments_after == 1
    assert parts.store.count_rows(source.id) == parts.catalog.get_source(source.id).chunk_count


def test_what_has_no_index_is_not_merged(parts: Parts) -> None:
    source = parts.catalog.add_source(id="a" * 24, name="new", location="https://git.example.org/new")
    assert "no index" in describe_merge(merge(parts, source))
    with pytest.raises(NotFoundError):
        merge(parts, replace(source, id="b" * 24))


def test_what_another_model_has_indexed_is_not_merged(parts: Parts) -> None:
    source = parts.catalog.add_source(id="a" * 24, name="old", location="https://git.example.org/old")
    run_id = parts.catalog.start_run(source.id)
    parts.catalog.finish_run(run_id, commit=None, file_count=1, chunk_count=1, index_format="another")
    report = merge(parts, source)
    assert not report.has_rest
    assert "no index" in describe_merge(report)


def test_segments_whose_text_was_not_packed_are_merged_with_others(parts: Parts, folder: Path) -> None:
    source = leave_segments(parts, folder)
    source = parts.catalog.get_source(source.id)
    files = parts.settings.data_dir / "search" / source.id
    for path in sorted(files.glob("*.segment"))[::2]:
        unpack_text(path)
    found = Parts(parts.settings.data_dir, load_embedder(load_settings(embedding_model="bundled")), at_once_rows=0)
    index = found.search_indexes.get(source.id, source.run_id)
    assert ["content_texts" in segment.arrays for segment in index.segments].count(True) == 2
    rows = rows_of(index)
    assert rows == rows_of(parts.search_indexes.get(source.id, source.run_id))
    merged = merge(found, source).source
    assert rows_of(found.search_indexes.get(merged.id, merged.run_id)) == rows
    (segment,) = found.search_indexes.get(merged.id, merged.run_id).segments
    assert "text_blocks" in segment.arrays
    found.catalog.close()


def unpack_text(path: Path) -> None:
    """Write a segment as it was before texts were packed."""
    segment = open_search_index(path)
    assert segment is not None
    arrays, header = map_arrays(path)
    older = {name: array for name, array in arrays.items() if not name.startswith(("text_", "content_marks"))}
    older["content_texts"] = np.frombuffer(segment.texts.bytes_of(0, segment.texts.text.size), np.uint8)
    write_arrays(path, older, {**header, "layout": 7})


def test_a_source_that_is_removed_while_it_is_merged_does_not_come_back(parts: Parts, folder: Path) -> None:
    source = leave_segments(parts, folder)

    def remove() -> None:
        parts.catalog.remove_source(source.id)

    parts.files.interrupt_manifest = remove
    with pytest.raises(NotFoundError, match="was removed or indexed"):
        merge(parts, source)
    assert parts.catalog.list_sources() == []
