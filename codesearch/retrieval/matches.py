"""Matches: how each word of a query stands in a row and in its file, one by one, for the network to weigh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.retrieval.candidates import FILE_PLACES, ROW_PLACES, Candidates
from codesearch.retrieval.related_terms import stands_in

# Rarities; count and ROW_PLACES of the row, count and FILE_PLACES of the file; related terms in both's places.
MATCH_SIGNS: Final = (
    "rarity", "file_rarity",
    "count", "here", "in_name", "in_qualifier", "in_signature", "in_comment",
    "count_in_file", "in_file", "in_stem", "in_folder", "in_names_of_file", "in_comments_of_file",
    "related", "related_in_name", "related_in_qualifier", "related_in_signature", "related_in_comment",
    "related_in_file", "related_in_stem", "related_in_folder", "related_in_names_of_file",
    "related_in_comments_of_file",
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
    for payloads, places in ((row_places, ROW_PLACES), (file_places, FILE_PLACES)):
        columns += [np.log1p(payloads >> 8), *(stands_in(payloads, place) for place in places)]
    columns += [*candidates.row_related[:, :, rows], *candidates.file_related[:, :, rows]]
    values: NDArray[np.float32] = np.empty((len(MATCH_SIGNS), *row_places.shape), np.float32)
    for number, column in enumerate(columns):
        values[number] = column
    by_term: NDArray[np.float32] = values.transpose(1, 2, 0)
    return by_term
