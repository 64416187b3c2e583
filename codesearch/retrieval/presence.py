"""Presence: whether an index has an answer to a question at all, or only the most similar of what it has. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

from codesearch.retrieval.features.view import View
from codesearch.retrieval.related_terms import is_known

# What training/presence.py fitted: the log-odds that a question was asked to its own repository.
WEIGHTS: Final = {
    "top_margin": 0.3698,
    "top_similarity": 9.1993,
    "mean_rarity": -2.3612,
    "rows": -0.6316,
    "terms": 0.4165,
    "known_words": 0.3544,
    "top_coverage": 5.2722,
}
OFFSET: Final = -4.1796
# The largest repository that was asked when they were fitted. More rows have something similar to anything, but how
# much more was not measured.
MOST_ROWS: Final = 20_000


def describe_presence(view: View, top_margin: float) -> dict[str, float]:
    """Return what tells whether there is an answer, by the names of WEIGHTS.

    top_margin: the highest of all files. top_similarity: the highest cosine. mean_rarity: how rare the query's words
    are among rows, on average, as a share of what a word that is nowhere has, about. rows: how many there are, log, at
    most MOST_ROWS. terms: of the query, at most 12. known_words: the share of the query's words that software is
    written about in; other languages and subjects have others. top_coverage: the highest share of the query that
    stands in a row or in its path.
    """
    terms, rows = view.terms.terms, view.candidates.row_count
    rarity = float(view.candidates.rarity.rows.mean()) if len(terms) else 0.0
    return {
        "top_margin": top_margin,
        "top_similarity": float(view.similarity.max()),
        "mean_rarity": rarity / max(1.0, float(np.log(max(1, rows)))),
        "rows": float(np.log(min(max(1, rows), MOST_ROWS))),
        "terms": float(min(len(terms), 12)),
        "known_words": float(is_known(terms).mean()) if len(terms) else 0.0,
        "top_coverage": float(view.covered.max()),
    }


def measure_absence(view: View, top_margin: float) -> float:
    """Return what the log-odds of every record of an answer are lowered by: 0 or less.

    A name is there or not, and a message says so much that something of it is always there: for these it is 0.
    """
    if view.terms.is_name or view.terms.is_message:
        return 0.0
    values = describe_presence(view, top_margin)
    return min(0.0, OFFSET + sum(WEIGHTS[name] * value for name, value in values.items()))
