from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from codesearch.core.index import joined_postings
from codesearch.core.index.joined_postings import JoinedPostings
from codesearch.core.index.postings import Entries, SortedEntries, pack_entries

TERMS, ROWS, FILES = 12, (40, 1, 300), (7, 1, 60)


def make_lists(chance: np.random.Generator, terms: NDArray[np.uint32], id_count: int) -> SortedEntries:
    """Return where each of the terms is, by chance; payloads of many kinds, so that some are rare."""
    ids = [np.flatnonzero(chance.random(id_count) < chance.random()).astype(np.int32) for _ in terms]
    starts = np.concatenate(([0], np.cumsum([len(of_term) for of_term in ids])))
    payloads = chance.integers(0, 700, int(starts[-1])).astype(np.uint16)
    return SortedEntries(terms, starts, np.concatenate([np.empty(0, np.int32), *ids]), payloads)


def make_segments(chance: np.random.Generator) -> list[tuple[Entries, Entries]]:
    made = []
    for row_count, file_count in zip(ROWS, FILES, strict=True):
        terms = np.flatnonzero(chance.random(TERMS) < 0.7).astype(np.uint32) + np.uint32(1)
        arrays = pack_entries(make_lists(chance, terms, row_count), make_lists(chance, terms, file_count))
        made.append((Entries(arrays, "row"), Entries(arrays, "file")))
    return made


@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_lists_of_segments_are_those_of_each_one_after_another(
    monkeypatch: pytest.MonkeyPatch, count: int, seed: int, is_large: bool
) -> None:
    if is_large:
        for name in ("_READ_ENTRIES", "_SEARCHED_ENTRIES", "_READ_AT_ONCE"):
            monkeypatch.setattr(joined_postings, name, 0)
    chance = np.random.default_rng(seed)
    segments = make_segments(chance)[-count:]
    counts = ROWS[-count:], FILES[-count:]
    joined = JoinedPostings([rows for rows, _ in segments], [files for _, files in segments], *counts)
    asked = np.arange(1, TERMS + 3, dtype=np.uint32)
    chosen = [np.flatnonzero(chance.random(sum(of_kind)) < 0.4).astype(np.int32) for of_kind in counts]
    payloads = joined.payloads_at(joined.look_up(asked), chosen[0], chosen[1])
    for kind, found in enumerate(joined.find(asked)):
        firsts = np.cumsum((0, *counts[kind][:-1]))
        for term, (ids, of_ids) in enumerate(found):
            parts = [segment[kind].find(asked[term : term + 1])[0] for segment in segments]
            expected = {
                int(id_) + first: int(payload)
                for first, (part_ids, part_payloads) in zip(firsts.tolist(), parts, strict=True)
                for id_, payload in zip(part_ids.tolist(), part_payloads.tolist(), strict=True)
            }
            assert dict(zip(ids.tolist(), of_ids.tolist(), strict=True)) == expected
            assert ids.tolist() == sorted(expected)
            assert payloads[kind][term].tolist() == [expected.get(id_, 0) for id_ in chosen[kind].tolist()]


def test_nothing_is_found_where_nothing_is_asked() -> None:
    segments = make_segments(np.random.default_rng(1))
    joined = JoinedPostings([rows for rows, _ in segments], [files for _, files in segments], ROWS, FILES)
    nothing, no_ids = np.empty(0, np.uint32), np.empty(0, np.int32)
    assert joined.find(nothing) == ([], [])
    nowhere, somewhere = joined.look_up(nothing), joined.look_up(np.array([1], np.uint32))
    assert [found.shape for found in joined.payloads_at(nowhere, np.array([2]), no_ids)] == [(0, 1), (0, 0)]
    assert [found.shape for found in joined.payloads_at(somewhere, no_ids, no_ids)] == [(1, 0)] * 2
