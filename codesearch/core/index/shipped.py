"""Parts of search indexes on their way between services: files of chosen rows as arrays, read there as an index is."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.columns import pack_texts
from codesearch.core.index.numbering import count_on
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import Searched, SourceIndex
from codesearch.core.index.statistics import Statistics

# What is looked up in a whole index alone.
_EMPTY: Final[Mapping[str, NDArray[Any]]] = {
    "signs": np.empty((0, 0), np.uint64),
    "terms": np.empty(0, np.uint32),
    "sorted_names": np.empty(0, np.uint32),
    "segment_starts": np.empty(0, np.int64),
    "segment_lines": np.empty(0, np.int32),
    **{f"{kind}_starts": np.zeros(1, np.int64) for kind in ("row", "file")},
    **{f"{kind}_entries": np.empty(0, np.uint32) for kind in ("row", "file")},
    **{f"{kind}_payload_table": np.empty(0, np.uint16) for kind in ("row", "file")},
    **{f"{kind}_rare_places": np.empty(0, np.int64) for kind in ("row", "file")},
    **{f"{kind}_rare_payloads": np.empty(0, np.uint16) for kind in ("row", "file")},
}
# Of a row: references, those of its file, the most of its file's, definitions.
Counted = tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]


def cut_index(index: Searched, rows: NDArray[np.int32], counted: Counted) -> dict[str, NDArray[Any]]:
    """Return the arrays of a `ShippedIndex` of some rows, and what was counted of each over its source.

    The rows are in the order of their paths, then ascending. All rows of their files are in it, since a row's place in
    its file counts; texts and ids are of the chosen ones alone.
    """
    of_files = index.file_of_row[rows]
    is_first = np.diff(of_files, prepend=-1) != 0
    files, of_rows = of_files[is_first], np.cumsum(is_first) - 1
    firsts, sizes = index.first_rows[files], index.first_rows[files + 1] - index.first_rows[files]
    begins = np.cumsum(sizes) - sizes
    kept = np.repeat(firsts - begins, sizes) + np.arange(int(sizes.sum()))
    chosen = (rows - firsts[of_rows] + begins[of_rows]).astype(np.int32)
    cut = {**_cut_rows(index, kept), **_cut_texts(index, rows, chosen, len(kept))}
    cut["chosen"] = chosen
    cut["file_of_row"] = np.repeat(np.arange(len(files), dtype=np.int32), sizes)
    cut["first_rows"] = np.append(begins, len(kept)).astype(np.int32)
    cut["file_times"] = cut["row_times"][begins]
    cut["depths"], cut["file_lengths"] = index.depths[files], index.file_lengths[files]
    cut["file_stem_lengths"] = index.file_stem_lengths[files]
    cut["path_texts"], cut["path_starts"] = pack_texts([index.path_of(file) for file in files.tolist()])
    of_names, counted_of_files, top, definitions = counted
    cut["references"], cut["definitions"] = (_spread(len(kept), chosen, values) for values in (of_names, definitions))
    cut["file_references"], cut["top_references"] = (
        _spread(len(files), of_rows, values) for values in (counted_of_files, top)
    )
    cut["superseded"] = index.superseded_versions[files]
    cut["language_shares"] = index.language_shares
    if index.has_subjects:
        sizes_of_subjects, cut["subject_terms"], cut["subject_counts"] = index.subject_terms_of(files)
        cut["subject_starts"] = count_on(sizes_of_subjects.tolist())
    return cut | _cut_pieces(index, rows, chosen)


def _cut_rows(index: Searched, kept: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return the columns of rows, and what their codes stand for."""
    cut = {
        "artifact_kind_codes": index.row_artifact_kinds[kept],
        "declares": index.declares[kept],
        "end_lines": index.end_lines[kept],
        "language_codes": index.row_languages[kept],
        "lengths": index.lengths[kept],
        "name_lengths": index.name_lengths[kept],
        "names": index.names[kept],
        "qualified_names": index.qualified_names[kept],
        "row_times": index.times_of(kept),
        "start_lines": index.start_lines[kept],
        "symbol_kind_codes": index.row_symbol_kinds[kept],
    }
    marks = index.content_marks_of(kept)
    if marks is not None:
        cut["content_marks"] = marks
    for name, values in (
        ("artifact_kind", index.artifact_kinds),
        ("language", index.languages),
        ("symbol_kind", index.symbol_kinds),
    ):
        cut[f"{name}_texts"], cut[f"{name}_starts"] = pack_texts(values)
    return cut


def _cut_texts(
    index: Searched, rows: NDArray[np.int32], chosen: NDArray[np.int32], row_count: int
) -> dict[str, NDArray[Any]]:
    """Return symbols, contents and document ids of the chosen rows."""
    symbols, starts = pack_texts(["", *map(index.symbol_of, rows.tolist())])
    contents = [index.content_of(row) for row in rows.tolist()]
    lengths = np.array([len(content) for content in contents], np.int64)
    ids = b"".join(bytes.fromhex(index.document_id_of(row)) for row in rows.tolist())
    document_ids = np.zeros((row_count, len(ids) // max(1, len(rows))), np.uint8)
    document_ids[chosen] = np.frombuffer(ids, np.uint8).reshape(len(rows), -1) if len(rows) else 0
    return {
        "symbol_codes": _spread(row_count, chosen, np.arange(1, len(rows) + 1)),
        "symbol_texts": symbols,
        "symbol_starts": starts,
        "content_texts": np.frombuffer(b"".join(contents), np.uint8),
        "content_starts": _spread(row_count, chosen, np.cumsum(lengths) - lengths),
        "content_lengths": _spread(row_count, chosen, lengths).astype(np.int32),
        "document_ids": document_ids,
    }


def _spread(size: int, places: NDArray[Any], values: NDArray[Any]) -> NDArray[np.int64]:
    spread = np.zeros(size, np.int64)
    spread[places] = values
    return spread


def _cut_pieces(index: Searched, rows: NDArray[np.int32], chosen: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
    found, definitions = index.find_pieces(rows)
    read = index.read_pieces(rows)
    distinct, firsts, places = np.unique(definitions, return_index=True, return_inverse=True)
    texts, starts = pack_texts([read.signatures[place] for place in firsts.tolist()])
    lines = np.column_stack((read.first_lines, read.last_lines)).astype(np.int32)
    return {
        "piece_rows": chosen[found],
        "piece_definitions": places.astype(np.int32),
        "piece_heads": read.holds_head,
        "definition_lines": lines[firsts],
        "definition_signatures": np.arange(len(distinct), dtype=np.int32),
        "signature_texts": texts,
        "signature_starts": starts,
    }


class ShippedIndex(SearchIndex):
    """What `cut_index` took of a data source: ranking and records read it as a segment; nothing can be searched in it.

    `chosen` are the rows that were taken, as numbers here, ascending.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], dimension: int) -> None:
        """Take the arrays."""
        rows, files = len(arrays["file_of_row"]), len(arrays["first_rows"]) - 1
        vectors: dict[str, NDArray[Any]] = {
            "vectors": np.zeros((rows, 0), np.int8),
            "vector_scales": np.zeros(rows, np.float32),
            "file_vectors": np.zeros((files, 0), np.int8),
            "file_vector_scales": np.zeros(files, np.float32),
            "file_text_starts": np.zeros(files + 1, np.int64),
        }
        super().__init__({**_EMPTY, **vectors, **arrays}, {"dimension": dimension})
        self.chosen: NDArray[np.int32] = arrays["chosen"]

    def join_source(self, statistics: Statistics, old_folders: dict[str, int] | None) -> None:
        """Stay as it is: what is counted over all of the source came with the rows."""

    def count_definitions(self, rows: NDArray[np.int32] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Return what was counted where the source is."""
        counts: NDArray[np.int64] = self.arrays["definitions"][rows]
        return counts

    @cached_property
    def language_shares(self) -> NDArray[np.float32]:
        """The shares of the whole source, by code."""
        return self.arrays["language_shares"]

    @cached_property
    def superseded_versions(self) -> NDArray[np.int32]:
        """What was found among all of the source's paths."""
        return self.arrays["superseded"]


class ShippedSource(SourceIndex):
    """Parts of a data source that has so many rows and files."""

    def __init__(self, index: ShippedIndex, row_count: int, file_count: int) -> None:
        super().__init__([index])
        self._row_count, self._file_count = row_count, file_count

    @property
    def row_count(self) -> int:
        """How many rows of the whole data source count."""
        return self._row_count

    @property
    def file_count(self) -> int:
        """How many files of the whole data source count."""
        return self._file_count
