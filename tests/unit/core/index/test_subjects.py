"""The subjects of commits in segments: terms with their counts, the same of one segment and of several, none of old."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from codesearch.core.index.array_file import map_arrays, write_arrays
from codesearch.core.index.search_index import LAYOUT_VERSION, SearchIndex, open_search_index
from codesearch.core.index.shipped import ShippedIndex, cut_index
from codesearch.core.index.source_index import Searched
from codesearch.core.index.subjects import SubjectTerms
from codesearch.core.text.terms import MAX_COUNT, term_of, terms_of
from tests.unit.core.index.segments import build_one, build_several
from tests.unit.core.store.store_rows import DIMENSION, build_index, make_row

SUBJECTS = {
    "a.py": "Retry uploads that time out\nAdd retryUpload",
    "b.py": None,
    "c.py": "Größe der Puffer prüfen\nAdd retryUpload",
    "d.py": "\n".join(["Retry again"] * 300),
    "e.py": None,
    "f.py": "Close sockets",
}
FILES = {
    path: [make_row(path, "one", subjects=lines), make_row(path, "two", start_line=2, subjects=lines)]
    for path, lines in SUBJECTS.items()
}
GONE = {"gone.py": [make_row("gone.py")]}


def expected_terms(path: str) -> list[tuple[int, int]]:
    counts = Counter(term for line in (SUBJECTS[path] or "").split("\n") for term in terms_of(line))
    return [(term, min(count, MAX_COUNT)) for term, count in sorted(counts.items())]


def by_file(found: SubjectTerms) -> list[list[tuple[int, int]]]:
    sizes, terms, counts = found
    pairs = list(zip(terms.tolist(), counts.tolist(), strict=True))
    ends = np.cumsum(sizes).tolist()
    return [pairs[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def terms_by_path(index: Searched) -> dict[str, list[tuple[int, int]]]:
    files = index.first_rows[:-1] * 0 + np.arange(index.file_count)
    live = np.ones(index.file_count, np.bool_) if index.live_file_mask is None else index.live_file_mask
    chosen = files[live][::-1]
    return dict(zip(map(index.path_of, chosen.tolist()), by_file(index.subject_terms_of(chosen)), strict=True))


def test_terms_of_subjects_are_counted_by_file(tmp_path: Path) -> None:
    index = build_index(tmp_path, [row for rows in FILES.values() for row in rows])
    assert terms_by_path(index) == {path: expected_terms(path) for path in FILES}
    sizes, terms, counts = index.subject_terms_of(np.array([3, 1], np.int32))
    assert sizes.tolist() == [2, 0]
    assert dict(zip(terms.tolist(), counts.tolist(), strict=True)) == {term_of("retry"): 255, term_of("again"): 255}
    assert (terms.dtype.name, counts.dtype.name) == ("uint32", "uint8")
    assert [index.subjects_of(file) for file in range(len(FILES))] == [lines or "" for lines in SUBJECTS.values()]


def test_several_segments_know_what_one_does(tmp_path: Path) -> None:
    older = {path: [make_row(path, "old", subjects="Say what is over")] for path in ("a.py", "d.py", "z.py")}
    one, several = build_one(tmp_path / "1", FILES), build_several(tmp_path / "4", FILES, older)
    assert terms_by_path(several.joined) == terms_by_path(one.joined) == {path: expected_terms(path) for path in FILES}
    assert several.joined.has_subjects
    nothing = several.joined.subject_terms_of(np.empty(0, np.int64))
    assert [len(part) for part in nothing] == [0, 0, 0]


@pytest.mark.parametrize("lines", [None, "Close sockets"])
def test_a_segment_without_subjects_beside_one_with(tmp_path: Path, lines: str | None) -> None:
    files = {f"{name}.py": [make_row(f"{name}.py", subjects=lines if name == "a" else None)] for name in "abc"}
    several = build_several(tmp_path, files, GONE)
    assert several.joined.has_subjects is bool(lines)
    assert [segment.has_subjects for segment in several.segments] == [bool(lines), False, False, False]
    expected = [(term, 1) for term in sorted(terms_of(lines or ""))]
    assert terms_by_path(several.joined) == {"a.py": expected, "b.py": [], "c.py": []}


def test_a_segment_from_before_subjects_has_none(tmp_path: Path) -> None:
    whole = build_index(tmp_path, [row for rows in FILES.values() for row in rows])
    arrays = {name: array for name, array in whole.arrays.items() if "subject" not in name}
    assert len(arrays) == len(whole.arrays) - 7
    path = tmp_path / "before"
    write_arrays(path, arrays, {"layout": LAYOUT_VERSION, "dimension": DIMENSION})
    index = open_search_index(path)
    assert index is not None
    assert not index.has_subjects
    assert by_file(index.subject_terms_of(np.arange(6))) == [[]] * 6
    assert index.subjects_of(0) == ""


def test_without_any_subject_there_are_no_arrays(tmp_path: Path) -> None:
    index = build_index(tmp_path, [make_row("a.py")])
    assert not [name for name in index.arrays if "subject" in name]
    assert map_arrays(tmp_path / "0.index")[1]["layout"] == LAYOUT_VERSION


@pytest.mark.parametrize("segments", ["one", "several"])
def test_files_on_their_way_to_another_service_have_theirs(tmp_path: Path, segments: str) -> None:
    source = build_one(tmp_path, FILES) if segments == "one" else build_several(tmp_path, FILES, GONE)
    index = source.joined
    paths = {index.path_of(file): file for file in range(index.file_count)}
    rows = np.array([int(index.first_rows[paths[path]]) for path in ("a.py", "b.py", "f.py")], np.int32)
    nothing = np.zeros(len(rows), np.int64)
    shipped: SearchIndex = ShippedIndex(cut_index(index, rows, (nothing, nothing, nothing, nothing)), DIMENSION)
    assert terms_by_path(shipped) == {path: expected_terms(path) for path in ("a.py", "b.py", "f.py")}
