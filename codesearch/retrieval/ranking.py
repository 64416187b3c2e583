"""Candidates -> ordered, scored results. Pure: everything it needs is in the candidates and the query."""

from __future__ import annotations

import math
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from codesearch.core.store import StoredChunk
from codesearch.core.types import ArtifactKind, Chunk
from codesearch.retrieval.query_terms import QueryTerms, stem

# A word in a name or path says more of what the chunk is about than one in its lines.
TOKEN_BOOSTS: Mapping[str, float] = {"symbol_tokens": 3.0, "path_tokens": 2.0, "body_tokens": 1.0}

TYPE_KINDS = frozenset({"class", "struct", "interface", "trait", "enum", "type", "object", "protocol", "record"})
VALUE_KINDS = frozenset({"constant", "variable", "field", "property"})
DOCUMENT_LANGUAGES = frozenset({"markdown", "rst", "asciidoc", "org", "text", "html", "json", "yaml", "toml", "xml"})
_ASIDE = re.compile(
    r"(^|/)(tests?|testing|__tests__|specs?|testdata|fixtures?|mocks?|examples?|samples?|demos?|docs?|bench(marks?)?"
    r"|legacy|deprecated|compat)(/|$)|(^|[/_.-])(test|spec)s?[_.-]|[_.-](tests?|specs?|mock)\.\w+$|(Tests?|Spec)\.\w+$"
)
_ASKS_ASIDE = frozenset(map(stem, "test testing spec example sample benchmark mock fixture demo".split()))
_ASKS_DOCUMENT = frozenset(map(stem, "documentation docs readme changelog guide tutorial configuration config".split()))
_SIGNATURE_START = 24
_HEAD_CHARACTERS = 800
_MAX_FILE_CHUNKS = 3


@dataclass(frozen=True, slots=True)
class Weights:
    """What each sign is worth.

    Chosen by coordinate ascent on NDCG@10, five sixths of the benchmark's repositories at a time: the values that most
    folds agreed on, rounded, where the golden set does not speak against them. docs/design.md has the figures without
    each of them.
    """

    similarity: float
    lexical: float
    path_words: float = 0.0
    file_similarity: float = 0.0
    file_words: float = 0.0
    file_chunks: float = 0.05
    names_it: float = 0.2
    defines_it: float = 0.0
    head: float = 0.0
    type_kind: float = 0.0
    value_kind: float = -0.15
    aside: float = -0.4
    document: float = -0.3


# A question in words: how near the chunk and its file are, and how much of the question the whole file speaks of.
QUESTION = Weights(similarity=1.0, lexical=0.2, path_words=0.2, file_similarity=0.8, file_words=0.4, head=0.15)
# One name: the place that defines it, before those that only use it.
NAME = Weights(similarity=0.7, lexical=0.2, defines_it=0.3, type_kind=0.1, value_kind=-0.1, aside=-0.2, document=-0.2)

# P(relevant) = 1 / (1 + exp(-(slope * margin + offset))), the margin being a sum less the median of all sums.
# Sums differ from repository to repository, how far an answer stands out does not. Fitted on the first twenty files of
# each query of the benchmark and of the golden set, both weighing the same; expected calibration error 0.012 for names
# and 0.018 for questions on the benchmark, 0.004 and 0.016 on the golden set (sums alone: 0.034, 0.046, 0.033, 0.035),
# with 100 and 60 candidates.
QUESTION_CALIBRATION = (4.3, -3.2)
NAME_CALIBRATION = (9.5, -6.4)
# A narrow condition leaves few candidates, maybe right ones only: fewer than this many are filled up with what an
# unrelated chunk comes to.
LEAST_COMPARED = 40
UNRELATED_SUM = 0.4
# Each further chunk of one file is worth so much less than the one before it: NDCG@10 on the benchmark is 0.860, and
# 0.870 with 0, which hides that a file answers in two places: on the golden set 0.772 against 0.732.
FILE_DECAY = 0.3


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate with its score in [0, 1]."""

    candidate: StoredChunk
    score: float


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
    weights = NAME if terms.is_name else QUESTION
    slope, offset = NAME_CALIBRATION if terms.is_name else QUESTION_CALIBRATION
    sums = _weigh(terms, weights, query_vector, candidates)
    middle = statistics.median(sums + [UNRELATED_SUM] * (LEAST_COMPARED - len(sums)))
    ranked = [
        Ranked(row, 1 / (1 + math.exp(-(slope * (value - middle) + offset))))
        for row, value in zip(candidates, sums, strict=True)
    ]
    return _spread_files(sorted(ranked, key=_order))


def _weigh(
    terms: QueryTerms, weights: Weights, query_vector: NDArray[np.float32], candidates: Sequence[StoredChunk]
) -> list[float]:
    """Return the weighted sum of signs for each candidate."""
    similarity = (np.stack([row.vector for row in candidates]) @ query_vector).tolist()
    highest = max(row.lexical or 0.0 for row in candidates) or 1.0
    paths = [_stems_in(row.path_tokens, terms.forms) for row in candidates]
    texts = [
        found | _stems_in(row.body_tokens, terms.forms) | _stems_in(row.symbol_tokens, terms.forms)
        for row, found in zip(candidates, paths, strict=True)
    ]
    rarity = _rarity(terms.stems, texts)
    files = _files(candidates)
    file_similarity = {key: _mean_of_best([similarity[i] for i in members]) for key, members in files.items()}
    file_words = {key: _covered(rarity, set().union(*(texts[i] for i in members))) for key, members in files.items()}
    asks_aside, asks_document = bool(terms.stems & _ASKS_ASIDE), bool(terms.stems & _ASKS_DOCUMENT)
    sums = []
    for i, row in enumerate(candidates):
        key = _file_key(row)
        value = weights.similarity * similarity[i] + weights.lexical * (row.lexical or 0.0) / highest
        value += weights.path_words * _covered(rarity, paths[i])
        value += weights.file_similarity * file_similarity[key] + weights.file_words * file_words[key]
        value += weights.file_chunks * math.log(len(files[key]))
        value += _weigh_definition(row, terms, weights)
        if not asks_aside and _is_aside(row.chunk.path):
            value += weights.aside
        if not asks_document and row.chunk.language in DOCUMENT_LANGUAGES:
            value += weights.document
        sums.append(value)
    return sums


def _weigh_definition(row: StoredChunk, terms: QueryTerms, weights: Weights) -> float:
    """Weigh what the chunk defines: a name that was asked for, where it is declared rather than continued."""
    chunk = row.chunk
    if chunk.artifact_kind is not ArtifactKind.SYMBOL or chunk.symbol is None:
        return 0.0
    declares = _declares(chunk)
    value = weights.head if declares else 0.0
    if chunk.symbol.rpartition(".")[2].lower() in terms.simple_names:
        value += weights.names_it + (weights.defines_it if declares else 0.0)
    if chunk.symbol_kind in TYPE_KINDS:
        value += weights.type_kind
    elif chunk.symbol_kind in VALUE_KINDS:
        value += weights.value_kind
    return value


def _declares(chunk: Chunk) -> bool:
    """Say whether the chunk shows the start of its definition's signature, which is on one line in most code."""
    start = (chunk.signature or "")[:_SIGNATURE_START]
    return bool(start) and (start in chunk.content or start in " ".join(chunk.content[:_HEAD_CHARACTERS].split()))


def _stems_in(tokens: str, forms: Mapping[str, str]) -> frozenset[str]:
    return frozenset(forms[token] for token in forms.keys() & set(tokens.split()))


def _rarity(stems: Iterable[str], texts: Sequence[frozenset[str]]) -> dict[str, float]:
    """Return each stem's share of the query: its inverse document frequency among the candidates, summing to 1.

    Inverse document frequency as in BM25: log(1 + (n - df + 0.5) / (df + 0.5)).
    """
    frequency = Counter(word for text in texts for word in text)
    count = len(texts)
    values = {word: math.log(1 + (count - frequency[word] + 0.5) / (frequency[word] + 0.5)) for word in stems}
    total = sum(sorted(values.values())) or 1.0
    return {word: value / total for word, value in values.items()}


def _covered(rarity: Mapping[str, float], stems: Iterable[str]) -> float:
    # In a fixed order: float sums depend on it, and a set's order differs between processes.
    return sum(rarity[word] for word in sorted(stems))


def _mean_of_best(values: list[float]) -> float:
    best = sorted(values, reverse=True)[:_MAX_FILE_CHUNKS]
    return sum(best) / _MAX_FILE_CHUNKS


def _file_key(row: StoredChunk) -> tuple[str, str]:
    return row.data_source_id, row.chunk.path


def _files(candidates: Sequence[StoredChunk]) -> dict[tuple[str, str], list[int]]:
    files: dict[tuple[str, str], list[int]] = defaultdict(list)
    for index, row in enumerate(candidates):
        files[_file_key(row)].append(index)
    return files


@lru_cache(maxsize=8192)
def _is_aside(path: str) -> bool:
    """Say whether a file stands beside the product: tests, examples, documentation, what is kept for compatibility."""
    # Below src/main, Maven's and Gradle's place of the product, `test` is part of a package's name.
    return _ASIDE.search(path) is not None and "src/main/" not in path


def _spread_files(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Lower each further chunk of a file, so that one file does not fill the answer."""
    seen: Counter[tuple[str, str]] = Counter()
    spread = []
    for item in ranked:
        key = _file_key(item.candidate)
        spread.append(Ranked(item.candidate, item.score * FILE_DECAY ** seen[key]))
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
