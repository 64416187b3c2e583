"""SearchIndex: one segment of a data source as memory-mapped arrays, which queries are answered from; never changed.

Rows are in the order of path, start line, end line and document id; files in the order of their paths. Everything here
is derived from the store's rows (builder.py) and can be made again from them. Files that a later segment replaced are
dead: their arrays stay, but nothing that is asked by path, name or condition knows them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.index.array_file import DamagedFileError, map_arrays, verify_arrays
from codesearch.core.index.content_column import ContentColumn
from codesearch.core.index.distinct_values import NumberColumn, TextColumn
from codesearch.core.index.file_texts import FileTexts
from codesearch.core.index.joined_postings import JoinedPostings
from codesearch.core.index.numbering import Number
from codesearch.core.index.pieces import PieceRows, Pieces
from codesearch.core.index.postings import Entries
from codesearch.core.index.row_filter import select_rows
from codesearch.core.index.statistics import NO_TERMS, SegmentFigures, Statistics, TermCounts
from codesearch.core.index.subjects import SubjectTerms, read_lines, read_terms
from codesearch.core.index.versions import superseded_versions
from codesearch.core.predicates import EVERYTHING, Predicate, weigh_predicate
from codesearch.core.text.path_roles import is_test_path
from codesearch.core.types import ArtifactKind, Chunk

# Goes up whenever files are written that an older codesearch cannot read. Those that this one cannot read are made
# again from the store's rows. In layout 7 the text was not packed.
LAYOUT_VERSION: Final = 8
READABLE_LAYOUTS: Final = frozenset({7, LAYOUT_VERSION})
NO_FILES: Final = np.empty(0, np.int32)
NO_TIME: Final = np.iinfo(np.int64).min
_REMEMBERED_FILTERS = 16
# A longer filter is decided again each time: remembering any that come would let clients fill the memory.
_MAX_REMEMBERED_WEIGHT = 4_096
# So many paths are read at once: a few milliseconds.
_BLOCK_PATHS = 1_000
# Up to this size the whole file is read and compared with its checksums before it is used: at most 0.03 s.
VERIFIED_BYTES: Final = 64 * 1024**2
# Where the lower-cased values of a text field are, and their number for each row.
_TEXT_COLUMNS = {
    "path": ("path_lower", "file_of_row"),
    "title": ("title", "file_of_row"),
    "file_extension": ("file_extension", "file_of_row"),
}


class SearchIndex:
    """The arrays of one segment, as one data source sees it. Safe to use from many threads.

    `is_large`: its file was not read whole yet. `borrower`: the data source that sees it, when its rows are another's:
    document ids are then made anew. dead_files, dead_rows: what no longer counts, ascending. live_rows (n,) bool: which
    rows count, None for all. statistics: of all live rows of the data source (source_index.py sets them).

    n rows, m files, d dimensions:

    vectors (n, d) int8, vector_scales (n,) float32: a row's vector is their product, of length 1 or all zeros.
    sign_bits (words, n) uint64: those of the vectors, for a quick first pass. file_vectors (m, d) int8: the
    directions of the files' mean vectors. file_of_row, start_lines, end_lines, lengths (in tokens) (n,). first_rows
    (m + 1,): where each file's rows begin. names (n,) uint32: `name_term` of the defined name, 0 for none.
    qualified_names the same of the whole. name_lengths (n,): how many distinct terms the name has. declares (n,) bool:
    the chunk shows the start of its definition. references (n,): how many files have the defined name. file_lengths,
    file_stem_lengths, depths (m,). file_references (m,): how many files have the file's own name; top_references (m,):
    the most that a definition in it has.
    """

    def __init__(
        self,
        arrays: dict[str, NDArray[Any]],
        header: dict[str, Any],
        *,
        is_large: bool = False,
        dead_files: NDArray[np.int32] = NO_FILES,
        borrower: str = "",
    ) -> None:
        self._borrower = borrower
        self.is_large = is_large
        self._arrays = arrays
        self._header = header
        self.dead_files = dead_files
        self.vectors: NDArray[np.int8] = arrays["vectors"]
        self.vector_scales: NDArray[np.float32] = arrays["vector_scales"]
        self.sign_bits: NDArray[np.uint64] = arrays["signs"]
        self.file_vectors: NDArray[np.int8] = arrays["file_vectors"]
        self.file_vector_scales: NDArray[np.float32] = arrays["file_vector_scales"]
        self.file_of_row: NDArray[np.int32] = arrays["file_of_row"]
        self.first_rows: NDArray[np.int32] = arrays["first_rows"]
        self.start_lines: NDArray[np.int32] = arrays["start_lines"]
        self.end_lines: NDArray[np.int32] = arrays["end_lines"]
        self.lengths: NDArray[np.int32] = arrays["lengths"]
        self.names: NDArray[np.uint32] = arrays["names"]
        self.qualified_names: NDArray[np.uint32] = arrays["qualified_names"]
        self.name_lengths: NDArray[np.uint8] = arrays["name_lengths"]
        self.declares: NDArray[np.bool_] = arrays["declares"]
        self.references: NDArray[np.int32] = arrays["references"]
        self.file_references: NDArray[np.int32] = arrays["file_references"]
        self.top_references: NDArray[np.int32] = arrays["top_references"]
        self.file_lengths: NDArray[np.int32] = arrays["file_lengths"]
        self.file_stem_lengths: NDArray[np.uint8] = arrays["file_stem_lengths"]
        self.depths: NDArray[np.uint8] = arrays["depths"]
        self.row_postings = Entries(arrays, "row")
        self.file_postings = Entries(arrays, "file")
        self.postings = JoinedPostings([self.row_postings], [self.file_postings], [self.row_count], [self.file_count])
        self.pieces = Pieces(arrays)
        self.texts = FileTexts(arrays)
        self._known_norms: dict[tuple[str, float, float], NDArray[np.float32]] = {}
        self._known_shares: dict[frozenset[str], NDArray[np.float32]] = {}
        self._masks: OrderedDict[Predicate, NDArray[np.bool_]] = OrderedDict()
        self._test_files: NDArray[np.bool_] | None = None
        self.live_rows: NDArray[np.bool_] | None = None
        self.dead_rows: NDArray[np.int32] = dead_files[:0]
        if len(dead_files):
            self.live_rows = np.ones(self.row_count, np.bool_)
            for file in dead_files.tolist():
                self.live_rows[self.first_rows[file] : self.first_rows[file + 1]] = False
            self.live_rows.flags.writeable = False
            self.dead_rows = np.flatnonzero(~self.live_rows).astype(np.int32)
        self.old_folders: dict[str, int] | None = None
        self._statistics: Statistics | None = None
        # What searches worked out over all segments of the data source, by whatever name they give it.
        self.remembered: dict[str, object] = {}

    def without(self, dead_files: NDArray[np.int32]) -> SearchIndex:
        """Return the same segment as one sees it for whom other files are dead."""
        return SearchIndex(
            self._arrays, self._header, is_large=self.is_large, dead_files=dead_files, borrower=self._borrower
        )

    @property
    def borrower(self) -> str:
        """The data source that sees it, where its rows are another's."""
        return self._borrower

    @property
    def arrays(self) -> Mapping[str, NDArray[Any]]:
        """The arrays by name, as the file has them. Not to be changed."""
        return self._arrays

    @property
    def row_count(self) -> int:
        """How many rows the arrays have, dead ones among them."""
        return len(self.file_of_row)

    @property
    def file_count(self) -> int:
        """How many files the arrays have, dead ones among them."""
        return len(self.first_rows) - 1

    @property
    def live_row_count(self) -> int:
        """How many rows count."""
        return self.row_count - len(self.dead_rows)

    @property
    def live_file_count(self) -> int:
        """How many files count."""
        return self.file_count - len(self.dead_files)

    @property
    def statistics(self) -> Statistics:
        """What is counted over all live rows of the data source: of this segment alone, unless others were named."""
        if self._statistics is None:
            self._statistics = Statistics([self.figures(NO_TERMS)])
        return self._statistics

    def join_source(self, statistics: Statistics, old_folders: dict[str, int] | None) -> None:
        """Take part in a data source of several segments; `old_folders` are those of `find_old_folders`."""
        self._statistics, self.old_folders = statistics, old_folders
        self.remembered.clear()

    def figures(self, dead_terms: TermCounts) -> SegmentFigures:
        """Return what this segment adds to its data source's statistics; the terms of dead files are given."""
        files = self.live_files()
        languages = np.bincount(self.row_languages[self.first_rows[:-1][files]], minlength=len(self.languages))
        return SegmentFigures(
            row_count=self.live_row_count,
            file_count=self.live_file_count,
            row_tokens=int(self.lengths.sum(dtype=np.int64)) - int(self.lengths[self.dead_rows].sum(dtype=np.int64)),
            file_tokens=int(self.file_lengths[files].sum(dtype=np.int64)),
            file_postings=self.file_postings,
            sorted_names=self._arrays["sorted_names"],
            dead_names=np.sort(self.names[self.dead_rows][self.names[self.dead_rows] > 0]),
            dead_terms=dead_terms,
            language_files=Counter(dict(zip(self.languages, languages.tolist(), strict=True))),
        )

    def live_paths(self) -> list[str]:
        """Return the paths of the files that count, ascending."""
        paths = self.paths()
        return [paths[file] for file in self.live_files().tolist()] if len(self.dead_files) else paths

    def paths(self) -> list[str]:
        """Return the paths of all files, dead ones among them, ascending."""
        return self._vocabulary("path")

    def is_live(self, file: int) -> bool:
        """Say whether a file counts."""
        place = bisect_left(self.dead_files, file)
        return place == len(self.dead_files) or int(self.dead_files[place]) != file

    def live_row_numbers(self) -> NDArray[np.int64]:
        """Return the numbers of the rows that count, ascending."""
        return self.all_rows if self.live_rows is None else np.flatnonzero(self.live_rows)

    def live_files(self) -> NDArray[np.int32]:
        """Return the numbers of the files that count, ascending."""
        files: NDArray[np.int32] = np.delete(np.arange(self.file_count, dtype=np.int32), self.dead_files)
        return files

    def content_id_of(self, file: int) -> str:
        """Return what names the content that a file had when it was indexed."""
        return self._text("content_id", file)

    def content_ids(self) -> dict[str, str]:
        """Return path -> what names the content that the file had, for every file that counts."""
        pairs = dict(zip(self._vocabulary("path"), self._vocabulary("content_id"), strict=True))
        for file in self.dead_files.tolist():
            del pairs[self.path_of(file)]
        return pairs

    @property
    def dimension(self) -> int:
        """The number of dimensions of the vectors as the model gives them; the arrays may be wider."""
        return int(self._header["dimension"])

    @property
    def segments(self) -> tuple[SearchIndex, ...]:
        """Itself: as JoinedSegments has them."""
        return (self,)

    @property
    def path_ranks(self) -> None:
        """None: files are in the order of their paths."""
        return

    @property
    def path_ranks_by_segment(self) -> tuple[NDArray[np.int32], ...]:
        """No ranks, as `path_ranks`."""
        return ()

    @cached_property
    def live_file_mask(self) -> NDArray[np.bool_] | None:
        """Which files count, None for all."""
        return mask_live(self.file_count, self.dead_files)

    def split_rows(self, rows: NDArray[Number]) -> list[NDArray[Number]]:
        """Return rows by segment."""
        return [rows]

    def split_files(self, files: NDArray[Number]) -> list[NDArray[Number]]:
        """Return files by segment."""
        return [files]

    def locate(self, row: int) -> tuple[SearchIndex, int]:
        """Return the segment of a row and its number there."""
        return self, row

    def row_at(self, number: int, row: int) -> int:
        """Return the number of the row of a segment, given that segment's."""
        return row

    @cached_property
    def all_rows(self) -> NDArray[np.int64]:
        """The numbers of all rows, in order."""
        return np.arange(self.row_count)

    def row_norms(self, saturation: float, length_norm: float) -> NDArray[np.float32]:
        """Return BM25's k1 (1 - b + b length / mean length) for each row."""
        return self._norms("rows", self.lengths, saturation, length_norm)

    def file_norms(self, saturation: float, length_norm: float) -> NDArray[np.float32]:
        """Return BM25's k1 (1 - b + b length / mean length) for each file."""
        return self._norms("files", self.file_lengths, saturation, length_norm)

    def _norms(
        self, name: str, lengths: NDArray[np.int32], saturation: float, length_norm: float
    ) -> NDArray[np.float32]:
        key = (name, saturation, length_norm)
        norms = self._known_norms.get(key)
        if norms is None:
            means = self.statistics.mean_row_length, self.statistics.mean_file_length
            mean = max(1.0, means[name == "files"])
            norms = (saturation * (1 - length_norm) + saturation * length_norm / mean * lengths).astype(np.float32)
            self._known_norms[key] = norms
        return norms

    @cached_property
    def language_shares(self) -> NDArray[np.float32]:
        """Which share of the data source's files is in each language, by its code."""
        shares: NDArray[np.float32] = np.array(
            [self.statistics.share_of_language(language) for language in self.languages], np.float32
        )
        return shares

    @property
    def text_bytes(self) -> int:
        """How many bytes the texts of the files that count have, each line once."""
        starts = self.texts.file_starts
        return self.texts.text.size - int((starts[self.dead_files + 1] - starts[self.dead_files]).sum())

    @cached_property
    def superseded_versions(self) -> NDArray[np.int32]:
        """Which older version each file belongs to, -1 for none, (m,)."""
        return superseded_versions(self._vocabulary("path"), self.old_folders)

    def kind_shares(self, kinds: frozenset[str]) -> NDArray[np.float32]:
        """Return for each file which share of its rows defines something of these kinds, (m,)."""
        shares = self._known_shares.get(kinds)
        if shares is None:
            wanted = self.kind_codes(kinds)[self.row_symbol_kinds]
            ends = np.concatenate(([0], np.cumsum(wanted)))[self.first_rows]
            shares = (np.diff(ends) / np.maximum(np.diff(self.first_rows), 1)).astype(np.float32)
            self._known_shares[kinds] = shares
        return shares

    def rows_named(self, name: int) -> NDArray[np.int32]:
        """Return the rows that define a name, given its `name_term`, in ascending order."""
        order, names = self._arrays["rows_by_name"], self._arrays["sorted_names"]
        key = np.uint32(name)
        rows: NDArray[np.int32] = order[names.searchsorted(key) : names.searchsorted(key, side="right")]
        if not len(rows):
            return rows
        rows = np.sort(rows)
        return rows if self.live_rows is None else rows[self.live_rows[rows]]

    def count_definitions(self, rows: NDArray[np.int32] | NDArray[np.int64]) -> NDArray[np.int64]:
        """Return for each row how many rows of the data source define the name that it defines; 0 without a name."""
        return self.statistics.count_definitions(self.names[rows])

    def name_terms_of(self, rows: NDArray[np.int32] | NDArray[np.int64]) -> NDArray[np.uint32]:
        """Return for each row the term by which files are known that have the name that it defines, 0 for none."""
        terms: NDArray[np.uint32] = self._arrays["symbol_terms"][self._arrays["symbol_codes"][rows]]
        return terms

    def stem_terms_of(self, files: NDArray[np.int32]) -> NDArray[np.uint32]:
        """Return for each file the term by which files are known that have its own name, 0 for none."""
        terms: NDArray[np.uint32] = self._arrays["stem_terms"][files]
        return terms

    def subject_terms_of(self, files: NDArray[np.integer[Any]]) -> SubjectTerms:
        """Return the terms in the subjects of the commits that changed the files, in the order of `files`.

        How many distinct terms each file has, 0 where nothing is known; the terms, those of one file after another's,
        ascending in each; how often each is in the subjects of its file, at most 255.
        """
        return read_terms(self._arrays, files)

    @property
    def has_subjects(self) -> bool:
        """Whether it is known of any file what the commits said that changed it."""
        return "subject_starts" in self._arrays

    def subjects_of(self, file: int) -> str:
        """Return the subjects of the commits that changed a file, one a line, the newest first; '' for none."""
        return read_lines(self._arrays, file)

    @cached_property
    def path_column(self) -> TextColumn:
        """The column of the paths, for conditions."""
        name, codes = _TEXT_COLUMNS["path"]
        return TextColumn(self._arrays[f"{name}_texts"], self._arrays[f"{name}_starts"], self._arrays[codes])

    def find_pieces(self, rows: NDArray[np.integer[Any]]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
        """Return which of the rows, by their places in `rows`, are pieces, and the number of each one's definition."""
        return self.pieces.find(rows)

    def read_pieces(self, rows: NDArray[np.integer[Any]]) -> PieceRows:
        """Return which of the rows, by their places in `rows`, are pieces, and where they belong."""
        return self.pieces.read(rows)

    def text_column(self, field: str) -> TextColumn | ContentColumn:
        """Return the column of a text field, for conditions."""
        if field == "content":
            return self.contents
        name, codes = _TEXT_COLUMNS.get(field, (field, f"{field}_codes"))
        texts, starts = self._arrays[f"{name}_texts"], self._arrays[f"{name}_starts"]
        return TextColumn(texts, starts, self._arrays[codes], is_lower=field != "symbol")

    @property
    def contents(self) -> ContentColumn:
        """The column of the rows' contents."""
        return ContentColumn(self.texts.text, self._arrays["content_starts"], self._arrays["content_lengths"])

    def number_column(self, field: str) -> NumberColumn:
        """Return the column of a number field, for conditions."""
        if field == "last_modified":
            return self._times
        return NumberColumn({"start_line": self.start_lines, "end_line": self.end_lines}[field])

    @cached_property
    def _times(self) -> NumberColumn:
        """When rows were last changed: by file, as all rows of a file were, unless the rows say otherwise."""
        times, of_files = self._arrays["row_times"], self._arrays["file_times"]
        if not len(times):
            return NumberColumn(of_files, of_files != NO_TIME, self.file_of_row)
        return NumberColumn(times, times != NO_TIME)

    def rows_where(self, predicate: Predicate, check: Check = do_not_check) -> NDArray[np.bool_] | None:
        """Return which live rows satisfy the predicate, None for all rows. Raises ValueError for an unknown field.

        `check` is called every few milliseconds and may raise.
        """
        if predicate == EVERYTHING:
            return self.live_rows
        if weigh_predicate(predicate) > _MAX_REMEMBERED_WEIGHT:
            return self._select(predicate, check)
        mask = self._masks.get(predicate)
        if mask is None:
            mask = self._select(predicate, check)
            self._masks[predicate] = mask
            while len(self._masks) > _REMEMBERED_FILTERS:
                self._masks.popitem(last=False)
        return mask

    def _select(self, predicate: Predicate, check: Check) -> NDArray[np.bool_]:
        mask = select_rows(predicate, self, check)
        return mask if self.live_rows is None else mask & self.live_rows

    @cached_property
    def path_lines(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """The paths of the files, a line end before the first and behind each; where each begins, and the end."""
        texts = self._arrays["path_texts"]
        lines: NDArray[np.uint8] = np.where(texts == 0, ord("\n"), texts).astype(np.uint8)
        return lines, self._arrays["path_starts"]

    def path_of(self, file: int) -> str:
        """Return a file's path."""
        return self._text("path", file)

    def rows_of_file(self, file: int) -> range:
        """Return the rows of a file, in the order of their lines."""
        return range(int(self.first_rows[file]), int(self.first_rows[file + 1]))

    def find_file(self, path: str) -> int | None:
        """Return the number of the file at a path, None where there is none."""
        file = bisect_left(range(self.file_count), path, key=self.path_of)
        return file if file < self.file_count and self.path_of(file) == path and self.is_live(file) else None

    def files_below(self, prefix: str) -> Sequence[int]:
        """Return the numbers of the files whose paths begin with a text, ascending."""
        files, size = range(self.file_count), len(prefix)
        first = bisect_left(files, prefix, key=self.path_of)
        found = range(first, bisect_right(files, prefix, lo=first, key=lambda file: self.path_of(file)[:size]))
        begin, end = self.dead_files.searchsorted((found.start, found.stop)).tolist()
        dead = self.dead_files[begin:end] - found.start
        if not len(dead):
            return found
        live: list[int] = np.delete(np.arange(found.start, found.stop), dead).tolist()
        return live

    def find_test_files(self, check: Check = do_not_check) -> NDArray[np.bool_]:
        """Return which files are tests by their paths, (m,). `check` is called every few milliseconds."""
        if self._test_files is None:
            found: NDArray[np.bool_] = np.zeros(self.file_count, np.bool_)
            for begin in range(0, self.file_count, _BLOCK_PATHS):
                check()
                end = min(begin + _BLOCK_PATHS, self.file_count)
                found[begin:end] = [is_test_path(self.path_of(file)) for file in range(begin, end)]
            self._test_files = found
        return self._test_files

    def language_codes(self, languages: frozenset[str]) -> NDArray[np.bool_]:
        """Return for each language code of this index whether it is one of `languages`."""
        return _is_one_of(tuple(self.languages), languages)

    def kind_codes(self, kinds: frozenset[str]) -> NDArray[np.bool_]:
        """Return for each code of a kind of definition in this index whether it is one of `kinds`."""
        return _is_one_of(tuple(self.symbol_kinds), kinds)

    def artifact_codes(self, artifacts: frozenset[str]) -> NDArray[np.bool_]:
        """Return for each code of an artifact kind in this index whether it is one of `artifacts`."""
        return _is_one_of(tuple(self.artifact_kinds), artifacts)

    @cached_property
    def languages(self) -> list[str]:
        """The languages by code, '' for none."""
        return self._vocabulary("language")

    @cached_property
    def symbol_kinds(self) -> list[str]:
        """The kinds of definitions by code, '' for none."""
        return self._vocabulary("symbol_kind")

    @property
    def row_languages(self) -> NDArray[np.integer[Any]]:
        """The language code of each row."""
        codes: NDArray[np.integer[Any]] = self._arrays["language_codes"]
        return codes

    @property
    def row_symbol_kinds(self) -> NDArray[np.integer[Any]]:
        """The code of each row's kind of definition."""
        codes: NDArray[np.integer[Any]] = self._arrays["symbol_kind_codes"]
        return codes

    @cached_property
    def artifact_kinds(self) -> list[str]:
        """The artifact kinds by code."""
        return self._vocabulary("artifact_kind")

    @property
    def row_artifact_kinds(self) -> NDArray[np.integer[Any]]:
        """The code of each row's artifact kind."""
        codes: NDArray[np.integer[Any]] = self._arrays["artifact_kind_codes"]
        return codes

    def chunk_of(self, row: int) -> Chunk:
        """Return a row's chunk as it is shown: without outline, with its signature where that is not to be seen."""
        belonging = self.pieces.belonging_of(row)
        return Chunk(
            path=self.path_of(int(self.file_of_row[row])),
            start_line=int(self.start_lines[row]),
            end_line=int(self.end_lines[row]),
            content=self.content_of(row).decode("utf-8"),
            artifact_kind=ArtifactKind(self.artifact_kinds[self.row_artifact_kinds[row]]),
            language=self.languages[self.row_languages[row]] or None,
            symbol=self.symbol_of(row) or None,
            symbol_kind=self.symbol_kinds[self.row_symbol_kinds[row]] or None,
            signature=belonging.signature if belonging is not None else None,
            symbol_lines=belonging.symbol_lines if belonging is not None else None,
            holds_head=belonging is None or belonging.holds_head,
        )

    def symbol_of(self, row: int) -> str:
        """Return the qualified name of what a row defines, '' for none."""
        return self._text("symbol", int(self._arrays["symbol_codes"][row]))

    def content_of(self, row: int) -> bytes:
        """Return a row's content in UTF-8."""
        start, length = int(self._arrays["content_starts"][row]), int(self._arrays["content_lengths"][row])
        return self.texts.bytes_of(start, start + length)

    def rows_around(self, first: int, last: int, start: int, end: int) -> list[int]:
        """Return which of the rows from `first` to before `last` have a part of the files' text in their contents."""
        starts, lengths = self._arrays["content_starts"][first:last], self._arrays["content_lengths"][first:last]
        found = np.flatnonzero((starts <= start) & (end <= starts + lengths)) + first
        rows: list[int] = found.tolist()
        return rows

    def content_lengths_of(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.int32]:
        """Return how many bytes of UTF-8 the rows' contents have."""
        lengths: NDArray[np.int32] = self._arrays["content_lengths"][rows]
        return lengths

    def content_marks_of(self, rows: NDArray[np.integer[Any]]) -> NDArray[np.uint8] | None:
        """Return a byte for each row, the same where contents are the same; None where the segment has none."""
        marks = self._arrays.get("content_marks")
        return None if marks is None else marks[rows]

    def document_id_of(self, row: int) -> str:
        """Return a row's document id: another one in each data source."""
        own = bytes(self._arrays["document_ids"][row])
        return sha256(self._borrower.encode() + own).hexdigest()[: 2 * len(own)] if self._borrower else own.hex()

    def times_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return when the rows' files were last changed, in Unix seconds, NO_TIME where that is not known."""
        of_rows, of_files = self._arrays["row_times"], self._arrays["file_times"]
        times: NDArray[np.int64] = of_rows[rows] if len(of_rows) else of_files[self.file_of_row[rows]]
        return times

    def modified_at(self, row: int) -> int | None:
        """Return when the row's file was last changed, in Unix seconds, where known."""
        times = self._arrays["row_times"]
        value = int(times[row] if len(times) else self._arrays["file_times"][self.file_of_row[row]])
        return None if value == NO_TIME else value

    def _text(self, name: str, code: int) -> str:
        texts, starts = self._arrays[f"{name}_texts"], self._arrays[f"{name}_starts"]
        return texts[int(starts[code]) : int(starts[code + 1]) - 1].tobytes().decode("utf-8")

    def _vocabulary(self, name: str) -> list[str]:
        """Return all texts by code, as `pack_texts` joined them."""
        return self._arrays[f"{name}_texts"].tobytes().decode("utf-8", "surrogatepass").split("\0")[1:-1]


@lru_cache(maxsize=4_096)
def _is_one_of(values: tuple[str, ...], wanted: frozenset[str]) -> NDArray[np.bool_]:
    """Return which of the values, by their codes, are wanted. Not to be changed."""
    return np.array([value in wanted for value in values], np.bool_)


def mask_live(count: int, dead: NDArray[np.int32]) -> NDArray[np.bool_] | None:
    """Return which of so many count, given those that do not; None for all."""
    if not len(dead):
        return None
    mask = np.ones(count, np.bool_)
    mask[dead] = False
    return mask


def open_search_index(path: Path, dead_files: NDArray[np.int32] = NO_FILES, borrower: str = "") -> SearchIndex | None:
    """Map the file of a segment; None when it was written in another layout.

    `dead_files` no longer count; `borrower` is the data source to which it is lent, if it is.

    Raises FileNotFoundError, OSError, DamagedFileError.
    """
    is_large = path.stat().st_size > VERIFIED_BYTES
    if not is_large:
        verify_arrays(path)
    arrays, header = map_arrays(path)
    if header.get("layout") not in READABLE_LAYOUTS:
        return None
    try:
        return SearchIndex(arrays, header, is_large=is_large, dead_files=dead_files, borrower=borrower)
    except KeyError as error:
        raise DamagedFileError(f"{path} lacks {error}") from error
