"""WordTable: the words of files as numbers, from which terms and token ids are looked up for many at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from codesearch.core.text.word_reading import NO_WORD, WordReader

Number = TypeVar("Number", bound=np.generic)

# What tokens.find_words finds in ASCII text are runs of letters, digits and underscores, but for the underscores at a
# word's ends, which _Numbers cuts off.
# A few hundred MB of source have so many; then it starts over.
REMEMBERED_WORDS = 200_000


class Words(NamedTuple):
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

    def of_file(self, first: int, last: int) -> LineWords:
        """Return the words of the lines `first`..`last` - 1, from 0, as those of a text of its own."""
        starts = self.starts[first : last + 1]
        return LineWords(self.numbers[starts[0] : starts[-1]], starts - starts[0], self.generation)


class _Numbers(dict[str, int]):
    """Numbers words in the order they come; knows each also with underscores around it, which are no part of it."""

    def __init__(self) -> None:
        super().__init__()
        # What stands for a line end where words are joined by lines.
        self.words = ["\n"]

    def __missing__(self, item: str) -> int:
        word = item.strip("_") if item.isascii() else item
        if word != item:
            number = self[word] if word else NO_WORD
        else:
            number = len(self.words)
            self.words.append(word)
        self[item] = number
        return number


class WordTable:
    """Gives words numbers. A line that is not ASCII counts as one word. For one thread at a time."""

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self._reader = WordReader(self._numbers)
        self.generation = 0

    @property
    def words(self) -> Sequence[str]:
        """The words by number."""
        return self._numbers.words

    def read(self, lines: Sequence[str]) -> LineWords:
        """Return the words of lines without their line ends."""
        joined = "\n".join([*lines, ""])
        if joined.isascii():
            numbers, starts = self._reader.read(joined, len(lines))
            return LineWords(numbers, starts, self.generation)
        others = [place for place, line in enumerate(lines) if not line.isascii()]
        joined = "\n".join([*(line if line.isascii() else "" for line in lines), ""])
        numbers, starts = self._reader.read(joined, len(lines))
        found = np.array([self._numbers[lines[place]] for place in others], np.int32)
        numbers = np.insert(numbers, starts[others], found)
        is_other = np.zeros(len(lines) + 1, np.int64)
        is_other[np.array(others) + 1] = 1
        return LineWords(numbers, starts + np.cumsum(is_other), self.generation)

    def numbers_of(self, words: Sequence[Words]) -> list[NDArray[np.int32]]:
        """Return the numbers of each. Raises RuntimeError for words that were read before the table began again."""
        if any(found.generation != self.generation for found in words):
            raise RuntimeError("These words were read before the table of words began again: read their lines anew.")
        return [found.numbers for found in words]

    def forget_many(self) -> None:
        """Begin again when there are too many words. What was read before is refused from then on."""
        if len(self._numbers) > REMEMBERED_WORDS:
            self._numbers = _Numbers()
            self._reader = WordReader(self._numbers)
            self.generation += 1


class Vocabulary(Protocol):
    """Words by number, more of them as time goes by; another generation has begun again."""

    @property
    def generation(self) -> int:
        """How often it has begun again."""

    @property
    def words(self) -> Sequence[str]:
        """The words by number."""


class Described(NamedTuple):
    """What belongs to each of some words: `counts[i]` of the values, from `starts[i]` on."""

    values: NDArray[np.uint32]
    counts: NDArray[np.int64]
    starts: NDArray[np.int64]


def describe_in_order(values: Iterable[int], counts: Sequence[int] | NDArray[np.int64]) -> Described:
    """Return what belongs to words whose values stand one after the other."""
    sizes = np.asarray(counts, np.int64)
    return Described(np.fromiter(values, np.uint32), sizes, np.cumsum(sizes) - sizes)


class WordValues:
    """What belongs to each word of a vocabulary, some numbers each, worked out when the word is new."""

    def __init__(self, vocabulary: Vocabulary, describe: Callable[[int, int], Described]) -> None:
        """`describe` gives the values, which fit 32 bits, of the words with the numbers from the first to the last."""
        self._vocabulary = vocabulary
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

    def of_range(self, first: int, last: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
        """Return what `of` returns for the words with the numbers `first`..`last` - 1."""
        return self.of(np.arange(first, last, dtype=np.int32))

    def _forget(self) -> None:
        self._generation = self._vocabulary.generation
        self._known = self._used = 0
        self._counts: NDArray[np.int64] = np.empty(1024, np.int64)
        self._starts: NDArray[np.int64] = np.empty(1024, np.int64)
        self._values: NDArray[np.uint32] = np.empty(4096, np.uint32)

    def _catch_up(self) -> None:
        if self._generation != self._vocabulary.generation:
            self._forget()
        known = len(self._vocabulary.words)
        if self._known == known:
            return
        values, counts, starts = self._describe(self._known, known)
        used = self._used + len(values)
        self._counts, self._starts = _room(self._counts, known), _room(self._starts, known)
        self._values = _room(self._values, used)
        self._counts[self._known : known] = counts
        self._starts[self._known : known] = starts + self._used
        self._values[self._used : used] = values
        self._known, self._used = known, used


def _room(array: NDArray[Number], size: int) -> NDArray[Number]:
    """Return the array, or a longer one that begins with it."""
    if size <= len(array):
        return array
    longer = np.empty(2 * size, array.dtype)
    longer[: len(array)] = array
    return longer
