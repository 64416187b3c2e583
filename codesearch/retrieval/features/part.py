"""Part: candidates of one data source, with what the index says of their rows. Pure."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.source_index import Searched

Column = NDArray[Any]


class Part:
    """Candidates of one data source, with what that says of their rows: columns (rows,), in order."""

    __slots__ = ("artifacts", "file_rows", "files", "first_rows", "index", "kinds", "languages", "rows")

    def __init__(self, index: Searched, rows: NDArray[np.int32], files: NDArray[np.int32]) -> None:
        self.index = index
        self.rows, self.files = rows, files
        # Where the row's file begins, and how many rows that has.
        self.first_rows: Column = index.first_rows[files]
        self.file_rows: Column = index.first_rows[files + 1] - self.first_rows
        # Codes of the index's own lists.
        self.kinds: Column = index.row_symbol_kinds[rows]
        self.artifacts: Column = index.row_artifact_kinds[rows]
        self.languages: Column = index.row_languages[rows]
