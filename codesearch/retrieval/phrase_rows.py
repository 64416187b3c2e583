"""Rows that hold the phrases of a query as they stand: terms choose them, their text decides."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.index.source_index import Searched
from codesearch.core.text.terms import hash_token
from codesearch.retrieval.query.phrases import RUN_WORDS, Phrase, Run, cut_runs
from codesearch.retrieval.query.terms import STOP_WORDS
from codesearch.retrieval.row_order import RowOrder

# Less of a phrase in a row is an accident. Of questions, NDCG@10 falls by 0.001 with half as much.
LEAST_SHARE = 0.75
# Of a message with values, so much in two words in a row at least, and so many words; what that is worth.
LEAST_SHARE_BETWEEN_VALUES, LEAST_WORDS_BETWEEN_VALUES = 0.3, 3
MESSAGE_SHARE = 0.9
# Texts that are compared for one phrase: a few milliseconds.
MAX_COMPARED = 400
# A phrase that stands in more rows tells nothing of them.
MAX_ROWS = 8
# Index, row and share of the phrase.
Holders: TypeAlias = list[tuple[int, int, float]]
# Where terms are, by term.
TermRows: TypeAlias = Mapping[int, NDArray[np.int32]]
_NO_ROWS: NDArray[np.int32] = np.empty(0, np.int32)
_NO_COUNTS: NDArray[np.int64] = np.empty(0, np.int64)
# Every byte of a word in lower case, all others as a blank.
_WORD_BYTES = bytes(byte if byte >= 128 or chr(byte).isalnum() else 32 for byte in bytes(range(256)).lower())


def find_phrase_rows(
    order: RowOrder,
    masks: Sequence[NDArray[np.bool_] | None],
    phrases: Sequence[Phrase],
    check: Check = do_not_check,
    known: Sequence[TermRows] = (),
) -> list[dict[int, float]]:
    """Return for each index the rows that hold most of a phrase, and how much, from LEAST_SHARE to 1.

    A phrase that more than MAX_ROWS rows of all indexes together hold, of those that the masks allow, counts nowhere.
    `known` says of each index where some terms are.
    """
    holders = find_phrase_holders(order, masks, phrases, check, known)
    return keep_phrase_rows(phrases, holders, len(order.indexes))


def find_phrase_holders(
    order: RowOrder,
    masks: Sequence[NDArray[np.bool_] | None],
    phrases: Sequence[Phrase],
    check: Check,
    known: Sequence[TermRows] = (),
) -> list[Holders]:
    """Return for each phrase the rows that hold most of it, before it is known whether it is held by too many."""
    runs = cut_runs(phrases)
    if not runs:
        return [[] for _ in phrases]
    of_phrases = [[run for run in runs if run.phrase == number] for number in range(len(phrases))]
    terms = {word: hash_token(word) for run in runs for word in run.words}
    places = []
    for number, (index, mask) in enumerate(zip(order.indexes, masks, strict=True)):
        check()
        places.append(_Places(index, mask, terms, known[number] if known else {}))
    holders: list[Holders] = []
    for phrase, own in zip(phrases, of_phrases, strict=True):
        check()
        found: Holders = []
        for position, rows in enumerate(_choose_rows(phrase, own, places, order)):
            for row in rows:
                text = _normalise(order.indexes[position].content_of(row))
                share = weigh_runs(phrase, [run for run in own if _holds(text, run)])
                if share >= _least_share(phrase):
                    found.append((position, row, share))
        holders.append(found)
    return holders


def keep_phrase_rows(phrases: Sequence[Phrase], holders: Sequence[Holders], index_count: int) -> list[dict[int, float]]:
    """Return for each index the rows whose phrase counts, and how much of it they hold."""
    held: list[dict[int, float]] = [{} for _ in range(index_count)]
    for phrase, of_phrase in zip(phrases, holders, strict=True):
        found = _keep_fullest(of_phrase) if phrase.has_values else of_phrase
        if len(found) <= MAX_ROWS:
            for position, row, share in found:
                held[position][row] = max(held[position].get(row, 0.0), share)
    return held


def _least_share(phrase: Phrase) -> float:
    if not phrase.has_values:
        return LEAST_SHARE
    return max(LEAST_SHARE_BETWEEN_VALUES, LEAST_WORDS_BETWEEN_VALUES / max(1, _count(phrase.words)))


def choose_holders(phrase: Phrase, found: Holders) -> Holders:
    """Return as many of a phrase's holders as others need who know more of them: one more than may count."""
    if phrase.has_values:
        most = max((share for _, _, share in found), default=0.0)
        found = [holder for holder in found if holder[2] == most]
    return found[: MAX_ROWS + 1]


def _keep_fullest(found: Holders) -> Holders:
    """Keep the rows that hold the most words of a message; of how many its text has, nobody knows."""
    most = max((share for _, _, share in found), default=0.0)
    return [(position, row, MESSAGE_SHARE) for position, row, share in found if share == most]


def weigh_runs(phrase: Phrase, runs: Sequence[Run]) -> float:
    """Return how much of a phrase its longest stretch of runs is, in words that are no stop words.

    Of a phrase with values all runs count.
    """
    if phrase.has_values:
        places = sorted({place for run in runs for place in range(run.start, run.start + len(run.words))})
        return _count([phrase.words[place] for place in places]) / max(1, _count(phrase.words))
    longest, begin = 0, 0
    starts = sorted(run.start for run in runs)
    for number, start in enumerate(starts):
        if number and start != starts[number - 1] + 1:
            begin = number
        longest = max(longest, _count(phrase.words[starts[begin] : start + RUN_WORDS]))
    return longest / max(1, _count(phrase.words))


def _count(words: Sequence[str]) -> int:
    return sum(word not in STOP_WORDS for word in words)


def _normalise(content: bytes) -> bytes:
    """Return the words in lower case, a blank around each: line ends, comment signs and quotes count as blanks."""
    return b" " + b" ".join(content.translate(_WORD_BYTES).split()) + b" "


def _holds(text: bytes, run: Run) -> bool:
    return f" {' '.join(run.words)} ".encode() in text


class _Places:
    """Where the words of phrases are in one data source."""

    def __init__(
        self,
        index: Searched,
        mask: NDArray[np.bool_] | None,
        terms: Mapping[str, int],
        known: TermRows,
    ) -> None:
        self.mask = mask
        self._postings = index.postings
        self._terms = terms
        self._known = dict(known)

    def find(self, words: Iterable[str]) -> dict[str, NDArray[np.int32]]:
        """Return where each of some words is. What was looked up once is remembered."""
        terms = {word: self._terms[word] for word in words}
        missing = [term for term in dict.fromkeys(terms.values()) if term not in self._known]
        if missing:
            found = self._postings.find_rows(np.array(missing, np.uint32))
            self._known.update(zip(missing, (ids for ids, _ in found), strict=True))
        return {word: self._known[term] for word, term in terms.items()}

    def are_at(self, words: Sequence[str], rows: NDArray[np.int32]) -> dict[str, NDArray[np.bool_]]:
        """Return for each word which of the rows, that ascend, have it. Its other rows are not looked up."""
        payloads = self._postings.row_payloads_at(np.array([self._terms[word] for word in words], np.uint32), rows)
        return dict(zip(words, payloads > 0, strict=True))


def _choose_rows(phrase: Phrase, runs: Sequence[Run], places: Sequence[_Places], order: RowOrder) -> list[list[int]]:
    """Return for each index the rows that have the terms of enough of a phrase: of many those with most words."""
    found, counts = zip(*(_count_words(phrase, runs, of_index) for of_index in places), strict=True)
    chosen = order.take_first(found, MAX_COMPARED, [-counted for counted in counts])
    return [
        _keep_with_runs(phrase, runs, of_index, rows).tolist() for of_index, rows in zip(places, chosen, strict=True)
    ]


def _count_words(phrase: Phrase, runs: Sequence[Run], places: _Places) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the rows that have enough of a phrase's words, ascending, and how many."""
    words = dict.fromkeys(word for run in runs for word in run.words)
    ids_of = places.find(words if phrase.has_values else (word for word in words if word not in STOP_WORDS))
    counted = sorted((ids_of[word] for word in words if word not in STOP_WORDS), key=len)
    needed, mask = _least_words(phrase), places.mask
    if not counted:
        return _NO_ROWS, _NO_COUNTS
    if phrase.has_values:
        # Few of the words are enough: whoever has them has a run of them.
        rows = _join([_intersect(sorted((ids_of[word] for word in set(run.words)), key=len), mask) for run in runs])
    else:
        # Whoever has so many of the words has one of the rarest, of which there are so many.
        rows = _join(counted[: len(counted) - needed + 1])
        rows = rows if mask is None else rows[mask[rows]]
    if not len(rows):
        return _NO_ROWS, _NO_COUNTS
    counts: NDArray[np.int64] = np.zeros(len(rows), np.int64)
    for ids in counted:
        counts += _contains(ids, rows)
    is_enough = counts >= needed
    return rows[is_enough], counts[is_enough]


def _keep_with_runs(phrase: Phrase, runs: Sequence[Run], places: _Places, rows: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return those of the rows whose terms may stand in enough of a phrase's runs."""
    if not len(rows):
        return rows
    has_word = places.are_at(list(dict.fromkeys(word for run in runs for word in run.words)), rows)
    has_runs = np.array([np.logical_and.reduce([has_word[word] for word in run.words]) for run in runs]).T.tolist()
    least = _least_share(phrase)
    is_kept = [
        weigh_runs(phrase, [run for run, is_there in zip(runs, has, strict=True) if is_there]) >= least
        for has in has_runs
    ]
    return rows[np.array(is_kept, np.bool_)]


def _join(lists: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
    """Return what is in any of the lists, in ascending order."""
    if len(lists) == 1:
        return lists[0]
    return np.unique(np.concatenate(lists)) if any(map(len, lists)) else np.empty(0, np.int32)


def _least_words(phrase: Phrase) -> int:
    """Return how few different words that are no stop words may make up enough of a phrase."""
    most_first = Counter(word for word in phrase.words if word not in STOP_WORDS).most_common()
    sums = accumulate(count for _, count in most_first)
    enough = _least_share(phrase) * _count(phrase.words)
    return 1 + sum(total < enough for total in sums)


def find_rows_with(index: Searched, mask: NDArray[np.bool_] | None, words: Sequence[str]) -> NDArray[np.int32]:
    """Return the rows that have the terms of all of some words, at least one, of those that the mask allows."""
    hits = index.postings.find_rows(np.array([hash_token(word) for word in dict.fromkeys(words)], np.uint32))
    return _intersect(sorted((ids for ids, _ in hits), key=len), mask)


def _intersect(lists: Sequence[NDArray[np.int32]], mask: NDArray[np.bool_] | None) -> NDArray[np.int32]:
    rows = lists[0] if mask is None else lists[0][mask[lists[0]]]
    for ids in lists[1:]:
        if not len(rows):
            break
        rows = rows[_contains(ids, rows)]
    return rows


def _contains(ids: NDArray[np.int32], rows: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Say which rows are among the ids, which are in ascending order."""
    if not len(ids):
        return np.zeros(len(rows), np.bool_)
    found: NDArray[np.bool_] = ids.take(ids.searchsorted(rows), mode="clip") == rows
    return found
