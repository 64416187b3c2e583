"""Part: one segment's candidates, with what the segment says of their rows. Pure."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from codesearch.core.index.search_index import SearchIndex
from codesearch.retrieval.candidates import Candidates

Column = NDArray[Any]


class Part:
    """One segment's candidates, with what that says of their rows. Columns are (rows,), in the order of the rows."""

    __slots__ = ("artifacts", "candidates", "file_rows", "files", "first_rows", "index", "kinds", "languages", "rows")

    def __init__(self, candidates: Candidates) -> None:
        self.candidates = candidates
        self.index: SearchIndex = candidates.index
        self.rows, self.files = candidates.rows, candidates.files
        # Where the row's file begins, and how many rows that has.
        self.first_rows: Column = self.index.first_rows[self.files]
        self.file_rows: Column = self.index.first_rows[self.files + 1] - self.first_rows
        # Codes of the segment's own lists.
        self.kinds: Column = self.index.row_symbol_kinds[self.rows]
        self.artifacts: Column = self.index.row_artifact_kinds[self.rows]
        self.languages: Column = self.index.row_languages[self.rows]
