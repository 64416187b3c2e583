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
from codesearch.retrieval.features.groups import find_sizes

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
    found: NDArray[np.bool_] = known.take(known.searchsorted(terms), mode="clip") == terms
    return found


@lru_cache(maxsize=8192)
def is_code_word(word: str) -> bool:
    """Say whether software is written about in this English word."""
    return word.isascii() and bool(is_known(np.array([hash_token(word.lower())], np.uint32))[0])


def find_related(terms: NDArray[np.uint32]) -> RelatedTerms:
    """Return each of the distinct terms, followed by those that mean nearly the same."""
    known, starts, related, similarities = load_related_terms()
    positions = np.minimum(known.searchsorted(terms), len(known) - 1)
    begins = starts.take(positions)
    sizes = (starts.take(positions + 1) - begins) * (known.take(positions) == terms)
    ends = sizes.cumsum(dtype=np.intp)
    firsts = ends - sizes + np.arange(len(terms))
    count = len(terms) + int(sizes.sum())
    is_related = np.ones(count, np.bool_)
    is_related[firsts] = False
    places = np.arange(count - len(terms)) + (begins - (ends - sizes)).repeat(sizes)
    found, weights = np.empty(count, np.uint32), np.ones(count, np.float32)
    found[firsts] = terms
    found[is_related] = related[places]
    weights[is_related] = similarities[places] / 255
    return RelatedTerms(found, weights, firsts)


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
    count, columns = len(related.firsts), payloads.shape[1]
    values = np.zeros((len(fields), count * columns), np.float32)
    # Of each term's related ones few are anywhere. Of several at one place the nearest is written last and stays.
    nearest_last = related.weights.argsort()
    ordered = payloads[nearest_last].ravel()
    places = ordered.nonzero()[0]
    found, numbers = ordered[places], nearest_last[places // max(1, columns)]
    weights = related.weights[numbers]
    terms = np.arange(count).repeat(find_sizes(related.firsts, len(related.terms)))
    targets = terms[numbers] * columns + places % max(1, columns)
    for of_field, field in zip(values, fields, strict=True):
        if field == ANYWHERE:
            of_field[targets] = weights
        else:
            those = (found & field).nonzero()[0]
            of_field[targets[those]] = weights[those]
    return values.reshape(len(fields), count, columns)
