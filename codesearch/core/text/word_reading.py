"""Words of ASCII text, found and numbered by arrays: those that are known are looked up for all of a text at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

NO_WORD: Final = -1
_LINE_END: Final = 10
_PART_BYTES: Final = 8
# What is read at a word's start may reach so far behind the text's end.
_PART_COUNTS: Final = (1, 2, 4)
# So many words of each length are known at once; of two for one slot, the later one. Some megabytes.
_SLOT_BITS: Final = 17
_IS_WORD: Final = bytes(code < 128 and (chr(code).isalnum() or chr(code) == "_") for code in range(256))
# By how many bytes of a part belong to a word: what keeps those. A text's first byte is a number's lowest.
_MASKS: Final = np.array([(1 << 8 * count) - 1 for count in range(_PART_BYTES + 1)], np.uint64)
# Odd numbers without a pattern: they spread the bits of a word's parts over those that choose its slot.
_FACTORS: Final = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], np.uint64)


class WordReader:
    """Finds the words of texts and gives each the number that `number_of` has for it. For one thread at a time.

    A word here is a run of ASCII letters, digits and underscores. `number_of` gives NO_WORD for what is to be left out.
    """

    def __init__(self, number_of: Mapping[str, int]) -> None:
        self._number_of = number_of
        self._known = [_KnownWords(part_count) for part_count in _PART_COUNTS]

    def read(self, text: str, line_count: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the words of an ASCII text of so many lines, each with its line end, and where those of each begin."""
        padded = text.encode() + bytes(_PART_BYTES * _PART_COUNTS[-1])
        data = np.frombuffer(padded, np.uint8)
        is_word = np.frombuffer(padded.translate(_IS_WORD), np.bool_)
        # The text is over before the last byte, so every word has an end.
        edges = np.flatnonzero(is_word[1:] != is_word[:-1]) + 1
        if len(is_word) and is_word[0]:
            edges = np.concatenate(([0], edges))
        begins, ends = edges[::2], edges[1::2]
        numbers = self._look_up(text, data, begins, ends)
        if len(numbers) and numbers.min() == NO_WORD:
            begins, numbers = begins[numbers != NO_WORD], numbers[numbers != NO_WORD]
        starts = np.zeros(line_count + 1, np.int64)
        starts[1:] = np.searchsorted(begins, np.flatnonzero(data[: len(text)] == _LINE_END))
        return numbers, starts

    def _look_up(
        self, text: str, data: NDArray[np.uint8], begins: NDArray[np.int64], ends: NDArray[np.int64]
    ) -> NDArray[np.int32]:
        numbers = np.empty(len(begins), np.int32)
        lengths = ends - begins
        # A number may begin at any byte of the text.
        windows: NDArray[np.uint64] = np.ndarray((len(data) - _PART_BYTES + 1,), "<u8", data, strides=(1,))

        def spell(places: NDArray[np.int64], missing: NDArray[np.int64]) -> list[int]:
            chosen = places[missing]
            spans = zip(begins[chosen].tolist(), ends[chosen].tolist(), strict=True)
            return [self._number_of[text[begin:end]] for begin, end in spans]

        shortest = 0
        for part_count, known in zip(_PART_COUNTS, self._known, strict=True):
            longest = part_count * _PART_BYTES
            chosen = np.flatnonzero((lengths > shortest) & (lengths <= longest))
            if len(chosen):
                parts = _parts_of(windows, begins[chosen], lengths[chosen], part_count)
                numbers[chosen] = known.look_up(parts, partial(spell, chosen))
            shortest = longest
        rest = np.flatnonzero(lengths > shortest)
        numbers[rest] = spell(rest, np.arange(len(rest)))
        return numbers


def _parts_of(
    windows: NDArray[np.uint64], begins: NDArray[np.int64], lengths: NDArray[np.int64], part_count: int
) -> list[NDArray[np.uint64]]:
    """Return words as numbers of eight bytes each, those behind a word's end 0."""
    parts = []
    for first in range(0, part_count * _PART_BYTES, _PART_BYTES):
        kept = np.clip(lengths - first, 0, _PART_BYTES) if part_count > 1 else lengths
        parts.append(windows[begins + first] & _MASKS[kept])
    return parts


class _KnownWords:
    """The numbers of words of up to so many parts, each in the slot that its letters choose."""

    def __init__(self, part_count: int) -> None:
        # A slot is a row: the word's parts, and its number. No word's first part is 0.
        self._slots = np.zeros((1 << _SLOT_BITS, part_count + 1), np.int64)

    def look_up(
        self, parts: list[NDArray[np.uint64]], spell: Callable[[NDArray[np.int64]], list[int]]
    ) -> NDArray[np.int32]:
        """Return the numbers of words; `spell` gives those of the ones, by their places, that are not known."""
        mixed = parts[0] * _FACTORS[0]
        for part, factor in zip(parts[1:], _FACTORS[1:], strict=False):
            mixed += part * factor
        mixed ^= mixed >> np.uint64(29)
        mixed *= _FACTORS[0]
        slots = (mixed >> np.uint64(64 - _SLOT_BITS)).astype(np.int64)
        keys = [part.view(np.int64) for part in parts]
        numbers, missing = self._find(slots, keys)
        if len(missing):
            chosen, keys = slots[missing], [key[missing] for key in keys]
            # Of words for one slot, the later one takes it; it is spelled once, however often the text has it.
            self._slots[chosen] = np.column_stack([*keys, np.arange(len(missing))])
            places, others = self._find(chosen, keys)
            places[others] = others
            is_spelled = np.zeros(len(missing), bool)
            is_spelled[places] = True
            spelled = np.flatnonzero(is_spelled)
            known = np.empty(len(missing), np.int64)
            known[spelled] = spell(missing[spelled])
            numbers[missing] = known[places]
            self._slots[chosen, -1] = known[self._slots[chosen, -1]]
        return numbers

    def _find(
        self, slots: NDArray[np.int64], keys: list[NDArray[np.int64]]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return what the slots say of words, and the places of those words that are not in their slots."""
        found = self._slots.take(slots, axis=0)
        is_other = found[:, 0] != keys[0]
        for place, key in enumerate(keys[1:], 1):
            is_other |= found[:, place] != key
        return found[:, -1].astype(np.int32), np.flatnonzero(is_other)
