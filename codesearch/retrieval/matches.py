"""Matches: how each word of a query stands in a row and in its file, one by one, for the network to weigh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.postings import FILE_COMMENTS_ON_IT, FILE_NAMES_IT
from codesearch.core.terms import IN_COMMENT, IN_FOLDER, IN_NAME, IN_QUALIFIER, IN_SIGNATURE, IN_STEM
from codesearch.retrieval.candidates import Candidates

_ROW_PLACES = (("name", IN_NAME), ("qualifier", IN_QUALIFIER), ("signature", IN_SIGNATURE), ("comment", IN_COMMENT))
_FILE_PLACES = (
    ("stem", IN_STEM), ("folder", IN_FOLDER), ("names_of_file", FILE_NAMES_IT),
    ("comments_of_file", FILE_COMMENTS_ON_IT),
)  # fmt: skip

MATCH_SIGNS: Final = (
    "rarity", "file_rarity",
    "count", "here", *(f"in_{name}" for name, _ in _ROW_PLACES),
    "count_in_file", "in_file", *(f"in_{name}" for name, _ in _FILE_PLACES),
    "related", *(f"related_in_{name}" for name, _ in _ROW_PLACES),
    "related_in_file", *(f"related_in_{name}" for name, _ in _FILE_PLACES),
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """How each of t terms stands in each of c rows: values (t, c, len(MATCH_SIGNS)) float32.

    shares (t,) float32: how much of the query each term is, as it is rare; they sum to 1 unless there are no terms.
    """

    values: NDArray[np.float32]
    shares: NDArray[np.float32]

    def select(self, rows: NDArray[np.intp]) -> Matches:
        """Return the matches of these rows alone, in this order."""
        return Matches(self.values[:, rows], self.shares)


def describe_matches(found: Sequence[Candidates], rows: NDArray[np.intp]) -> Matches:
    """Return the matches of these rows, which are counted over the candidates of all indexes and are in their order."""
    rarity = found[0].rarity
    row_rarity = rarity.rows / np.float32(np.log1p(sum(candidates.index.row_count for candidates in found)))
    file_rarity = rarity.files / np.float32(np.log1p(sum(candidates.index.file_count for candidates in found)))
    parts = []
    first = 0
    for candidates in found:
        own = rows[(rows >= first) & (rows < first + len(candidates.rows))] - first
        parts.append(_describe(candidates, own, row_rarity, file_rarity))
        first += len(candidates.rows)
    return Matches(np.concatenate(parts, axis=1), row_rarity / (row_rarity.sum() or 1))


def _describe(
    candidates: Candidates,
    rows: NDArray[np.intp],
    row_rarity: NDArray[np.float32],
    file_rarity: NDArray[np.float32],
) -> NDArray[np.float32]:
    row_places, file_places = candidates.row_places[:, rows], candidates.file_places[:, rows]
    columns: list[NDArray[Any]] = [row_rarity[:, None], file_rarity[:, None]]
    for payloads, places in ((row_places, _ROW_PLACES), (file_places, _FILE_PLACES)):
        columns += [np.log1p(payloads >> 8), payloads > 0, *(payloads & place > 0 for _, place in places)]
    columns += [*candidates.row_related[:, :, rows], *candidates.file_related[:, :, rows]]
    values: NDArray[np.float32] = np.empty((len(MATCH_SIGNS), *row_places.shape), np.float32)
    for number, column in enumerate(columns):
        values[number] = column
    by_term: NDArray[np.float32] = values.transpose(1, 2, 0)
    return by_term
