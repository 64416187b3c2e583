"""How much of a query the subjects of the commits say that changed candidates' files. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from codesearch.retrieval.features.groups import find_runs
from codesearch.retrieval.features.part import Column, Part
from codesearch.retrieval.lexical import invert, to_shares

# As in BM25, save that a file's distinct terms are its length, and that it is compared with a fixed one: nothing has to
# be known of other files. Half of the candidates with subjects have 33 or fewer.
_SATURATION, _LENGTH_NORM, _LENGTH = 1.2, 0.5, 60.0
_LEAST_NORM, _NORM_OF_TERM = _SATURATION * (1 - _LENGTH_NORM), _SATURATION * _LENGTH_NORM / _LENGTH


class _Said(NamedTuple):
    """Of the files of one part: how often each term is in their subjects (t, m), their distinct terms, their rows."""

    occurrences: NDArray[np.float32]
    sizes: NDArray[np.int64]
    rows: NDArray[np.int64]


def cover_by_subjects(parts: Sequence[Part], terms: NDArray[np.uint32]) -> Column:
    """Return for each candidate which share of the terms is in the subjects of its file, in [0, 1], (c,).

    A term counts as it is rare among the subjects of these files, and once it is there the more the more often.
    """
    if not len(terms) or not any(part.index.has_subjects for part in parts):
        return np.zeros(sum(len(part.rows) for part in parts), np.float32)
    said = [_read(part, terms) for part in parts]
    having: NDArray[np.int64] = np.zeros(len(terms), np.int64)
    for part in said:
        having += (part.occurrences > 0).sum(axis=1)
    files = sum(int(np.count_nonzero(part.sizes)) for part in said)
    shares = to_shares(invert(having, files))
    columns = [(shares @ _saturate(part)).repeat(part.rows) for part in said]
    covered: Column = columns[0] if len(columns) == 1 else np.concatenate(columns)
    return covered


def _read(part: Part, terms: NDArray[np.uint32]) -> _Said:
    firsts, rows = find_runs(part.files)
    sizes, known, counts = part.index.subject_terms_of(part.files[firsts])
    order = terms.argsort()
    ordered = terms[order]
    places = ordered.searchsorted(known)
    hits = (ordered.take(places, mode="clip") == known).nonzero()[0]
    owners = np.arange(len(firsts)).repeat(sizes)[hits]
    occurrences = np.zeros((len(terms), len(firsts)), np.float32)
    occurrences[order[places[hits]], owners] = counts[hits]
    return _Said(occurrences, sizes, rows)


def _saturate(said: _Said) -> NDArray[np.float32]:
    norms = (_LEAST_NORM + _NORM_OF_TERM * said.sizes).astype(np.float32)
    saturated: NDArray[np.float32] = said.occurrences / (said.occurrences + norms)
    return saturated
