"""Segments: dead files are not known, figures are those of the live rows, and joined segments are as built at once."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codesearch.core.index.array_file import DamagedFileError, map_arrays, write_arrays
from codesearch.core.index.builder import build_search_index
from codesearch.core.index.manifest import (
    SegmentEntry,
    SegmentName,
    count_terms,
    read_manifest,
    read_segment_name,
    write_manifest,
)
from codesearch.core.index.merging import read_rows
from codesearch.core.index.search_index import SearchIndex, open_search_index
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.predicates import EVERYTHING, Comparison, Not, Operator
from codesearch.core.text.terms import name_term
from codesearch.retrieval.features.part import Part
from codesearch.retrieval.features.references import count_by_part
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.core.store.store_rows import DIMENSION, build_index, make_row, unit_vector

WORDS = "parse read write open close index token stream buffer socket retry cache".split()
LANGUAGES = ("python", "go", "rust")


def make_files(seed: int, count: int = 24) -> dict[str, list[IndexedChunk]]:
    """Return rows by path: functions that name one another, in folders of which one is an older version."""
    chance = random.Random(seed)
    files = {}
    for number in range(count):
        folder = chance.choice(["v1", "v2", "core", "core/deep"])
        path = f"{folder}/{chance.choice(WORDS)}_{number}.py"
        rows = []
        subjects = [" ".join(chance.choices(WORDS, k=4)) for _ in range(chance.randint(0, 3))]
        for line in range(1, 2 + 5 * chance.randint(1, 4), 5):
            name = chance.choice(WORDS)
            content = f"def {name}():\n    return {' '.join(chance.choices(WORDS, k=6))}"
            row = make_row(
                path,
                content,
                start_line=line,
                symbol=f"{chance.choice(WORDS)}.{name}",
                language=chance.choice(LANGUAGES),
                vector=unit_vector(*(chance.uniform(-1, 1) for _ in range(DIMENSION))),
                content_id=f"{seed}-{number}",
                modified_at=chance.choice([None, 1_700_000_000 + number]),
                symbol_lines=(line, line + 40) if chance.random() < 0.3 else None,
                holds_head=chance.random() < 0.5,
                signature=f"def {name}()",
                subjects="\n".join(subjects) or None,
            )
            rows.append(row)
        files[path] = rows
    return files


def flatten(files: dict[str, list[IndexedChunk]]) -> list[IndexedChunk]:
    return [row for path in files for row in files[path]]


def divide(
    folder: Path, files: dict[str, list[IndexedChunk]], older: dict[str, list[IndexedChunk]], seed: int, count: int
) -> SourceIndex:
    """Build `files` in several segments; the first ones have older versions of some, and files that are gone."""
    chance = random.Random(seed)
    parts: list[dict[str, list[IndexedChunk]]] = [{} for _ in range(count)]
    home = {path: chance.randrange(count) for path in files}
    for path, rows in files.items():
        parts[home[path]][path] = rows
    for path, rows in older.items():
        # Of a file that is still there, an older version can only be in an earlier segment.
        last = home[path] if path in files else count
        if last:
            parts[chance.randrange(last)][path] = rows
    segments, terms = [], []
    for number, part in enumerate(parts):
        segment = build_index(folder, flatten(part))
        dead = [path for path in part if home.get(path) != number]
        found = [segment.find_file(path) for path in dead]
        entry = SegmentEntry(SegmentName(1, number)).bury(segment, [file for file in found if file is not None])
        segments.append(segment.without(entry.dead_files))
        terms.append(entry.dead_terms)
    return SourceIndex(segments, terms)


@pytest.fixture(params=range(4))
def both(tmp_path: Path, request: pytest.FixtureRequest) -> tuple[SourceIndex, SearchIndex]:
    """The same files in several segments with dead ones, and built at once."""
    files = make_files(request.param)
    changed = {path: rows[:1] for path, rows in list(files.items())[::3]}
    older = changed | make_files(request.param + 100, 8)
    return divide(tmp_path, files, older, request.param, 1 + request.param), build_index(tmp_path, flatten(files))


def places(source: SourceIndex) -> list[tuple[str, SearchIndex, int]]:
    return list(source.files_below(""))


def test_files_are_those_that_are_live(both: tuple[SourceIndex, SearchIndex]) -> None:
    source, whole = both
    paths = [whole.path_of(file) for file in range(whole.file_count)]
    assert [path for path, _, _ in places(source)] == paths
    assert (source.file_count, source.row_count) == (whole.file_count, whole.row_count)
    for file, path in enumerate(paths):
        found = source.find_file(path)
        assert found is not None
        segment, number = found
        rows = range(segment.first_rows[number], segment.first_rows[number + 1])
        expected = [whole.chunk_of(row) for row in range(whole.first_rows[file], whole.first_rows[file + 1])]
        assert [segment.chunk_of(row) for row in rows] == expected
        assert segment.content_id_of(number) == whole.content_id_of(file)
    assert source.find_file("core/none.py") is None
    assert dict(pair for part in source.segments for pair in part.content_ids().items()) == whole.content_ids()


def part_of(index: SourceIndex | SearchIndex, path: str) -> Part:
    """All rows of a file."""
    joined = index if isinstance(index, SearchIndex) else index.joined
    if isinstance(index, SearchIndex):
        (file,) = index.files_below(path)
    else:
        ((_, segment, number),) = index.files_below(path)
        # The number of the first file of the segment among those of all.
        begin = sum(part.file_count for part in index.segments[: index.segments.index(segment)])
        file = begin + number
    rows = np.arange(joined.first_rows[file], joined.first_rows[file + 1], dtype=np.int32)
    return Part(joined, rows, np.full(len(rows), file, np.int32))


def test_figures_are_those_of_all_live_rows(both: tuple[SourceIndex, SearchIndex]) -> None:
    source, whole = both
    statistics = source.statistics
    assert statistics.mean_row_length == pytest.approx(whole.lengths.mean())
    assert statistics.mean_file_length == pytest.approx(whole.file_lengths.mean())
    for path, segment, file in places(source):
        (other,) = whole.files_below(path)
        assert segment.superseded_versions[file] == whole.superseded_versions[other], path
        rows = np.arange(segment.first_rows[file], segment.first_rows[file + 1])
        there = np.arange(whole.first_rows[other], whole.first_rows[other + 1])
        (counted,), (expected,) = (count_by_part([part]) for part in (part_of(source, path), part_of(whole, path)))
        assert [column.tolist() for column in counted] == [column.tolist() for column in expected], path
        shares = segment.language_shares[segment.row_languages[rows]]
        assert shares == pytest.approx(whole.language_shares[whole.row_languages[there]])
        norms = segment.row_norms(1.2, 0.6)[rows]
        assert norms == pytest.approx(whole.row_norms(1.2, 0.6)[there])


def test_conditions_and_names_know_live_rows_alone(both: tuple[SourceIndex, SearchIndex]) -> None:
    source, whole = both
    condition = Comparison("symbol", Operator.CONTAINS, ("read",))
    for predicate in (EVERYTHING, condition, Not(condition)):
        mask = whole.rows_where(predicate)
        wanted = {document_of(whole, row) for row in (range(whole.row_count) if mask is None else np.flatnonzero(mask))}
        found = set()
        for segment in source.segments:
            chosen = segment.rows_where(predicate)
            rows = range(segment.row_count) if chosen is None else np.flatnonzero(chosen)
            found |= {document_of(segment, row) for row in rows}
        assert found == wanted
    for word in WORDS:
        named = {document_of(part, row) for part in source.segments for row in part.rows_named(name_term(word))}
        assert named == {document_of(whole, row) for row in whole.rows_named(name_term(word))}


def document_of(index: SearchIndex, row: int | np.integer[Any]) -> str:
    return index.document_id_of(int(row))


def test_joined_segments_are_as_built_at_once(tmp_path: Path, both: tuple[SourceIndex, SearchIndex]) -> None:
    source, whole = both
    path = tmp_path / "joined"
    build_search_index((batch for part in source.segments for batch in read_rows(part)), DIMENSION, path)
    arrays, header = map_arrays(path)
    expected, expected_header = map_arrays(tmp_path / f"{len(source.segments)}.index")
    assert header == expected_header
    assert set(arrays) == set(expected)
    for name, array in arrays.items():
        assert array.shape == expected[name].shape, name
        if array.dtype.kind == "f":
            assert array == pytest.approx(expected[name], rel=1e-5), name
        elif name == "file_vectors":
            assert np.abs(array.astype(int) - expected[name]).max() <= 1, name
        elif name != "signs":
            assert np.array_equal(array, expected[name]), name
    assert whole.row_count == source.row_count


def test_terms_of_dead_files_are_counted(tmp_path: Path) -> None:
    index = build_index(tmp_path, flatten(make_files(1)))
    files = np.array([0, 3, 4], np.int32)
    terms, counts = count_terms(index, files)
    found = dict(zip(terms.tolist(), counts.tolist(), strict=True))
    expected: dict[int, int] = {}
    for term, (ids, _) in zip(
        index.file_postings.terms, index.file_postings.find(index.file_postings.terms), strict=True
    ):
        if shared := len(set(ids.tolist()) & set(files.tolist())):
            expected[int(term)] = shared
    assert found == expected


def test_manifests_come_back_as_they_were_written(tmp_path: Path) -> None:
    index = build_index(tmp_path, flatten(make_files(1)))
    entries = [SegmentEntry(SegmentName(3, 0)).bury(index, [2, 5]).bury(index, [0]), SegmentEntry(SegmentName(4, 7))]
    path = tmp_path / "x.manifest"
    write_manifest(path, entries)
    found = read_manifest(path)
    assert found is not None
    assert [entry.name for entry in found] == [SegmentName(3, 0), SegmentName(4, 7)]
    assert [entry.dead_files.tolist() for entry in found] == [[0, 2, 5], []]
    for entry, other in zip(found, entries, strict=True):
        assert [part.tolist() for part in entry.dead_terms] == [part.tolist() for part in other.dead_terms]
    arrays, header = map_arrays(path)
    write_arrays(path, arrays, {**header, "layout": 0})
    assert read_manifest(path) is None
    write_arrays(path, arrays, {**header, "segments": [["x", 1]]})
    with pytest.raises(DamagedFileError):
        read_manifest(path)


@pytest.mark.parametrize(("text", "name"), [("12-3", SegmentName(12, 3)), ("12", None), ("a-1", None), ("1-2-3", None)])
def test_names_of_segments(text: str, name: SegmentName | None) -> None:
    assert read_segment_name(text) == name
    if name is not None:
        assert str(name) == text
    assert SegmentName(1, 65_535).code < SegmentName(2, 0).code


def test_a_segment_without_rows(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    build_search_index((), DIMENSION, path)
    index = open_search_index(path)
    assert index is not None
    source = SourceIndex([index])
    assert (source.file_count, source.row_count, list(source.files_below(""))) == (0, 0, [])
    assert list(read_rows(index)) == []
