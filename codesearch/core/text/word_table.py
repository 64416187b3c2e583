"""WordTable: the words of files as numbers, from which terms and token ids are looked up for many at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)

# What tokens.find_words finds in ASCII text; a line end is an item of its own.
_ITEM = re.compile(r"[a-zA-Z0-9]+(?:_+[a-zA-Z0-9]+)*|\n")
_LINE_END = 0
# A few hundred MB of source have so many; then it starts over.
REMEMBERED_WORDS = 200_000


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """Words by their numbers in a table, which mean nothing once that is of another generation."""

    numbers: NDArray[np.int32]
    generation: int


@dataclass(frozen=True, slots=True, eq=False)
class LineWords:
    """The words of consecutive lines: those of line i (from 0) are `numbers[starts[i]:starts[i + 1]]`."""

    numbers: NDArray[np.int32]
    starts: NDArray[np.int64]
    generation: int

    def of_lines(self, first: int, last: int) -> Words:
        """Return the words of the lines `first`..`last`, 1-based and inclusive."""
        return Words(self.numbers[self.starts[first - 1] : self.starts[last]], self.generation)


class _Numbers(dict[str, int]):
    """Numbers words in the order they come."""

    def __init__(self) -> None:
        super().__init__({"\n": _LINE_END})
        self.words = ["\n"]

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self.words)
        self.words.append(word)
        return number


class WordTable:
    """Gives words numbers. A line that is not ASCII counts as one word. For one thread at a time."""

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self.generation = 0

    @property
    def words(self) -> Sequence[str]:
        """The words by number."""
        return self._numbers.words

    def read(self, lines: Sequence[str]) -> LineWords:
        """Return the words of lines without their line ends."""
        joined = "\n".join([*lines, ""])
        items = _ITEM.findall(joined) if joined.isascii() else _items_of_any(lines)
        numbers = np.fromiter(map(self._numbers.__getitem__, items), np.int32, len(items))
        ends = np.flatnonzero(numbers == _LINE_END)
        starts = np.zeros(len(lines) + 1, np.int64)
        starts[1:] = ends - np.arange(len(ends))
        return LineWords(numbers[numbers != _LINE_END], starts, self.generation)

    def numbers_of(self, words: Sequence[Words]) -> list[NDArray[np.int32]]:
        """Return the numbers of each. Raises RuntimeError for words that were read before the table began again."""
        if any(found.generation != self.generation for found in words):
            raise RuntimeError("These words were read before the table of words began again: read their lines anew.")
        return [found.numbers for found in words]

    def forget_many(self) -> None:
        """Begin again when there are too many words. What was read before is refused from then on."""
        if len(self._numbers) > REMEMBERED_WORDS:
            self._numbers = _Numbers()
            self.generation += 1


def _items_of_any(lines: Iterable[str]) -> list[str]:
    items: list[str] = []
    for line in lines:
        if line.isascii():
            items += _ITEM.findall(line)
        else:
            items.append(line)
        items.append("\n")
    return items


class WordValues:
    """What belongs to each word of a table, some numbers each, worked out when the word is new."""

    def __init__(self, table: WordTable, describe: Callable[[list[str]], Iterable[Sequence[int]]]) -> None:
        """`describe` gives for each word its values, which fit 32 bits."""
        self._table = table
        self._describe = describe
        self._forget()

    def count(self, numbers: NDArray[np.int32]) -> NDArray[np.int64]:
        """Return how many values each word has."""
        self._catch_up()
        return self._counts[numbers]

    def of(self, numbers: NDArray[np.int32]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return the values of the words, one after the other, and how many each has."""
        counts = self.count(numbers)
        shifts = self._starts[numbers] - (np.cumsum(counts) - counts)
        return self._values[np.arange(int(counts.sum())) + np.repeat(shifts, counts)], counts

    def _forget(self) -> None:
        self._generation = self._table.generation
        self._known = self._used = 0
        self._counts: NDArray[np.int64] = np.empty(1024, np.int64)
        self._starts: NDArray[np.int64] = np.empty(1024, np.int64)
        self._values: NDArray[np.uint32] = np.empty(4096, np.uint32)

    def _catch_up(self) -> None:
        if self._generation != self._table.generation:
            self._forget()
        words = self._table.words
        if self._known == len(words):
            return
        described = list(self._describe(list(words[self._known :])))
        known, used = self._known + len(described), self._used + sum(map(len, described))
        self._counts, self._starts = _room(self._counts, known), _room(self._starts, known)
        self._values = _room(self._values, used)
        self._counts[self._known : known] = list(map(len, described))
        ends = self._used + np.cumsum(self._counts[self._known : known])
        self._starts[self._known : known] = ends - self._counts[self._known : known]
        self._values[self._used : used] = list(chain.from_iterable(described))
        self._known, self._used = known, used


def _room(array: NDArray[Number], size: int) -> NDArray[Number]:
    """Return the array, or a longer one that begins with it."""
    if size <= len(array):
        return array
    longer = np.empty(2 * size, array.dtype)
    longer[: len(array)] = array
    return longer
