"""Matches: how each word of a query stands in a row and in its file, one by one, for the network to weigh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.retrieval.candidates import FILE_PLACES, ROW_PLACES, JoinedCandidates
from codesearch.retrieval.lexical import to_shares
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


def describe_matches(candidates: JoinedCandidates, rows: NDArray[np.intp]) -> Matches:
    """Return the matches of these of the candidates."""
    row_rarity = _relative(candidates.rarity.rows, candidates.row_count)
    file_rarity = _relative(candidates.rarity.files, candidates.file_count)
    row_places, file_places = candidates.row_places[:, rows], candidates.file_places[:, rows]
    columns: list[NDArray[Any]] = [row_rarity[:, None], file_rarity[:, None]]
    for payloads, places in ((row_places, ROW_PLACES), (file_places, FILE_PLACES)):
        columns += [np.log1p(payloads >> 8), *(stands_in(payloads, place) for place in places)]
    columns += [*candidates.row_related[:, :, rows], *candidates.file_related[:, :, rows]]
    values: NDArray[np.float32] = np.empty((len(MATCH_SIGNS), *row_places.shape), np.float32)
    for number, column in enumerate(columns):
        values[number] = column
    return Matches(values.transpose(1, 2, 0), to_shares(row_rarity))


def _relative(rarity: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the rarities as shares of what a term that is nowhere has, about."""
    relative: NDArray[np.float32] = rarity / np.float32(np.log1p(count))
    return relative
