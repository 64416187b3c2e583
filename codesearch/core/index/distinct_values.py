"""The columns that conditions compare: distinct values, and the number of its value for each row. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check
from codesearch.core.predicates import Comparison, Operator

_SEPARATOR = b"\0"
_INT64 = 2**63 - 1
# So many values are taken apart at once: a few milliseconds' work, and memory that does not grow with the index.
_BLOCK_VALUES = 16_384
# So many bytes of a text are compared for all places at once, the rest place by place.
_COMPARED_TOGETHER = 8
_TEXT_OPERATORS = (Operator.IN, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.CONTAINS, Operator.EMPTY)


@dataclass(frozen=True, slots=True, eq=False)
class TextColumn:
    """A text field: values, each between zero bytes, most only once, and the number of each row's value.

    texts (bytes,) uint8 begins with a zero byte; value i is texts[starts[i]:starts[i + 1] - 1]. It is compared in lower
    case: `is_lower` says that it is in it already.
    """

    texts: NDArray[np.uint8]
    starts: NDArray[np.integer[Any]]
    codes: NDArray[np.integer[Any]]
    is_lower: bool = True

    def read(self, values: NDArray[np.integer[Any]]) -> list[str]:
        """Return the texts of some values, by number."""
        bounds = zip(self.starts[values].tolist(), self.starts[values + 1].tolist(), strict=True)
        return [self.texts[begin : end - 1].tobytes().decode("utf-8", "surrogatepass") for begin, end in bounds]

    def match(self, comparisons: Sequence[Comparison], check: Check) -> Iterator[NDArray[np.bool_]]:
        """Yield for each comparison which of the values satisfy it; an absent value, '', satisfies EMPTY alone.

        Raises ValueError for operators that text lacks.
        """
        present = np.diff(self.starts) > 1
        wanted = [[str(value).encode("utf-8", "surrogatepass") for value in item.values] for item in comparisons]
        found = [np.zeros(len(present), np.bool_) for _ in comparisons]
        for comparison in comparisons:
            if comparison.operator not in _TEXT_OPERATORS:
                raise ValueError(f"{comparison.operator.value} does not compare text")
        for begin in range(0, len(present), _BLOCK_VALUES):
            starts = self.starts[begin : begin + _BLOCK_VALUES + 1].astype(np.int64)
            block = _Block(self.texts[int(starts[0]) : int(starts[-1])], starts - starts[0], is_lower=self.is_lower)
            for comparison, values, mask in zip(comparisons, wanted, found, strict=True):
                check()
                mask[begin : begin + _BLOCK_VALUES][block.find(comparison.operator, values)] = True
        for comparison, mask in zip(comparisons, found, strict=True):
            yield ~present if comparison.operator is Operator.EMPTY else mask & present


class _Block:
    """Some neighbouring values, taken apart once for all comparisons; `starts` are theirs and their end."""

    def __init__(self, texts: NDArray[np.uint8], starts: NDArray[np.int64], *, is_lower: bool) -> None:
        self._joined = texts.tobytes()
        if not is_lower:
            self._joined, starts = _lower(self._joined, starts)
        self._firsts, self._ends = starts[:-1], starts[1:] - 1
        self._bytes = np.frombuffer(self._joined, np.uint8)

    @cached_property
    def _numbers(self) -> tuple[dict[bytes, int], NDArray[np.int64]]:
        """The number of each distinct value where it first stands, and that number for each value."""
        numbers: dict[bytes, int] = {}
        values = self._joined[:-1].split(_SEPARATOR)
        firsts = [numbers.setdefault(value, number) for number, value in enumerate(values)]
        return numbers, np.array(firsts, np.int64)

    @cached_property
    def _owners(self) -> NDArray[np.int32]:
        """The number of the value that each byte belongs to, the zero byte behind it included."""
        numbers = np.arange(len(self._firsts), dtype=np.int32)
        return np.repeat(numbers, self._ends - self._firsts + 1)

    def find(self, operator: Operator, wanted: Sequence[bytes]) -> NDArray[np.integer[Any]]:
        """Return the numbers of the values that satisfy a comparison, some perhaps twice."""
        if operator is Operator.EMPTY:
            return np.empty(0, np.int64)
        if operator is Operator.IN:
            numbers, firsts = self._numbers
            is_wanted = np.zeros(len(firsts), np.bool_)
            is_wanted[[numbers[value] for value in wanted if value in numbers]] = True
            return np.flatnonzero(is_wanted[firsts])
        (part,) = wanted
        if operator is Operator.STARTS_WITH:
            starts = np.flatnonzero(self._firsts + len(part) <= self._ends)
            return starts[self._has(part, self._firsts[starts])]
        if operator is Operator.ENDS_WITH:
            ends = np.flatnonzero(self._firsts + len(part) <= self._ends)
            return ends[self._has(part, self._ends[ends] - len(part))]
        if not part:
            return np.arange(len(self._firsts))
        if _SEPARATOR in part or part not in self._joined:
            return np.empty(0, np.int64)
        places = np.flatnonzero(self._begins(part))
        owners: NDArray[np.integer[Any]] = self._owners[places[self._has(part, places)]]
        return owners

    def _begins(self, part: bytes) -> NDArray[np.bool_]:
        """Return at which bytes the first two of a part stand, up to the last at which the part can."""
        count = len(self._bytes) - len(part) + 1
        begins: NDArray[np.bool_] = self._bytes[:count] == part[0]
        if len(part) > 1:
            begins &= self._bytes[1 : count + 1] == part[1]
        return begins

    def _has(self, part: bytes, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return which of the places, by number, a part stands at; there is room for it at each."""
        left: NDArray[np.int64] = np.arange(len(places))
        for offset, byte in enumerate(part[:_COMPARED_TOGETHER]):
            left = left[self._bytes[places[left] + offset] == byte]
        if len(part) > _COMPARED_TOGETHER:
            at = places[left].tolist()
            left = left[np.fromiter((self._joined.startswith(part, place) for place in at), np.bool_, len(at))]
        return left


def _lower(joined: bytes, starts: NDArray[np.int64]) -> tuple[bytes, NDArray[np.int64]]:
    """Return values, a zero byte behind each, in lower case, and where they are then: a letter may take more bytes."""
    if joined.isascii():
        return joined.lower(), starts
    lower = joined.decode("utf-8", "surrogatepass").lower().encode("utf-8", "surrogatepass")
    ends = np.flatnonzero(np.frombuffer(lower, np.uint8) == 0)
    return lower, np.concatenate(([0], ends + 1))


@dataclass(frozen=True, slots=True, eq=False)
class NumberColumn:
    """A number field: values (v,), which of them are present, None for all, and the number of each row's value.

    Without codes there is a value for each row.
    """

    values: NDArray[np.int64] | NDArray[np.int32]
    present: NDArray[np.bool_] | None = None
    codes: NDArray[np.int32] | None = None

    def match(self, comparison: Comparison) -> NDArray[np.bool_]:
        """Return which of the values satisfy a comparison; an absent value satisfies EMPTY alone.

        Raises ValueError for values that are no numbers and for operators that numbers lack.
        """
        if comparison.operator is Operator.EMPTY:
            return np.zeros(len(self.values), np.bool_) if self.present is None else ~self.present
        wanted = [value for value in comparison.values if not isinstance(value, str)]
        if len(wanted) != len(comparison.values):
            raise ValueError(f"{comparison.field} is compared with numbers")
        mask = _compare_numbers(comparison.operator, self.values, wanted)
        return mask if self.present is None else mask & self.present


def _compare_numbers(
    operator: Operator, values: NDArray[np.int64] | NDArray[np.int32], wanted: list[int | float]
) -> NDArray[np.bool_]:
    """Fractions move to the next integer that decides the same; what is not a number compares with nothing."""
    if operator is Operator.IN:
        whole = [int(value) for value in wanted if abs(value) <= _INT64 and value == int(value)]
        return np.isin(values, np.array(whole, np.int64))
    if operator is Operator.WITHIN:
        bounds = np.array([_whole(math.ceil(value)) for value in wanted], np.int64)
        inside: NDArray[np.bool_] = np.searchsorted(bounds, values, side="right") % 2 == 1
        return inside
    value = wanted[0]
    if value != value:
        return np.zeros(len(values), np.bool_)
    value = max(-2 * _INT64, min(2 * _INT64, value))
    holds: NDArray[np.bool_]
    match operator:
        case Operator.GREATER:
            holds = values > np.int64(_whole(math.floor(value)))
        case Operator.AT_LEAST:
            holds = values >= np.int64(_whole(math.ceil(value)))
        case Operator.LESS:
            holds = values < np.int64(_whole(math.ceil(value)))
        case Operator.AT_MOST:
            holds = values <= np.int64(_whole(math.floor(value)))
        case _:
            raise ValueError(f"{operator.value} does not compare numbers")
    return holds


def _whole(value: int) -> int:
    return max(-_INT64, min(_INT64, value))
