"""Parts of search indexes on their way between services: files of chosen rows as arrays, read there as an index is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.columns import pack_texts
from codesearch.core.index.joined_segments import JoinedSegments
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.index.statistics import Statistics

_BY_ROW: Final = (
    "artifact_kind_codes",
    "declares",
    "document_ids",
    "end_lines",
    "language_codes",
    "lengths",
    "name_lengths",
    "names",
    "qualified_names",
    "start_lines",
    "symbol_kind_codes",
)
_BY_FILE: Final = ("depths", "file_lengths", "file_stem_lengths", "file_times")
_WHOLE: Final = tuple(
    f"{name}_{part}" for name in ("artifact_kind", "language", "symbol_kind") for part in ("texts", "starts")
)
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


def cut_index(index: SearchIndex, rows: NDArray[np.int32], counted: Counted) -> dict[str, NDArray[Any]]:
    """Return the arrays of a `ShippedIndex` of some rows, ascending, and what was counted of each over its source.

    All rows of their files are in it, since a row's place in its file counts; texts are of the chosen ones alone.
    """
    arrays = index.arrays
    files, of_rows = np.unique(index.file_of_row[rows], return_inverse=True)
    firsts, sizes = index.first_rows[files], index.first_rows[files + 1] - index.first_rows[files]
    begins = np.cumsum(sizes) - sizes
    kept = np.repeat(firsts - begins, sizes) + np.arange(int(sizes.sum()))
    chosen = (rows - firsts[of_rows] + begins[of_rows]).astype(np.int32)
    cut: dict[str, NDArray[Any]] = {name: arrays[name][kept] for name in _BY_ROW}
    cut |= {name: arrays[name][files] for name in _BY_FILE}
    cut |= {name: arrays[name] for name in _WHOLE}
    if "content_marks" in arrays:
        cut["content_marks"] = arrays["content_marks"][kept]
    cut["chosen"] = chosen
    cut["file_of_row"] = np.repeat(np.arange(len(files), dtype=np.int32), sizes)
    cut["first_rows"] = np.append(begins, len(kept)).astype(np.int32)
    cut["row_times"] = arrays["row_times"][kept] if len(arrays["row_times"]) else arrays["row_times"]
    cut["path_texts"], cut["path_starts"] = pack_texts([index.path_of(file) for file in files.tolist()])
    cut["symbol_codes"] = _spread(len(kept), chosen, np.arange(1, len(rows) + 1))
    cut["symbol_texts"], cut["symbol_starts"] = pack_texts(["", *map(index.symbol_of, rows.tolist())])
    contents = [index.content_of(row) for row in rows.tolist()]
    lengths = np.array([len(content) for content in contents], np.int64)
    cut["content_texts"] = np.frombuffer(b"".join(contents), np.uint8)
    cut["content_starts"] = _spread(len(kept), chosen, np.cumsum(lengths) - lengths)
    cut["content_lengths"] = _spread(len(kept), chosen, lengths).astype(np.int32)
    of_names, of_files, top, definitions = counted
    cut["references"], cut["definitions"] = (_spread(len(kept), chosen, values) for values in (of_names, definitions))
    cut["file_references"], cut["top_references"] = (_spread(len(files), of_rows, values) for values in (of_files, top))
    cut["superseded"] = index.superseded_versions[files]
    cut["language_shares"] = index.language_shares
    return cut | _cut_pieces(index, rows, chosen)


def _spread(size: int, places: NDArray[Any], values: NDArray[Any]) -> NDArray[np.int64]:
    spread = np.zeros(size, np.int64)
    spread[places] = values
    return spread


def _cut_pieces(index: SearchIndex, rows: NDArray[np.int32], chosen: NDArray[np.int32]) -> dict[str, NDArray[Any]]:
    found, definitions = index.pieces.find(rows)
    read = index.pieces.read(rows.astype(np.int64))
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
    """What `cut_index` took from a segment: ranking and records read it as the segment; nothing can be searched in it.

    `chosen` are the rows that were taken, as numbers here, ascending.
    """

    def __init__(self, arrays: Mapping[str, NDArray[Any]], dimension: int, borrower: str) -> None:
        """Take the arrays; the borrower is that of the segment."""
        rows, files = len(arrays["file_of_row"]), len(arrays["first_rows"]) - 1
        vectors: dict[str, NDArray[Any]] = {
            "vectors": np.zeros((rows, 0), np.int8),
            "vector_scales": np.zeros(rows, np.float32),
            "file_vectors": np.zeros((files, 0), np.int8),
            "file_vector_scales": np.zeros(files, np.float32),
            "file_text_starts": np.zeros(files + 1, np.int64),
        }
        super().__init__({**_EMPTY, **vectors, **arrays}, {"dimension": dimension}, borrower=borrower)
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
    """Parts of the segments of a data source that has so many rows and files."""

    def __init__(self, segments: Sequence[ShippedIndex], row_count: int, file_count: int) -> None:
        super().__init__(segments)
        self._row_count, self._file_count = row_count, file_count

    @cached_property
    def joined(self) -> SearchIndex | JoinedSegments | None:
        """The only part itself; of several nothing is copied for a single query."""
        return self.segments[0] if len(self.segments) == 1 else None

    @property
    def row_count(self) -> int:
        """How many rows of the whole data source count."""
        return self._row_count

    @property
    def file_count(self) -> int:
        """How many files of the whole data source count."""
        return self._file_count
