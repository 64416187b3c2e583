"""Candidates -> ordered, scored results. Pure: everything it needs is in the candidates and the query."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codesearch.core.store import StoredChunk
from codesearch.core.tokens import tokenize

TOKEN_BOOSTS: Mapping[str, float] = {"symbol_tokens": 3.0, "path_tokens": 2.0, "body_tokens": 1.0}
MAX_QUERY_TOKENS = 64
STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "are",
        "as",
        "at",
        "be",
        "by",
        "can",
        "do",
        "does",
        "for",
        "from",
        "get",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "set",
        "that",
        "the",
        "this",
        "to",
        "what",
        "when",
        "where",
        "which",
        "who",
        "why",
        "with",
    ]
)


@dataclass(frozen=True, slots=True)
class QueryTerms:
    """A query as ranking sees it. `tokens` are distinct, in order; `identifiers` are whole words, lower case."""

    text: str
    tokens: tuple[str, ...]
    identifiers: frozenset[str]
    boosts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its score in [0, 1]."""

    candidate: StoredChunk
    score: float


_IDENTIFIER = re.compile(r"[^\W\d]\w*(?:(?:\.|::|->|#|\\|/)[^\W\d]\w*)*")


def parse_query(text: str) -> QueryTerms:
    """Split a query into its search tokens and the words in it that look like names of code."""
    tokens = list(dict.fromkeys(tokenize(text)))
    meaningful = [token for token in tokens if token not in STOP_WORDS] or tokens
    words = _IDENTIFIER.findall(text)
    identifiers = {word.lower() for word in words if len(words) == 1 or _looks_like_code(word)}
    return QueryTerms(text, tuple(meaningful[:MAX_QUERY_TOKENS]), frozenset(identifiers), TOKEN_BOOSTS)


def _looks_like_code(word: str) -> bool:
    return bool(re.search(r"[a-z\d][A-Z]|_|\.|::|->|#|[A-Z]{2,}[a-z]", word))


def rank(
    terms: QueryTerms,
    query_vector: NDArray[np.float32],
    lexical: Sequence[StoredChunk],
    nearest: Sequence[StoredChunk],
) -> list[Ranked]:
    """Order the union of both candidate lists, best first.

    Scores are in [0, 1]. The order is total: (-score, data source, path, start line, end line, document id).
    """
    candidates = list({row.document_id: row for row in (*nearest, *lexical)}.values())
    if not candidates:
        return []
    similarity = np.stack([row.vector for row in candidates]) @ query_vector
    top = max((row.lexical or 0.0) for row in candidates) or 1.0
    scores = [
        0.5 * (row.lexical or 0.0) / top + 0.5 * max(0.0, float(similarity[i])) for i, row in enumerate(candidates)
    ]
    ranked = [Ranked(row, min(1.0, max(0.0, score))) for row, score in zip(candidates, scores, strict=True)]
    return _spread_files(sorted(ranked, key=_order))


def _spread_files(ranked: Sequence[Ranked]) -> list[Ranked]:
    seen: Counter[tuple[str, str]] = Counter()
    spread = []
    for item in ranked:
        key = (item.candidate.data_source_id, item.candidate.chunk.path)
        spread.append(Ranked(item.candidate, item.score * 0.5 ** seen[key]))
        seen[key] += 1
    return sorted(spread, key=_order)


def _order(item: Ranked) -> tuple[float, str, str, int, int, str]:
    chunk = item.candidate.chunk
    return (
        -item.score,
        item.candidate.data_source_id,
        chunk.path,
        chunk.start_line,
        chunk.end_line,
        item.candidate.document_id,
    )
