"""ChunkStore on real tables: prefilters, exact and indexed vector search, readers beside a writer, damaged tables."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from codesearch.core.errors import StoreError
from codesearch.core.predicates import EVERYTHING, NOTHING, Comparison, Operator
from codesearch.core.store import ChunkStore, Scope, StoredChunk
from codesearch.core.store_schema import IndexedChunk, rows_to_batch
from codesearch.core.store_writer import VECTOR_INDEX_PREFIX, VECTOR_INDEX_ROWS
from codesearch.core.types import ArtifactKind
from tests.unit.core.store_rows import (
    DIMENSION,
    FORMAT,
    OTHER,
    SOURCE,
    contents,
    make_row,
    open_store,
    publish,
    scope_to,
    unit_vector,
)

BOOSTS = {"symbol_tokens": 3.0, "path_tokens": 1.5, "body_tokens": 1.0}
CROWD = 25_000
WANTED = 7
# An estimate far over what is searched fully: the index looks at some of its partitions only.
VERY_MANY_ROWS = 10**9
QUERY = unit_vector(1)
PYTHON = Comparison("language", Operator.IN, ("python",))


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> ChunkStore:
    """25,000 rows of which every one is nearer to the query, by words and by vector, than the 7 in Python."""
    store, writer = open_store(tmp_path_factory.mktemp("crowd"))
    draw = np.random.default_rng(7)
    vectors = draw.normal(size=(CROWD, DIMENSION)).astype(np.float32)
    vectors[:, 0] = 1
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert (vectors[:, 0] > 0.15).all()
    near = [make_row(f"near_{i % 50}.go", "needle needle", start_line=i + 1, vector=vectors[i]) for i in range(CROWD)]
    far = [
        make_row(f"far_{i}.py", "needle in some hay", language="python", vector=unit_vector(0.1, *[0] * i, 1))
        for i in range(WANTED)
    ]
    with writer.stage(SOURCE, 1, None) as staged:
        for start in range(0, CROWD, 5000):
            staged.write_batch(rows_to_batch(near[start : start + 5000], SOURCE))
        staged.write(far)
        writer.publish(SOURCE, staged, None)
    publish(writer, OTHER, [make_row("other.py", "needle", language="python")])
    writer.maintain()
    return store


def paths(found: list[StoredChunk]) -> set[str]:
    return {item.chunk.path for item in found}


def test_a_vector_index_is_trained_when_there_are_enough_rows(crowd: ChunkStore) -> None:
    assert CROWD >= VECTOR_INDEX_ROWS
    names = {index.name: index.num_unindexed_rows for index in crowd.table().list_indices()}
    assert names[f"{VECTOR_INDEX_PREFIX}{CROWD + WANTED + 1}"] == 0


@pytest.mark.parametrize("rows_in_scope", [1, VERY_MANY_ROWS])
def test_filters_come_before_the_vector_search(crowd: ChunkStore, rows_in_scope: int) -> None:
    found = crowd.search_vectors(QUERY, scope_to(SOURCE, predicate=PYTHON), 5, rows_in_scope=rows_in_scope)
    assert len(found) == 5
    found = crowd.search_vectors(QUERY, scope_to(SOURCE, predicate=PYTHON), 10, rows_in_scope=rows_in_scope)
    assert paths(found) == {f"far_{i}.py" for i in range(WANTED)}
    other = crowd.search_vectors(QUERY, scope_to(OTHER), 10, rows_in_scope=rows_in_scope)
    assert paths(other) == {"other.py"}


def test_filters_come_before_the_text_search(crowd: ChunkStore) -> None:
    found = crowd.search_text(["needle"], BOOSTS, scope_to(SOURCE, predicate=PYTHON), 5)
    assert len(found) == 5
    found = crowd.search_text(["needle"], BOOSTS, scope_to(SOURCE, predicate=PYTHON), 10)
    assert paths(found) == {f"far_{i}.py" for i in range(WANTED)}
    assert paths(crowd.search_text(["needle"], BOOSTS, scope_to(OTHER), 10)) == {"other.py"}


def test_each_group_of_a_scope_has_its_own_filter(crowd: ChunkStore) -> None:
    scope = Scope(((frozenset({SOURCE}), PYTHON), (frozenset({OTHER}), NOTHING)))
    assert paths(crowd.search_text(["needle"], BOOSTS, scope, 20)) == {f"far_{i}.py" for i in range(WANTED)}
    both = Scope(((frozenset({SOURCE}), PYTHON), (frozenset({OTHER}), EVERYTHING)))
    assert "other.py" in paths(crowd.search_vectors(QUERY, both, 20, rows_in_scope=8))


@pytest.mark.parametrize("path", ["near_3.go", None])
def test_the_nearest_are_found(crowd: ChunkStore, path: str | None) -> None:
    """In a small scope and over all; what the index gets wrong is one near tie in twenty."""
    rows = crowd.table().to_arrow()
    vectors = np.array(rows["vector"].to_pylist(), dtype=np.float32)
    wanted = [
        source_id == SOURCE and path in (None, name)
        for source_id, name in zip(rows["data_source_id"].to_pylist(), rows["path"].to_pylist(), strict=True)
    ]
    predicate = Comparison("path", Operator.IN, (path,)) if path else EVERYTHING
    for seed in range(5):
        query = unit_vector(*np.random.default_rng(seed).normal(size=DIMENSION))
        best = np.sort((vectors @ query)[wanted])[::-1][:20]
        found = crowd.search_vectors(query, scope_to(SOURCE, predicate=predicate), 20, rows_in_scope=sum(wanted))
        similarities = [float(item.vector @ query) for item in found]
        assert np.allclose(similarities, sorted(similarities, reverse=True), atol=1e-5)
        assert sum(similarity >= best[-1] - 1e-5 for similarity in similarities) >= 19


def test_the_same_question_has_the_same_answer(crowd: ChunkStore) -> None:
    for _ in range(3):
        first, second = (crowd.search_text(["needle"], BOOSTS, scope_to(SOURCE), 50) for _ in range(2))
        assert [(item.document_id, item.lexical) for item in first] == [(i.document_id, i.lexical) for i in second]
        nearest, again = (
            crowd.search_vectors(QUERY, scope_to(SOURCE), 50, rows_in_scope=VERY_MANY_ROWS) for _ in range(2)
        )
        assert [item.document_id for item in nearest] == [item.document_id for item in again]


def test_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    row = make_row("src/Größe.py", "def größe():\n    return 'ß'", symbol="größe", language="python", modified_at=-5)
    publish(writer, SOURCE, [row, make_row("b.txt", "größe", start_line=3)], run_id=9)
    found = {item.chunk.path: item for item in store.search_text(["größe"], BOOSTS, scope_to(SOURCE), 10)}
    first, second = found["src/Größe.py"], found["b.txt"]
    assert first.chunk == row.chunk
    assert (first.commit, first.run_id, first.modified_at, first.data_source_id) == ("c0ffee", 9, -5, SOURCE)
    assert first.lexical is not None
    assert second.lexical is not None
    assert first.lexical > second.lexical, "a symbol weighs more than the text"
    assert (second.chunk.language, second.chunk.symbol, second.modified_at) == (None, None, None)
    assert second.chunk.artifact_kind is ArtifactKind.CHUNK
    assert np.allclose(first.vector, row.vector)


def test_a_store_without_a_table_answers_nothing_and_stays_without_files(tmp_path: Path) -> None:
    store, _ = open_store(tmp_path)
    assert store.search_text(["x"], BOOSTS, scope_to(SOURCE), 10) == []
    assert store.search_vectors(QUERY, scope_to(SOURCE), 10, rows_in_scope=1) == []
    assert store.read_together(lambda view: view.search_text(["x"], BOOSTS, scope_to(SOURCE), 10)) == []
    assert (store.known_files(SOURCE), store.count(SOURCE), store.formats()) == ({}, (0, 0), [])
    store.warm_up()
    assert not list((tmp_path / "store").rglob("*"))


def test_what_has_no_words_or_no_vector_finds_nothing(crowd: ChunkStore) -> None:
    assert crowd.search_text([], BOOSTS, scope_to(SOURCE), 10) == []
    assert crowd.search_vectors(np.zeros(DIMENSION, np.float32), scope_to(SOURCE), 10, rows_in_scope=1) == []


def test_a_reader_sees_what_another_store_publishes(tmp_path: Path) -> None:
    reader, _ = open_store(tmp_path)
    assert reader.search_text(["one"], BOOSTS, scope_to(SOURCE), 10) == []
    _, writer = open_store(tmp_path)
    for number, word in enumerate(("one", "two")):
        publish(writer, SOURCE, [make_row("a.py", word)], run_id=number)
        writer.maintain()
        assert len(reader.search_text([word], BOOSTS, scope_to(SOURCE), 10)) == 1
        assert reader.read_together(lambda view: view.count(SOURCE)) == (1, 1)
    assert reader.search_text(["one"], BOOSTS, scope_to(SOURCE), 10) == []


def test_one_view_is_of_one_version_and_a_cleaned_up_one_is_read_anew(tmp_path: Path) -> None:
    reader, _ = open_store(tmp_path)
    _, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row(f"{number}.py", "old") for number in range(3)])
    seen: list[tuple[list[str], list[str]]] = []

    def read_twice(view: ChunkStore) -> None:
        first = view.search_vectors(QUERY, scope_to(SOURCE), 10, rows_in_scope=1)
        if len(seen) < 2:
            publish(writer, SOURCE, [make_row(f"{number}.py", f"new {len(seen)}") for number in range(3)])
        if len(seen) == 1:
            writer.maintain()
        seen.append(([item.chunk.content for item in first], []))
        second = view.search_text(["old", "new"], BOOSTS, scope_to(SOURCE), 10)
        seen[-1] = (seen[-1][0], [item.chunk.content for item in second])

    reader.read_together(read_twice)
    assert seen[0] == (["old"] * 3, ["old"] * 3)
    reader.read_together(read_twice)
    # The second view lost its files in the middle: it was thrown away, and both reads were made anew.
    assert seen[-1] == (["new 1"] * 3, ["new 1"] * 3)
    assert len(seen) <= 3


def test_readers_beside_a_writer_that_cleans_up_at_once_meet_no_error(tmp_path: Path) -> None:
    reader, _ = open_store(tmp_path)
    _, writer = open_store(tmp_path)
    rows = [make_row(f"{number}.py", "word") for number in range(40)]
    publish(writer, SOURCE, rows, run_id=0)
    errors: list[Exception] = []
    answers: list[set[int]] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                found = reader.search_text(["word"], BOOSTS, scope_to(SOURCE), 100)
                answers.append({item.run_id for item in found})
                assert len(found) == 40
            except Exception as error:
                errors.append(error)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for run_id in range(1, 9):
        publish(writer, SOURCE, rows, run_id=run_id)
        writer.maintain()
    done.set()
    for thread in threads:
        thread.join()
    assert errors == []
    assert all(len(answer) == 1 for answer in answers)


def damage(folder: Path, pattern: str) -> None:
    found = [path for path in (folder / "store").glob(f"*.lance/{pattern}") if path.is_file()]
    assert found
    for path in found:
        path.write_bytes(b"damaged")


@pytest.mark.parametrize("pattern", ["data/*", "_versions/*", "_indices/*/*"])
def test_a_damaged_table_is_a_store_error_and_never_an_empty_answer(tmp_path: Path, pattern: str) -> None:
    _, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row(f"{number}.py", "word") for number in range(20)])
    writer.maintain()
    damage(tmp_path, pattern)
    store, _ = open_store(tmp_path)
    with pytest.raises(StoreError, match=str(tmp_path)):
        store.search_text(["word"], BOOSTS, scope_to(SOURCE), 10)
    with pytest.raises(StoreError):
        store.read_together(lambda view: view.search_text(["word"], BOOSTS, scope_to(SOURCE), 10))


def test_a_scope_that_allows_nothing_never_asks_the_store(tmp_path: Path) -> None:
    """So it does not even meet a damaged table."""
    _, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row("a.py", "word")])
    store, _ = open_store(tmp_path)
    damage(tmp_path, "data/*")
    for scope in (Scope(()), scope_to(), scope_to(SOURCE, predicate=NOTHING)):
        assert store.search_text(["word"], BOOSTS, scope, 10) == []
        assert store.search_vectors(QUERY, scope, 10, rows_in_scope=1) == []


def test_a_place_that_cannot_be_a_store_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(StoreError, match="store"):
        open_store(tmp_path)


def test_two_formats_do_not_see_each_other(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    publish(writer, SOURCE, [make_row("a.py", "word")])
    changed: dict[str, Any] = {"embedding_fingerprint": "other"}
    other_format = type(FORMAT)(**{**{name: getattr(FORMAT, name) for name in FORMAT.__slots__}, **changed})
    other, other_writer = open_store(tmp_path, other_format)
    assert other.search_text(["word"], BOOSTS, scope_to(SOURCE), 10) == []
    publish(other_writer, SOURCE, [make_row("b.py", "word")])
    assert sorted(item.embedding_fingerprint for item in store.formats()) == ["fingerprint", "other"]
    assert paths(store.search_text(["word"], BOOSTS, scope_to(SOURCE), 10)) == {"a.py"}
    other_writer.drop_other_formats()
    assert other.formats() == [other_format]
    assert contents(other) == {SOURCE: ["word"]}


def test_known_files_and_counts_are_of_one_source(tmp_path: Path) -> None:
    store, writer = open_store(tmp_path)
    rows: list[IndexedChunk] = [
        make_row("a.py", "x", content_id="1"),
        make_row("a.py", "y", start_line=2, content_id="1"),
    ]
    publish(writer, SOURCE, [*rows, make_row("b.py", "z", content_id="2")])
    publish(writer, OTHER, [make_row("c.py", "z", content_id="3")])
    assert store.known_files(SOURCE) == {"a.py": "1", "b.py": "2"}
    assert (store.count(SOURCE), store.count(OTHER)) == ((2, 3), (1, 1))
