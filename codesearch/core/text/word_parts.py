"""WordParts: the parts of a table's words, as numbers: what belongs to a part is worked out once for all words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from codesearch.core.text.tokens import ASCII_PART
from codesearch.core.text.word_table import Described, WordTable, WordValues, describe_in_order

_PART_OR_END = re.compile(rf"{ASCII_PART}|\n")
_WORD_END = 0
# Parts are far fewer than words, and outlive them.
_REMEMBERED_PARTS = 100_000


class _Parts(dict[str, int]):
    """Numbers parts in the order they come."""

    def __init__(self) -> None:
        super().__init__({"\n": _WORD_END})
        self.words = [""]

    def __missing__(self, part: str) -> int:
        number = self[part] = len(self.words)
        self.words.append(part)
        return number


class WordParts:
    """Splits words as tokens.split_identifier does, case aside; what is not ASCII has no parts.

    As a vocabulary, it is that of the parts. For one thread at a time.
    """

    def __init__(self, table: WordTable) -> None:
        self._table = table
        self._parts = _Parts()
        self.generation = 0
        self._of_words = WordValues(table, self._split)

    @property
    def words(self) -> Sequence[str]:
        """The parts by number; that of number 0 is none."""
        return self._parts.words

    def of_words(self, first: int, last: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the parts of the table's words `first`..`last` - 1, one after the other, and how many each has."""
        parts, counts = self._of_words.of_range(first, last)
        return parts.view(np.int32), counts

    def _split(self, first: int, last: int) -> Described:
        if first == 0 and len(self._parts) > _REMEMBERED_PARTS:
            self._parts = _Parts()
            self.generation += 1
        words = self._table.words[first:last]
        joined = "\n".join([*words, ""])
        if not joined.isascii():
            joined = "\n".join([*(word if word.isascii() else "" for word in words), ""])
        if first == 0:
            # The line end, which is no word, is one end too many.
            joined = joined[1:]
        items = _PART_OR_END.findall(joined)
        numbers = np.fromiter(map(self._parts.__getitem__, items), np.int32, len(items))
        ends = np.flatnonzero(numbers == _WORD_END)
        counts = np.diff(ends - np.arange(len(ends)), prepend=0)
        return describe_in_order(numbers[numbers != _WORD_END].view(np.uint32), counts)


def values_by_part(
    table: WordTable, parts: WordParts, of_parts: WordValues, describe_other: Callable[[list[str]], list[Sequence[int]]]
) -> WordValues:
    """Return the values of a table's words that their parts have; `describe_other` gives them of what is not ASCII."""

    def describe(first: int, last: int) -> Described:
        numbers, part_counts = parts.of_words(first, last)
        values, value_counts = of_parts.of(numbers)
        sums = np.concatenate(([0], np.cumsum(value_counts)))
        ends = np.cumsum(part_counts)
        counts = sums[ends] - sums[ends - part_counts]
        return add_others(table, first, last, Described(values, counts, np.cumsum(counts) - counts), describe_other)

    return WordValues(table, describe)


def add_others(
    table: WordTable,
    first: int,
    last: int,
    described: Described,
    describe_other: Callable[[list[str]], list[Sequence[int]]],
) -> Described:
    """Return what belongs to the words `first`..`last` - 1, of which `described` knows only those in ASCII."""
    places = [place for place, word in enumerate(table.words[first:last]) if not word.isascii()]
    if not places:
        return described
    found = describe_other([table.words[first + place] for place in places])
    more = describe_in_order((value for values in found for value in values), [len(values) for values in found])
    counts, starts = described.counts.copy(), described.starts.copy()
    counts[places], starts[places] = more.counts, more.starts + len(described.values)
    return Described(np.concatenate((described.values, more.values)), counts, starts)
