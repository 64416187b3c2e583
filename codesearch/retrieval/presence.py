"""Presence: whether an index has an answer to a question at all, or only the most similar of what it has. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

from codesearch.retrieval.features.view import View
from codesearch.retrieval.related_terms import is_known

# What training/presence.py fitted: the log-odds that a question was asked to its own repository.
WEIGHTS: Final = {
    "top_margin": 0.5476,
    "top_similarity": 5.1288,
    "mean_rarity": -0.7253,
    "rows": 0.1186,
    "terms": 0.0484,
    "known_words": -6.9673,
}
OFFSET: Final = 5.2407


def describe_presence(view: View, top_margin: float) -> dict[str, float]:
    """Return what tells whether there is an answer, by the names of WEIGHTS.

    top_margin: the highest of all files. top_similarity: the highest cosine. mean_rarity: inverse document frequency of
    the query's words, on average. rows: how many there are, log. terms: of the query, at most 12. known_words: the
    share of the query's words that software is written about in; other languages and subjects have others.
    """
    terms = view.terms.terms
    return {
        "top_margin": top_margin,
        "top_similarity": float(view.similarity.max()),
        "mean_rarity": float(view.candidates.rarity.rows.mean()) if len(terms) else 0.0,
        "rows": float(np.log(max(1, view.candidates.row_count))),
        "terms": float(min(len(terms), 12)),
        "known_words": float(is_known(terms).mean()) if len(terms) else 0.0,
    }


def measure_absence(view: View, top_margin: float) -> float:
    """Return what the log-odds of every record of an answer are lowered by: 0 or less.

    A name is there or not, and a message says so much that something of it is always there: for these it is 0.
    """
    if view.terms.is_name or view.terms.is_message:
        return 0.0
    values = describe_presence(view, top_margin)
    return min(0.0, OFFSET + sum(WEIGHTS[name] * value for name, value in values.items()))
