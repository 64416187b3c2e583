"""Presence: whether an index has an answer to a question at all, or only the most similar of what it has. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

from codesearch.retrieval.features.view import View
from codesearch.retrieval.related_terms import is_known
from codesearch.retrieval.word_information import measure_information

# What training/presence.py fitted: the log-odds that a question was asked to its own repository.
WEIGHTS: Final = {
    "top_margin": 0.2563,
    "top_similarity": 7.993,
    "mean_rarity": -1.8177,
    "rows": -0.6028,
    "terms": -0.1312,
    "known_words": 2.9368,
    "top_coverage": -0.6733,
    "top_information": 2.9697,
    "most_typical": 0.6613,
}
OFFSET: Final = -5.4875
# The largest repository that was asked when they were fitted. More rows have something similar to anything, but how
# much more was not measured.
MOST_ROWS: Final = 20_000
# A word that few say elsewhere is so much more common here at most, as a logarithm.
MOST_TYPICAL: Final = 4.0


def describe_presence(view: View, top_margin: float) -> dict[str, float]:
    """Return what tells whether there is an answer, by the names of WEIGHTS.

    top_margin: the highest of all files. top_similarity: the highest cosine. mean_rarity: how rare the query's words
    are among rows, on average, as a share of what a word that is nowhere has, about. rows: how many there are, log, at
    most MOST_ROWS. terms: of the query, at most 12. known_words: the share of the query's words that software is
    written about in; other languages and subjects have others. top_coverage: the highest share of the query that
    stands in a row or in its path. top_information: how much those of the query's words tell that stand in a row or in
    its path, at most, in tens. most_typical: how much more common here than elsewhere the word is of which that is most
    so, log, at most MOST_TYPICAL; without a word that is here, the least.
    """
    terms, rows = view.terms.terms, view.candidates.row_count
    rarities, information = view.candidates.rarity.rows, measure_information(terms)
    rarity = float(rarities.mean()) if len(terms) else 0.0
    # -rarity is the logarithm of the share of rows here that have the word; of one that none has, rarity is higher.
    there = rarities < np.log(rows + 1)
    typical = float((information - rarities)[there].max()) if there.any() else -MOST_TYPICAL
    return {
        "top_margin": top_margin,
        "top_similarity": float(view.similarity.max()),
        "mean_rarity": rarity / max(1.0, float(np.log(max(1, rows)))),
        "rows": float(np.log(min(max(1, rows), MOST_ROWS))),
        "terms": float(min(len(terms), 12)),
        "known_words": float(is_known(terms).mean()) if len(terms) else 0.0,
        "top_coverage": float(view.covered.max()),
        "top_information": float((information @ view.here).max()) / 10,
        "most_typical": max(-MOST_TYPICAL, min(MOST_TYPICAL, typical)),
    }


def measure_absence(view: View, top_margin: float) -> float:
    """Return what the log-odds of every record of an answer are lowered by: 0 or less.

    A name is there or not, and a message says so much that something of it is always there: for these it is 0.
    """
    if view.terms.is_name or view.terms.is_message:
        return 0.0
    values = describe_presence(view, top_margin)
    return min(0.0, OFFSET + sum(WEIGHTS[name] * value for name, value in values.items()))
