"""Matches: how each word of a query stands in a row and in its file, one by one, for the network to weigh."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.retrieval.candidates import FILE_FIELDS, ROW_FIELDS, JoinedCandidates
from codesearch.retrieval.lexical import to_shares
from codesearch.retrieval.related_terms import stands_in

# Name and meaning. Rarities; count and ROW_FIELDS of the row, count and FILE_FIELDS of the file; related terms in the
# fields of both.
MATCH_MEANINGS: Final = {
    "rarity": "how rare the word is among rows",
    "file_rarity": "how rare the word is among files",
    "count": "how often the word stands in the row, log(1 + n)",
    "here": "the word stands in the row",
    "in_name": "the word stands in the symbol's name",
    "in_qualifier": "the word stands in what encloses the symbol",
    "in_signature": "the word stands in the signature",
    "in_comment": "the word stands in the row's comments",
    "count_in_file": "how often the word stands in the file, log(1 + n)",
    "in_file": "the word stands anywhere in the file",
    "in_stem": "the word stands in the file's name",
    "in_folder": "the word stands in the folders",
    "in_names_of_file": "the word stands in names that the file defines",
    "in_comments_of_file": "the word stands in the file's comments",
    "related": "how near the row comes to the word's meaning, 1 for the word itself",
    "related_in_name": "how near the symbol's name comes",
    "related_in_qualifier": "how near what encloses the symbol comes",
    "related_in_signature": "how near the signature comes",
    "related_in_comment": "how near the row's comments come",
    "related_in_file": "how near the whole file comes",
    "related_in_stem": "how near the file's name comes",
    "related_in_folder": "how near the folders come",
    "related_in_names_of_file": "how near names that the file defines come",
    "related_in_comments_of_file": "how near the file's comments come",
}
MATCH_FEATURES: Final = tuple(MATCH_MEANINGS)


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """How each of t terms stands in each of c rows: values (t, c, len(MATCH_FEATURES)) float32.

    shares (t,) float32: how much of the query each term is, as it is rare; they sum to 1 unless there are no terms.
    """

    values: NDArray[np.float32]
    shares: NDArray[np.float32]


def describe_matches(candidates: JoinedCandidates, rows: NDArray[np.intp]) -> Matches:
    """Return the matches of these of the candidates."""
    row_rarity = _relative(candidates.rarity.rows, candidates.row_count)
    file_rarity = _relative(candidates.rarity.files, candidates.file_count)
    row_payloads, file_payloads = candidates.row_payloads[:, rows], candidates.file_payloads[:, rows]
    columns: list[NDArray[Any]] = [row_rarity[:, None], file_rarity[:, None]]
    for payloads, fields in ((row_payloads, ROW_FIELDS), (file_payloads, FILE_FIELDS)):
        columns += [np.log1p(payloads >> 8), *(stands_in(payloads, field) for field in fields)]
    columns += [*candidates.row_related[:, :, rows], *candidates.file_related[:, :, rows]]
    values: NDArray[np.float32] = np.empty((len(MATCH_FEATURES), *row_payloads.shape), np.float32)
    for number, column in enumerate(columns):
        values[number] = column
    return Matches(values.transpose(1, 2, 0), to_shares(row_rarity))


def _relative(rarity: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return the rarities as shares of what a term that is nowhere has, about."""
    relative: NDArray[np.float32] = rarity / np.float32(np.log1p(count))
    return relative
