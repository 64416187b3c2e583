"""Terms that mean nearly the same as those of a query, and where they stand: `parse` is looked for in `Parser` too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.errors import ConfigurationError
from codesearch.core.index.array_file import DamagedFileError, map_arrays
from codesearch.core.text.terms import hash_token

_FILE = Path(__file__).with_name("related_terms.bin")
ANYWHERE: Final = 0


@dataclass(frozen=True, slots=True, eq=False)
class RelatedTerms:
    """What stands for a query's terms, themselves included. All arrays are (k,), those of one term after another.

    terms: the related terms. weights: how near each is, at most 1. firsts (t,): where those of each query term begin.
    """

    terms: NDArray[np.uint32]
    weights: NDArray[np.float32]
    firsts: NDArray[np.intp]


@lru_cache(maxsize=1)
def load_related_terms() -> tuple[NDArray[np.uint32], NDArray[np.int32], NDArray[np.uint32], NDArray[np.uint8]]:
    """Map the table that training/related_terms.py made. Raises ConfigurationError when it is damaged."""
    try:
        arrays, _ = map_arrays(_FILE)
        return arrays["terms"], arrays["starts"], arrays["related"], arrays["similarities"]
    except (OSError, DamagedFileError, KeyError) as error:
        raise ConfigurationError(
            f"The table of related terms {_FILE} is damaged: {error}. Install codesearch again."
        ) from error


def is_known(terms: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Say which terms the table has: words that software is written about in."""
    known = load_related_terms()[0]
    found: NDArray[np.bool_] = known[np.minimum(np.searchsorted(known, terms), len(known) - 1)] == terms
    return found


@lru_cache(maxsize=8192)
def is_code_word(word: str) -> bool:
    """Say whether software is written about in this English word."""
    return word.isascii() and bool(is_known(np.array([hash_token(word.lower())], np.uint32))[0])


def find_related(terms: NDArray[np.uint32]) -> RelatedTerms:
    """Return each of the distinct terms, followed by those that mean nearly the same."""
    known, starts, related, similarities = load_related_terms()
    positions = np.minimum(np.searchsorted(known, terms), len(known) - 1)
    found: list[NDArray[np.uint32]] = []
    weights: list[NDArray[np.float32]] = []
    for term, position in zip(terms, positions.tolist(), strict=True):
        span = slice(int(starts[position]), int(starts[position + 1])) if known[position] == term else slice(0, 0)
        found.append(np.concatenate((term[None], related[span])))
        weights.append(np.concatenate(([1.0], similarities[span] / 255)).astype(np.float32))
    counts = np.array([len(of_term) for of_term in found], np.intp)
    nothing = (np.empty(0, np.uint32), np.empty(0, np.float32))
    return RelatedTerms(
        np.concatenate([nothing[0], *found]), np.concatenate([nothing[1], *weights]), np.cumsum(counts) - counts
    )


def stands_in(payloads: NDArray[np.uint16], field: int) -> NDArray[np.bool_]:
    """Return which payloads say that their term is in a field; with ANYWHERE, that it is there at all."""
    return payloads > 0 if field == ANYWHERE else payloads & field > 0


def related_in_fields(
    payloads: NDArray[np.uint16], related: RelatedTerms, fields: Sequence[int]
) -> NDArray[np.float32]:
    """Return how near what stands somewhere comes to each query term, (fields, terms, ids), in [0, 1].

    `payloads` (k, ids) are those of the related terms there. `fields` are bits of payloads; ANYWHERE asks whether the
    term is there at all.
    """
    values = np.zeros((len(fields), len(related.firsts), payloads.shape[1]), np.float32)
    if payloads.size:
        for number, field in enumerate(fields):
            near = stands_in(payloads, field) * related.weights[:, None]
            np.maximum.reduceat(near, related.firsts, axis=0, out=values[number])
    return values
