"""Builds the file of a search index from the rows of the store, in any order, without holding their contents."""

from __future__ import annotations

import mmap
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, overload

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.array_file import write_arrays
from codesearch.core.index.columns import describe_files, describe_names, pack_texts
from codesearch.core.index.file_texts import WholeTexts, order_texts
from codesearch.core.index.narrowing import narrow
from codesearch.core.index.pieces import PieceRows, describe_pieces, no_piece_rows
from codesearch.core.index.postings import pack_entries, sort_entries, sum_by_file
from codesearch.core.index.search_index import LAYOUT_VERSION
from codesearch.core.index.sign_bits import sign_bits_of_quantised
from codesearch.core.index.subjects import describe_subjects
from codesearch.core.index.text_blocks import BlockWriter
from codesearch.core.text.terms import IN_NAME, path_terms
from codesearch.core.types import NOTEBOOK_LANGUAGE

_PIECE_COLUMNS = ("rows", "lines", "heads", "signatures")


@dataclass(frozen=True, slots=True, eq=False)
class Contents:
    """The contents of rows: parts of `data`, UTF-8, from `starts` (n,) on, `lengths` (n,) bytes each.

    `whole`: data are the texts of files, which need not be made of the rows again.
    """

    data: NDArray[np.uint8]
    starts: NDArray[np.int64]
    lengths: NDArray[np.int32]
    whole: WholeTexts | None = None


@dataclass(frozen=True, slots=True)
class RowBatch:
    """Rows as the store hands them over, each field in the same order.

    `terms` are packed terms, joined, with the offset of each row's start and the end.
    `vectors` (rows, dimension) and `vector_scales` (rows,) are those of `quantise`. `modified_at` has NO_TIME where the
    time is not known. `subjects` are, by path, those of the commits that changed a file, one a line, the newest first.
    """

    document_ids: Sequence[str]
    paths: Sequence[str]
    content_ids: Sequence[str]
    languages: Sequence[str]
    artifact_kinds: Sequence[str]
    symbols: Sequence[str]
    symbol_kinds: Sequence[str]
    start_lines: NDArray[np.int64]
    end_lines: NDArray[np.int64]
    modified_at: NDArray[np.int64]
    declares: NDArray[np.bool_]
    contents: Contents
    terms: tuple[NDArray[np.uint8], NDArray[np.int64]]
    vectors: NDArray[np.int8]
    vector_scales: NDArray[np.float32]
    pieces: PieceRows = field(default_factory=no_piece_rows)
    subjects: Mapping[str, str] = field(default_factory=dict)


class RepeatedTexts(Sequence[str]):
    """Texts of which many are equal: the distinct ones, and the number of each row's text among them."""

    def __init__(self, distinct: Sequence[str], codes: NDArray[np.integer[Any]]) -> None:
        """Keep both, as they are."""
        self.distinct = distinct
        self.codes = codes

    def __len__(self) -> int:
        return len(self.codes)

    def __iter__(self) -> Iterator[str]:
        return map(self.distinct.__getitem__, self.codes.tolist())

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        if isinstance(index, slice):
            return [self.distinct[code] for code in self.codes[index].tolist()]
        return self.distinct[int(self.codes[index])]


def build_search_index(batches: Iterable[RowBatch], dimension: int, path: Path) -> None:
    """Write the search index of these rows to `path`, which appears whole or not at all. Raises OSError.

    The same rows give the same bytes, in whatever order and batches they come.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=path.parent) as spool, tempfile.TemporaryFile(dir=path.parent) as ordered:
        rows = _Rows(spool, dimension)
        for batch in batches:
            rows.add(batch)
        arrays = rows.finish(ordered)
        write_arrays(path, arrays, {"layout": LAYOUT_VERSION, "dimension": dimension})


class _Rows:
    """Collects rows in the order they come; `finish` puts them in theirs."""

    def __init__(self, spool: IO[bytes], dimension: int) -> None:
        self._spool = spool
        self._dimension = dimension
        self._texts: dict[str, _Vocabulary] = {
            name: _Vocabulary() for name in ("path", "language", "artifact_kind", "symbol", "symbol_kind")
        }
        self._columns: dict[str, list[NDArray[Any]]] = {}
        self._signatures = _Vocabulary()
        self._content_ids: dict[str, str] = {}
        self._subjects: dict[str, str] = {}
        self._row_count = 0
        self._content_bytes = 0
        # Of the whole texts of files that came: where each begins and ends in the spool, and its runs of lines.
        self._text_starts: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        self._text_ends: list[NDArray[np.int64]] = [np.empty(0, np.int64)]
        self._runs: list[NDArray[np.int64]] = []
        # A source may have no rows; its columns are there all the same.
        self.add(_no_rows(dimension))

    def add(self, batch: RowBatch) -> None:
        for name, values in (
            ("path", batch.paths),
            ("language", batch.languages),
            ("artifact_kind", batch.artifact_kinds),
            ("symbol", batch.symbols),
            ("symbol_kind", batch.symbol_kinds),
        ):
            self._append(name, self._texts[name].encode(values))
        self._content_ids.update(zip(batch.paths, batch.content_ids, strict=True))
        self._subjects.update(batch.subjects)
        identifiers = np.frombuffer(bytes.fromhex("".join(batch.document_ids)), np.uint8).reshape(-1, 16)
        self._append("document_ids", identifiers)
        self._append("start_lines", batch.start_lines.astype(np.int32))
        self._append("end_lines", batch.end_lines.astype(np.int32))
        # Copies: the arrays of a batch may be places in one buffer, which would stay as a whole, texts and all.
        self._append("modified_at", batch.modified_at.copy())
        self._append("declares", batch.declares.copy())
        self._append_contents(batch.contents)
        self._append_terms(*batch.terms)
        self._append("vector_scales", batch.vector_scales.copy())
        self._append("vectors", batch.vectors.copy())
        self._append("signs", sign_bits_of_quantised(batch.vectors))
        self._append_pieces(batch.pieces)
        self._row_count += len(batch.paths)

    def _append_contents(self, contents: Contents) -> None:
        self._append("content_starts", contents.starts + self._content_bytes)
        self._append("content_lengths", contents.lengths)
        if (whole := contents.whole) is None:
            self._append("text_numbers", np.full(len(contents.starts), -1, np.int32))
            self._append("known_marks", np.zeros(len(contents.starts), np.uint8))
        else:
            self._append("text_numbers", whole.of_rows + np.int32(len(self._runs)))
            self._append("known_marks", whole.marks.copy())
            self._text_starts.append(whole.starts + self._content_bytes)
            self._text_ends.append(whole.ends + self._content_bytes)
            self._runs += whole.runs
        self._spool.write(contents.data.data)
        self._content_bytes += len(contents.data)

    def _append_pieces(self, pieces: PieceRows) -> None:
        self._append("piece_rows", (pieces.rows + self._row_count).astype(np.int32))
        self._append("piece_lines", np.column_stack((pieces.first_lines, pieces.last_lines)).astype(np.int32))
        self._append("piece_heads", pieces.holds_head)
        self._append("piece_signatures", self._signatures.encode(pieces.signatures))

    def _append(self, name: str, values: NDArray[Any]) -> None:
        self._columns.setdefault(name, []).append(values)

    def _append_terms(self, data: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        """Take the packed terms of all rows apart at once: of each row, first its terms, then their payloads."""
        counts = np.diff(offsets) // 6
        total = int(counts.sum())
        within = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
        begin = np.repeat(offsets[:-1], counts)
        term_positions = begin + 4 * within
        payload_positions = begin + np.repeat(4 * counts, counts) + 2 * within
        terms = sum(data[term_positions + byte].astype(np.uint32) << np.uint32(8 * byte) for byte in range(4))
        payloads = data[payload_positions].astype(np.uint16) | data[payload_positions + 1].astype(
            np.uint16
        ) << np.uint16(8)
        self._append("terms", np.asarray(terms, np.uint32))
        self._append("payloads", payloads)
        self._append("term_counts", counts.astype(np.int32))

    def finish(self, ordered: IO[bytes]) -> dict[str, NDArray[Any]]:
        """Return the arrays; the contents are those of `ordered`, an empty file."""
        # One after another: there is no moment at which all are there twice.
        columns = {name: np.concatenate(self._columns.pop(name)) for name in list(self._columns)}
        texts = {}
        for name, vocabulary in self._texts.items():
            texts[name], columns[name] = vocabulary.sort(columns[name])
        paths, files = texts.pop("path"), columns.pop("path")
        order = _order_rows(columns, files)
        file_of_row = files[order]
        terms = {name: columns.pop(name) for name in ("term_counts", "terms", "payloads")}
        piece_rows, lines, heads, codes = (columns.pop(f"piece_{name}") for name in _PIECE_COLUMNS)
        row_count, ranks = len(order), np.empty(len(order), np.int32)
        ranks[order] = np.arange(row_count, dtype=np.int32)
        arrays = {name: columns.pop(name)[order] for name in list(columns)}
        for name, values in texts.items():
            arrays[f"{name}_codes"] = narrow(arrays.pop(name))
            arrays[f"{name}_texts"], arrays[f"{name}_starts"] = pack_texts(values)
        signatures, codes = self._signatures.sort(codes)
        symbols = arrays["symbol_codes"]
        arrays |= describe_pieces(ranks[piece_rows], lines, heads, codes, signatures, file_of_row, symbols)
        arrays["signs"] = np.ascontiguousarray(arrays["signs"].T)
        arrays["file_of_row"] = file_of_row
        arrays["first_rows"] = np.searchsorted(file_of_row, np.arange(len(paths) + 1)).astype(np.int32)
        # Handed over, for they are large: nobody else holds them.
        large = [np.repeat(ranks, terms.pop("term_counts")), terms.pop("terms"), terms.pop("payloads")]
        entries = sort_entries(large, row_count)
        arrays["lengths"] = np.bincount(entries.ids, entries.payloads >> 8, row_count).astype(np.int32)
        name_lengths = np.bincount(entries.ids[(entries.payloads & IN_NAME) > 0], minlength=row_count)
        terms_of_paths = [path_terms(path) for path in paths]
        by_file = sum_by_file(entries, file_of_row, terms_of_paths)
        arrays |= pack_entries(entries, by_file)
        arrays.update(describe_names(texts["symbol"], arrays, name_lengths, by_file))
        arrays.update(describe_files(paths, terms_of_paths, arrays, by_file))
        arrays["content_id_texts"], arrays["content_id_starts"] = pack_texts(
            [self._content_ids[path] for path in paths]
        )
        arrays |= describe_subjects(paths, self._subjects)
        arrays |= self._order_contents(arrays, texts["language"], ordered)
        del arrays["modified_at"]
        return arrays

    def _order_contents(
        self, arrays: dict[str, NDArray[Any]], languages: Sequence[str], ordered: IO[bytes]
    ) -> dict[str, NDArray[Any]]:
        """Write the texts of the files packed to a file and map it; return them with what says where all is."""
        contents = _map_file(self._spool, self._content_bytes).data
        is_sparse = np.array([name == NOTEBOOK_LANGUAGE for name in languages], np.bool_)[arrays["language_codes"]]
        writer = BlockWriter(ordered)
        starts, ends = np.concatenate(self._text_starts), np.concatenate(self._text_ends)
        whole = WholeTexts(starts, ends, self._runs, arrays.pop("text_numbers"), arrays.pop("known_marks"))
        described = order_texts(contents, arrays, is_sparse, len(arrays["first_rows"]) - 1, writer, whole)
        described |= writer.finish()
        narrowed = {name: narrow(described.pop(name)) for name in ("content_starts", "segment_starts")}
        return {"text_blocks": _map_file(ordered, ordered.tell()), **described, **narrowed}


def _map_file(file: IO[bytes], size: int) -> NDArray[np.uint8]:
    file.flush()
    return np.frombuffer(mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) if size else b"", np.uint8)


def _no_rows(dimension: int) -> RowBatch:
    numbers, nothing = np.empty(0, np.int64), np.empty(0, np.uint8)
    contents = Contents(nothing, numbers, np.empty(0, np.int32))
    vectors, scales = np.empty((0, dimension), np.int8), np.empty(0, np.float32)
    flags = np.empty(0, np.bool_)
    terms = nothing, np.zeros(1, np.int64)
    return RowBatch([], [], [], [], [], [], [], numbers, numbers, numbers, flags, contents, terms, vectors, scales)


class _Vocabulary:
    """Numbers distinct texts in the order they come."""

    def __init__(self) -> None:
        self._codes: dict[str, int] = {}

    def encode(self, values: Sequence[str]) -> NDArray[np.int32]:
        codes = self._codes
        if isinstance(values, RepeatedTexts):
            # As they come first in it, so that the same numbers come out.
            numbers = [codes.setdefault(value, len(codes)) for value in values.distinct]
            found: NDArray[np.int32] = np.array(numbers, np.int32)[values.codes]
            return found
        return np.array([codes.setdefault(value, len(codes)) for value in values], np.int32)

    def sort(self, codes: NDArray[np.int32]) -> tuple[list[str], NDArray[np.int32]]:
        """Return the texts in their order, and what `encode` returned as numbers in that order."""
        texts = list(self._codes)
        order = sorted(range(len(texts)), key=texts.__getitem__)
        ranks = np.empty(len(texts), np.int32)
        ranks[np.array(order, np.int64)] = np.arange(len(texts), dtype=np.int32)
        return [texts[code] for code in order], ranks[codes]


def _order_rows(columns: dict[str, NDArray[Any]], files: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the rows in the order of file, lines and document id."""
    identifiers = columns["document_ids"].view(">u8")
    keys = (identifiers[:, 1], identifiers[:, 0], columns["end_lines"], columns["start_lines"], files)
    order: NDArray[np.int64] = np.lexsort(keys)
    return order
