"""Search indexes built from rows: the same bytes in any order, and everything that is asked of them comes back."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from codesearch.core.index.array_file import DamagedFileError, map_arrays, write_arrays
from codesearch.core.index.builder import Contents, RepeatedTexts, RowBatch, build_search_index
from codesearch.core.index.columns import pack_texts, quantise
from codesearch.core.index.search_index import LAYOUT_VERSION, READABLE_LAYOUTS, SearchIndex, open_search_index
from codesearch.core.index.sign_bits import sign_bits_of
from codesearch.core.predicates import Comparison, Operator
from codesearch.core.store.rows import document_id_of
from codesearch.core.text.terms import IN_COMMENT, IN_NAME, name_term, path_terms, term_of
from codesearch.core.types import ArtifactKind
from tests.unit.core.store.indexed_chunks import IndexedChunk, unpack_terms
from tests.unit.core.store.store_rows import DIMENSION, SOURCE, build_index, make_row, to_batch, unit_vector

DRAW = np.random.default_rng(11)


def draw_vector() -> NDArray[np.float32]:
    vector = DRAW.normal(size=DIMENSION).astype(np.float32)
    vector /= np.linalg.norm(vector)
    return vector


ROWS = [
    make_row(
        "src/client.py",
        "def retry(request):\n    # sends it again\n    return send(request)",
        start_line=10,
        symbol="Client.retry",
        signature="def retry(request)",
        language="python",
        modified_at=1_700_000_000,
        vector=draw_vector(),
    ),
    make_row("src/client.py", "import socket", vector=draw_vector(), language="python", modified_at=1_700_000_000),
    make_row(
        "src/client.py", "class Client:", start_line=3, symbol="Client", symbol_kind="class", vector=draw_vector()
    ),
    make_row("Größe/日本語", "größe = '🙂'\r\n\tß\0", vector=draw_vector(), modified_at=-5),
    make_row("b/retry.go", "func Retry() { send(1) }", symbol="Retry", language="go", vector=draw_vector()),
    make_row("b/retry.go", "func retries() {}", symbol="retries", language="go", start_line=2, vector=draw_vector()),
    make_row("a.txt", "", vector=np.zeros(DIMENSION, np.float32), modified_at=0),
    make_row("z.txt", "request request", vector=draw_vector()),
]
# path, start line, end line, document id
IN_ORDER = sorted(
    ROWS,
    key=lambda row: (
        row.chunk.path,
        row.chunk.start_line,
        row.chunk.end_line,
        document_id_of(SOURCE, row.chunk),
    ),
)


def write(path: Path, batches: Sequence[Sequence[IndexedChunk]]) -> bytes:
    build_search_index([to_batch(rows) for rows in batches if rows], DIMENSION, path)
    return path.read_bytes()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> SearchIndex:
    return build_index(tmp_path_factory.mktemp("index"), ROWS)


def test_chunks_come_back_as_they_are_shown(index: SearchIndex) -> None:
    assert (index.row_count, index.file_count, index.dimension) == (len(ROWS), 5, DIMENSION)
    for row, expected in enumerate(IN_ORDER):
        shown, chunk = index.chunk_of(row), expected.chunk
        assert (shown.signature, shown.outline) == (None, None)
        for name in ("path", "start_line", "end_line", "content", "artifact_kind", "language", "symbol", "symbol_kind"):
            assert getattr(shown, name) == getattr(chunk, name)
        assert index.document_id_of(row) == document_id_of(SOURCE, chunk)
        assert index.modified_at(row) == expected.modified_at
        assert index.path_of(int(index.file_of_row[row])) == chunk.path


def test_pieces_say_which_definition_they_belong_to(tmp_path: Path) -> None:
    """Two of one name in a file are told apart by their lines, two with the same lines by their names or files."""

    def piece(path: str, start: int, symbol: str, lines: tuple[int, int], *, head: bool = False) -> IndexedChunk:
        signature = f"def {symbol}(self, größe)"
        return make_row(
            path, "x", start_line=start, symbol=symbol, signature=signature, symbol_lines=lines, holds_head=head
        )

    rows = [
        piece("a.py", 1, "f", (1, 9), head=True),
        piece("a.py", 4, "f", (1, 9)),
        piece("a.py", 5, "g", (1, 9)),
        make_row("a.py", "x", start_line=6, symbol="f", signature="def f(self, größe)"),
        piece("a.py", 12, "f", (11, 19)),
        piece("b.py", 2, "f", (1, 9)),
        piece("b.py", 8, "f", (1, 9)),
    ]
    index = build_index(tmp_path, [rows[number] for number in (6, 1, 3, 0, 5, 4, 2)])
    found, definitions = index.pieces.find(np.arange(len(rows)))
    assert (found.tolist(), definitions.tolist()) == ([0, 1, 2, 4, 5, 6], [0, 0, 2, 1, 3, 3])
    found, definitions = index.pieces.find(np.array([6, 3, 0]))
    assert (found.tolist(), definitions.tolist()) == ([0, 2], [3, 0])
    for number, row in enumerate(rows):
        shown, chunk = index.chunk_of(number), row.chunk
        assert (shown.symbol_lines, shown.holds_head) == (chunk.symbol_lines, chunk.holds_head)
        assert shown.signature == (None if chunk.holds_head else chunk.signature)
    shuffled = [[rows[number] for number in batch] for batch in ((3, 1), (6, 0, 2), (5, 4))]
    assert write(tmp_path / "again.index", shuffled) == write(tmp_path / "once.index", [rows])


def test_without_pieces_there_is_nothing_to_belong_to(index: SearchIndex) -> None:
    assert [len(values) for values in index.pieces.find(np.arange(3))] == [0, 0]
    assert index.pieces.belonging_of(0) is None


def test_files_are_in_the_order_of_their_paths(index: SearchIndex) -> None:
    paths = [index.path_of(file) for file in range(index.file_count)]
    assert paths == sorted({row.chunk.path for row in ROWS})
    rows_of_files = [
        [index.path_of(int(index.file_of_row[row])) for row in range(start, end)]
        for start, end in pairwise(index.first_rows.tolist())
    ]
    assert all(set(found) == {path} for found, path in zip(rows_of_files, paths, strict=True))
    assert index.first_rows[-1] == index.row_count
    assert index.depths.tolist() == [path.count("/") for path in paths]


def test_files_are_found_by_path_and_by_what_it_begins_with(index: SearchIndex) -> None:
    paths = [index.path_of(file) for file in range(index.file_count)]
    for file, path in enumerate(paths):
        assert index.find_file(path) == file
        assert index.find_file(path[:-1]) is None
        assert index.find_file(f"{path}a") is None
    for prefix in ("", "b", "b/", "b/retry.go", "b/retry.gox", "src/", "G", "Größe/", "zz", "\U0010ffff"):
        assert [paths[file] for file in index.files_below(prefix)] == [
            path for path in paths if path.startswith(prefix)
        ]


def test_test_files_are_told_by_their_paths(tmp_path: Path) -> None:
    paths = ["a.py", "src/main/java/test/A.java", "src/test/A.java", "test_a.py", "tests/a.py"]
    index = build_index(tmp_path, [make_row(path) for path in paths])
    expected = [False, False, True, True, True]
    for _ in range(2):
        assert index.find_test_files().tolist() == expected


def test_vectors_keep_their_direction(index: SearchIndex) -> None:
    vectors = index.vectors[:, :DIMENSION] * index.vector_scales[:, None]
    for row, expected in enumerate(IN_ORDER):
        assert np.abs(vectors[row] - expected.vector).max() <= np.abs(expected.vector).max() / 127 + 1e-6
        whole = quantise(expected.vector[None])[0].astype(np.float32)
        assert index.sign_bits[:, row].tolist() == sign_bits_of(whole)[0].tolist()
    for file, path in enumerate(index.path_of(number) for number in range(index.file_count)):
        mean = np.sum([row.vector for row in ROWS if row.chunk.path == path], axis=0)
        found = (index.file_vectors[file] * index.file_vector_scales[file])[:DIMENSION]
        assert np.allclose(found, mean / (np.linalg.norm(mean) or 1), atol=0.02)
    assert [index.path_of(int(file)) for file in index.file_of_row[~index.vectors.any(axis=1)]] == ["a.txt"]


def test_terms_are_found_by_row_and_by_file(index: SearchIndex) -> None:
    asked = np.array([term_of(word) for word in ("request", "retry", "nowhere", "größe")], np.uint32)
    by_row = [
        set(zip(ids.tolist(), (payloads >> 8).tolist(), strict=True))
        for ids, payloads in index.row_postings.find(asked)
    ]
    rows = {(row.chunk.path, row.chunk.start_line): number for number, row in enumerate(IN_ORDER)}
    retry, again = rows["src/client.py", 10], rows["b/retry.go", 1]
    assert by_row[0] == {(retry, 2), (rows["z.txt", 1], 2)}
    assert by_row[1] == {(retry, 1), (again, 1), (rows["b/retry.go", 2], 1)}
    assert by_row[2] == set()
    assert by_row[3] == {(rows["Größe/日本語", 1], 1)}
    payloads = dict(zip(*(array.tolist() for array in index.row_postings.find(asked[1:2])[0]), strict=True))
    assert payloads[retry] & IN_NAME
    in_comment = dict(
        zip(*(a.tolist() for a in index.row_postings.find(np.array([term_of("sends")], np.uint32))[0]), strict=True)
    )
    assert {row for row, payload in in_comment.items() if payload & IN_COMMENT} == {retry}
    files = {index.path_of(file) for file in index.file_postings.find(asked)[1][0].tolist()}
    assert files == {"src/client.py", "b/retry.go"}
    for file in range(index.file_count):
        terms = np.array(list(path_terms(index.path_of(file))), np.uint32)
        assert all(file in ids.tolist() for ids, _ in index.file_postings.find(terms))


def test_lengths_are_in_tokens(index: SearchIndex) -> None:
    for row, expected in enumerate(IN_ORDER):
        batch = to_batch([expected])
        _, payloads = unpack_terms(batch.terms[0].tobytes())
        assert index.lengths[row] == int((payloads >> 8).sum())
    sums = [int(index.lengths[index.file_of_row == file].sum()) for file in range(index.file_count)]
    assert index.file_lengths.tolist() == sums


def test_rows_are_found_by_the_name_they_define(index: SearchIndex) -> None:
    def named(name: str) -> set[tuple[str, int]]:
        rows = index.rows_named(name_term(name)).tolist()
        assert rows == sorted(rows)
        return {(index.chunk_of(row).path, index.chunk_of(row).start_line) for row in rows}

    assert named("RETRY") == {("src/client.py", 10), ("b/retry.go", 1)}
    assert named("retries") == {("b/retry.go", 2)}
    assert named("client") == {("src/client.py", 3)}
    assert named("Client.retry") == named("") == named("nowhere") == set()
    assert index.rows_named(0).tolist() == []
    for row, expected in enumerate(IN_ORDER):
        symbol = expected.chunk.symbol
        assert index.names[row] == (name_term(symbol.split(".")[-1]) if symbol else 0)
        assert index.qualified_names[row] == (name_term(symbol) if symbol else 0)
        assert index.name_lengths[row] == (1 if symbol else 0)
    declares = {index.chunk_of(row).symbol for row in np.flatnonzero(index.declares).tolist()}
    assert declares == {"Client.retry"}, "the only one with a signature"


def test_references_count_the_files_that_have_a_name(index: SearchIndex) -> None:
    references = {index.chunk_of(row).symbol: int(index.references[row]) for row in range(index.row_count)}
    assert references == {None: 0, "Client.retry": 2, "Retry": 2, "retries": 2, "Client": 1}


def test_vocabularies_cover_the_codes_of_the_rows(index: SearchIndex) -> None:
    languages = [index.languages[code] or None for code in index.row_languages.tolist()]
    assert languages == [row.chunk.language for row in IN_ORDER]
    kinds = [index.symbol_kinds[code] or None for code in index.row_symbol_kinds.tolist()]
    assert kinds == [row.chunk.symbol_kind for row in IN_ORDER]
    artifacts = [ArtifactKind(index.artifact_kinds[code]) for code in index.row_artifact_kinds.tolist()]
    assert artifacts == [row.chunk.artifact_kind for row in IN_ORDER]
    is_python = index.language_codes(frozenset({"python", "cobol"}))[index.row_languages]
    assert is_python.tolist() == [row.chunk.language == "python" for row in IN_ORDER]


def test_what_an_index_hands_out_of_its_file_cannot_be_changed(index: SearchIndex) -> None:
    with pytest.raises(ValueError):
        index.vectors[0, 0] = 1
    with pytest.raises(ValueError):
        index.start_lines[0] = 1


@settings(max_examples=40)
@given(st.permutations(ROWS), st.lists(st.integers(0, len(ROWS)), max_size=4))
def test_rows_in_any_order_and_batches_give_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, rows: list[IndexedChunk], cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("orders")
    bounds = [0, *sorted(cuts), len(rows)]
    batches = [rows[start:end] for start, end in pairwise(bounds)]
    assert write(folder / "a.index", batches) == write(folder / "b.index", [ROWS])
    assert sorted(item.name for item in folder.iterdir()) == ["a.index", "b.index"]


def test_rows_of_one_place_are_in_the_order_of_their_document_ids(tmp_path: Path) -> None:
    rows = [make_row("a.py", "x", symbol=f"name_{number}") for number in range(6)]
    found = build_index(tmp_path, rows)
    identifiers = [found.document_id_of(row) for row in range(len(rows))]
    assert identifiers == sorted(document_id_of(SOURCE, row.chunk) for row in rows)
    assert write(tmp_path / "a", [rows]) == write(tmp_path / "b", [rows[::-1]])


# Characters that a name may have: no zero byte; text from files has no lone surrogates.
NAMES = st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=6)
CONTENTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=100)
@given(
    st.lists(
        st.builds(
            make_row,
            NAMES,
            CONTENTS,
            start_line=st.integers(1, 3) | st.just(2**31 - 1000),
            symbol=st.none() | NAMES,
            symbol_kind=st.none() | NAMES,
            language=st.none() | NAMES,
            modified_at=st.none() | st.integers(-(2**40), 2**40),
        ),
        max_size=6,
        unique_by=lambda row: document_id_of(SOURCE, row.chunk),
    )
)
def test_any_row_comes_back(tmp_path_factory: pytest.TempPathFactory, rows: list[IndexedChunk]) -> None:
    index = build_index(tmp_path_factory.mktemp("any"), rows)
    found = {index.document_id_of(row): (index.chunk_of(row), index.modified_at(row)) for row in range(index.row_count)}
    assert found == {document_id_of(SOURCE, row.chunk): (row.chunk, row.modified_at) for row in rows}
    order = [(chunk.path, chunk.start_line, chunk.end_line) for chunk, _ in found.values()]
    assert order == sorted(order)


def test_a_zero_byte_in_a_name_is_a_blank(tmp_path: Path) -> None:
    """Texts are kept between zero bytes: one inside must not be taken for an end."""
    texts, starts = pack_texts(["a\0b", "", "ß"])
    assert (texts.tobytes(), starts.tolist()) == ("\0a b\0\0ß\0".encode(), [1, 5, 6, 9])
    index = build_index(tmp_path, [make_row("a.py", symbol="x\0y"), make_row("b.py", symbol="z")])
    assert [index.chunk_of(row).symbol for row in range(2)] == ["x y", "z"]


def test_an_index_without_rows_answers_nothing(tmp_path: Path) -> None:
    index = build_index(tmp_path, [])
    assert (index.row_count, index.file_count, index.dimension) == (0, 0, DIMENSION)
    assert index.rows_named(name_term("x")).tolist() == []
    assert index.vectors.shape[0] == index.file_vectors.shape[0] == 0
    assert index.sign_bits.shape[1] == 0
    assert (index.languages, index.symbol_kinds, index.artifact_kinds) == ([], [], [])
    assert index.row_postings.find(np.array([5], np.uint32))[0][0].tolist() == []


def test_texts_by_number_and_texts_one_by_one_make_the_same_index(tmp_path: Path) -> None:
    """Two batches of rows, one of them in two versions of a file, of which the last counts."""
    rows = [
        make_row("b.py", "one", language="python", symbol="f", content_id="old"),
        make_row("a.py", "two", language="go", content_id="other"),
        make_row("b.py", "three", language="python", symbol="a.g", start_line=2, content_id="new"),
    ]
    names = ("paths", "content_ids", "languages", "artifact_kinds", "symbols", "symbol_kinds")
    by_number = [to_batch(rows), to_batch([make_row("c.py", "four"), rows[1]])]
    assert all(isinstance(getattr(batch, name), RepeatedTexts) for batch in by_number for name in names)
    one_by_one = [_without_numbers(batch) for batch in by_number]
    assert one_by_one[0].paths == ["b.py", "a.py", "b.py"]
    for name, batches in (("by_number", by_number), ("one_by_one", one_by_one)):
        build_search_index(batches, DIMENSION, tmp_path / name)
    assert (tmp_path / "by_number").read_bytes() == (tmp_path / "one_by_one").read_bytes()


def _without_numbers(batch: RowBatch) -> RowBatch:
    return replace(
        batch,
        paths=list(batch.paths),
        content_ids=list(batch.content_ids),
        languages=list(batch.languages),
        artifact_kinds=list(batch.artifact_kinds),
        symbols=list(batch.symbols),
        symbol_kinds=list(batch.symbol_kinds),
    )


def test_repeated_texts_are_a_sequence() -> None:
    texts = RepeatedTexts(["a", "b"], np.array([1, 0, 1]))
    assert (list(texts), len(texts), texts[0], texts[-2], texts[1:]) == (["b", "a", "b"], 3, "b", "a", ["a", "b"])
    assert "b" in texts
    assert "c" not in texts


def test_more_rows_than_one_block_of_postings_and_one_batch(tmp_path: Path) -> None:
    """70,000 rows of 200 files, whose last rows are in another block than their first."""
    count, per_batch = 70_000, 10_000
    template = to_batch([make_row("a.py", "needle hay", vector=unit_vector(1))])
    terms = template.terms[0].tobytes()

    def batch(start: int) -> RowBatch:
        numbers = range(start, start + per_batch)
        texts = [f"row {number}".encode() for number in numbers]
        lengths = np.array([len(text) for text in texts], np.int32)
        return RowBatch(
            document_ids=[f"{number:032x}" for number in numbers],
            paths=[f"{number % 200:03}.py" for number in numbers],
            content_ids=[f"{number % 200:040x}" for number in numbers],
            languages=["python"] * per_batch,
            artifact_kinds=["chunk"] * per_batch,
            symbols=[""] * per_batch,
            symbol_kinds=[""] * per_batch,
            start_lines=np.array(numbers, np.int64),
            end_lines=np.array(numbers, np.int64),
            modified_at=np.zeros(per_batch, np.int64),
            declares=np.zeros(per_batch, np.bool_),
            contents=Contents(np.frombuffer(b"".join(texts), np.uint8), np.cumsum(lengths) - lengths, lengths),
            terms=(np.frombuffer(terms * per_batch, np.uint8), np.arange(per_batch + 1) * len(terms)),
            vectors=np.tile(template.vectors, (per_batch, 1)),
            vector_scales=np.tile(template.vector_scales, per_batch),
        )

    build_search_index((batch(start) for start in range(0, count, per_batch)), DIMENSION, tmp_path / "a.index")
    index = open_search_index(tmp_path / "a.index")
    assert index is not None
    assert (index.row_count, index.file_count) == (count, 200)
    ids, payloads = index.row_postings.find(np.array([term_of("needle")], np.uint32))[0]
    assert ids.tolist() == list(range(count))
    assert set((payloads >> 8).tolist()) == {1}
    assert index.file_postings.find(np.array([term_of("hay")], np.uint32))[0][0].tolist() == list(range(200))
    assert index.file_lengths.tolist() == [700] * 200
    for row in (0, 1, 65_535, 65_536, count - 1):
        chunk = index.chunk_of(row)
        number = row // 350 + 200 * (row % 350)
        assert (chunk.path, chunk.start_line, chunk.content) == (f"{number % 200:03}.py", number, f"row {number}")
        assert int(index.document_id_of(row), 16) == number


def test_a_build_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.index"
    whole = write(path, [ROWS])

    def broken() -> Iterator[RowBatch]:
        yield to_batch(ROWS[:3])
        raise RuntimeError("the store is gone")

    with pytest.raises(RuntimeError):
        build_search_index(broken(), DIMENSION, path)
    assert [item.name for item in tmp_path.iterdir()] == ["a.index"]
    assert path.read_bytes() == whole


def test_a_file_of_another_layout_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.index"
    write(path, [ROWS])
    arrays, header = map_arrays(path)
    assert header["layout"] == LAYOUT_VERSION
    for layout in (min(READABLE_LAYOUTS) - 1, LAYOUT_VERSION + 1, None):
        write_arrays(path, arrays, {**header, "layout": layout})
        assert open_search_index(path) is None
    write_arrays(path, arrays, {})
    assert open_search_index(path) is None


def test_a_file_that_lacks_an_array_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.index"
    write(path, [ROWS])
    arrays, header = map_arrays(path)
    write_arrays(path, {name: array for name, array in arrays.items() if name != "signs"}, header)
    with pytest.raises(DamagedFileError, match="signs"):
        open_search_index(path)


def test_many_threads_filter_one_index(index: SearchIndex) -> None:
    errors: list[BaseException] = []

    def ask(offset: int) -> None:
        try:
            for number in range(300):
                line = (number + offset) % 40
                mask = index.rows_where(Comparison("start_line", Operator.AT_LEAST, (line,)))
                assert mask is not None
                assert mask.tolist() == (index.start_lines >= line).tolist()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


def test_sixteen_filters_are_remembered_and_no_more(index: SearchIndex) -> None:
    """A mask is as long as the index: who asks for another one each time must not fill the memory."""
    predicates = [Comparison("start_line", Operator.GREATER, (1000 + line,)) for line in range(17)]
    oldest, *others = (index.rows_where(predicate) for predicate in predicates[:16])
    assert oldest is not None
    assert all(
        index.rows_where(predicate) is mask for predicate, mask in zip(predicates, [oldest, *others], strict=False)
    )
    index.rows_where(predicates[16])
    assert all(index.rows_where(predicate) is mask for predicate, mask in zip(predicates[1:], others, strict=False))
    again = index.rows_where(predicates[0])
    assert again is not None
    assert again is not oldest
    assert again.tolist() == oldest.tolist()
