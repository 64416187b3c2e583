"""What the subjects of commits say of the files that they changed, as ranking counts it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from codesearch.core.index.source_index import SourceIndex
from codesearch.core.predicates import EVERYTHING
from codesearch.core.types import FeatureShare
from codesearch.retrieval.candidates import find_candidates, join_candidates
from codesearch.retrieval.features.subjects import cover_by_subjects
from codesearch.retrieval.features.view import View
from codesearch.retrieval.query.understanding import understand_query
from codesearch.retrieval.ranking import Ranked, rank
from tests.floats import near
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.retrieval.index_rows import QUERY_VECTOR, as_source, index_of, make_row


def view_of(query: str, sources: list[SourceIndex]) -> View:
    terms = understand_query(query, sources)
    found = find_candidates([(source, EVERYTHING) for source in sources], terms, QUERY_VECTOR, 10)
    return View(terms, join_candidates(found))


def covered_by_path(query: str, *sources: list[IndexedChunk]) -> dict[str, list[float]]:
    """Return for each path what its rows, in order, are given."""
    view = view_of(query, [as_source(index_of(rows)) for rows in sources])
    values = cover_by_subjects(view.parts, view.terms.terms).tolist()
    found: dict[str, list[float]] = {}
    for number, value in enumerate(values):
        _, index, row = view.candidates.place_of(number)
        found.setdefault(index.path_of(int(index.file_of_row[row])), []).append(value)
    return found


def ranked(query: str, rows: list[IndexedChunk]) -> list[tuple[str, Ranked]]:
    index = as_source(index_of(rows))
    terms = understand_query(query, [index])
    found = find_candidates([(index, EVERYTHING)], terms, QUERY_VECTOR, 10)
    items = rank(terms, found, limit=10, explain=True)
    return [(item.index.path_of(int(item.index.file_of_row[item.row])), item) for item in items]


def test_a_term_counts_as_it_is_rare_and_frequent_and_the_subjects_are_short() -> None:
    rows = [
        make_row("a.py", subjects="Retry uploads\nRetry later\nRetry"),
        make_row("b.py", "x = 2", subjects="Retry the fetch of a page"),
        make_row("b.py", "x = 3", start=3),
        make_row("c.py", "x = 4", subjects="Close sockets"),
        make_row("d.py", "x = 5"),
    ]
    # Of the three files with subjects, two have the first word, one has the second, none the third.
    idf = {count: math.log1p((3 - count + 0.5) / (count + 0.5)) for count in range(3)}
    total = idf[2] + idf[1] + idf[0]

    def saturated(occurrences: int, distinct: int) -> float:
        return occurrences / (occurrences + 1.2 * (0.5 + 0.5 * distinct / 60))

    first = (idf[2] * saturated(3, 3) + idf[1] * saturated(1, 3)) / total
    second = idf[2] * saturated(1, 6) / total
    assert covered_by_path("retry upload nowhere", rows) == {
        "a.py": [near(first)],
        "b.py": [near(second)] * 2,
        "c.py": [0.0],
        "d.py": [0.0],
    }


def test_files_of_all_sources_are_compared_with_one_another() -> None:
    one = [make_row("a.py", subjects="Retry uploads"), make_row("b.py", "x = 2", subjects="Close sockets")]
    other = [make_row("c.py", "x = 3", subjects="Retry uploads"), make_row("d.py", "x = 4", subjects="Say more")]
    without = [make_row("e.py", "x = 5")]
    together = covered_by_path("retry sockets", one, other, without)
    assert together == covered_by_path("retry sockets", one + other + without)
    assert together["a.py"] == together["c.py"]
    assert 0 < together["a.py"][0] < together["b.py"][0] < 1
    assert together["d.py"] == together["e.py"] == [0.0]


def test_of_two_files_that_say_the_same_the_one_comes_first_whose_commits_spoke_of_it() -> None:
    said = {"src/a.py": "Close sockets", "src/b.py": "Back off when an upload fails"}
    rows = [make_row(path, f"def run_{path[4]}(): send(upload)", subjects=said[path]) for path in said]
    (path, first), (_, second) = ranked("back off when it fails", rows)
    assert path == "src/b.py"
    assert gap_of(first) is None
    gap = gap_of(second)
    assert gap is not None
    assert 0 < gap.value <= 1
    assert gap.contribution < 0
    # Without what commits said: the order of paths, and the first one's score.
    bare = [make_row(path, f"def run_{path[4]}(): send(upload)") for path in said]
    (path, best), (_, other) = ranked("back off when it fails", bare)
    assert path == "src/a.py"
    assert second.score < other.score <= best.score


def gap_of(item: Ranked) -> FeatureShare | None:
    """Return what the explanation says of the subjects, None where it says nothing of them."""
    assert item.explanation is not None
    return next((feature for feature in item.explanation.features if feature.name == "subjects_gap"), None)


def test_a_message_is_ranked_as_without() -> None:
    filler = " ".join(f"filler{letter}word" for letter in "abcdefghijklmnopqrstuvwxyz")
    said = {"src/a.py": None, "src/b.py": "Back off when an upload fails"}
    rows = [make_row(path, "send(upload)", subjects=said[path]) for path in said]
    assert [path for path, _ in ranked("back off when it fails", rows)] == ["src/b.py", "src/a.py"]
    assert [path for path, _ in ranked(f"back off when it fails\n\n{filler}", rows)] == ["src/a.py", "src/b.py"]


@pytest.mark.parametrize("query", ["upload", "Client.upload", "?"])
def test_a_name_and_what_has_no_word_are_ranked_as_without(query: str) -> None:
    rows = [make_row("a.py", "def upload(): pass", symbol="upload"), make_row("b.py", "upload()", similarity=0.7)]
    said = "Change the upload\nupload Client"
    with_subjects = [rows[0], make_row("b.py", "upload()", similarity=0.7, subjects=said)]
    scores = [[(path, item.score) for path, item in ranked(query, of)] for of in (rows, with_subjects)]
    assert scores[0] == scores[1]


def test_nothing_is_read_where_no_source_has_subjects() -> None:
    view = view_of("retry upload", [as_source(index_of([make_row(), make_row("b.py", "x = 2")]))])
    values = cover_by_subjects(view.parts, view.terms.terms)
    assert values.tolist() == [0.0, 0.0]
    assert cover_by_subjects(view.parts, np.empty(0, np.uint32)).tolist() == [0.0, 0.0]
