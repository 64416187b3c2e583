"""The text of a segment as it lies on the disk: blocks of LZ4, each by itself, found by the place in the whole text.

Segments that were written before, and parts of segments on their way between services, have it as it is (`PlainText`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from threading import Lock
from typing import IO, Any, Final, Protocol

import lz4.block
import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check
from codesearch.core.errors import StoreError
from codesearch.core.index.narrowing import narrow
from codesearch.core.text.matching import Matcher

# Of the Linux sources blocks of 32 KB took 32% of the text, of 64 KB 29%, of 128 KB 27%. A record that is shown costs
# the unpacking of its block: 20 us.
BLOCK_BYTES: Final = 64 << 10
# Level 2 packs a quarter faster than level 4, for 3% more, level 9 half as fast, for 1% less.
_LEVEL: Final = 2
# Blocks that were read last, of all indexes of a process together: 4 MB.
_RECENT_BLOCKS: Final = 64
# More blocks are not remembered: who reads so much at once goes on behind them.
_BLOCKS_TO_REMEMBER: Final = 2
_BLOCKS_BETWEEN_CHECKS: Final = 64


class Text(Protocol):
    """The bytes of all files of a segment, one after another."""

    @property
    def size(self) -> int:
        """How many bytes there are."""

    def parts(self, start: int, end: int) -> Iterator[memoryview]:
        """Yield what is from one place to before another, in order. Raises StoreError when it is damaged."""

    def bytes_at(self, places: NDArray[np.int64], check: Check) -> NDArray[np.uint8]:
        """Return the byte at each place. `check` is called every few milliseconds. Raises StoreError."""


class PlainText:
    """A text that lies there as it is."""

    def __init__(self, text: NDArray[np.uint8]) -> None:
        self._text = text

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self._text)

    def parts(self, start: int, end: int) -> Iterator[memoryview]:
        """Yield what is from one place to before another."""
        yield self._text.data[start:end]

    def bytes_at(self, places: NDArray[np.int64], check: Check) -> NDArray[np.uint8]:
        """Return the byte at each place."""
        check()
        found: NDArray[np.uint8] = self._text[places]
        return found


class BlockText:
    """A text in blocks. Safe to use from many threads: others go on while one unpacks.

    blocks (bytes,) uint8: what `BlockWriter` wrote. starts (b + 1,): where each block begins in it, and the end.
    sizes (2,): the bytes of the text, and those of each block but the last.
    """

    def __init__(
        self, blocks: NDArray[np.uint8], starts: NDArray[np.integer[Any]], sizes: NDArray[np.integer[Any]]
    ) -> None:
        self._blocks = blocks
        self._starts = starts
        self._size, self._block_bytes = (int(size) for size in sizes)
        self._key = next(_KEYS)

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return self._size

    def parts(self, start: int, end: int) -> Iterator[memoryview]:
        """Yield what is from one place to before another, block by block. Raises StoreError when it is damaged."""
        start, end = max(0, start), min(end, self._size)
        if start >= end:
            return
        first, last = start // self._block_bytes, (end - 1) // self._block_bytes
        is_short = last - first < _BLOCKS_TO_REMEMBER
        for number in range(first, last + 1):
            begin = number * self._block_bytes
            # Of a long part the last block: what follows is most often read next.
            block = self._read(number, remember=is_short or number == last)
            yield memoryview(block)[max(0, start - begin) : end - begin]

    def bytes_at(self, places: NDArray[np.int64], check: Check) -> NDArray[np.uint8]:
        """Return the byte at each place. `check` is called every few milliseconds. Raises StoreError."""
        found = np.empty(len(places), np.uint8)
        numbers = places // self._block_bytes
        order = np.argsort(numbers, kind="stable")
        distinct, firsts = np.unique(numbers[order], return_index=True)
        for turn, (number, chosen) in enumerate(zip(distinct.tolist(), np.split(order, firsts[1:]), strict=False)):
            if turn % _BLOCKS_BETWEEN_CHECKS == 0:
                check()
            block = np.frombuffer(self._read(number, remember=False), np.uint8)
            found[chosen] = block[places[chosen] - number * self._block_bytes]
        return found

    def _read(self, number: int, *, remember: bool) -> bytes:
        known = _RECENT.get((self._key, number))
        if known is not None:
            return known
        wanted = min(self._block_bytes, self._size - number * self._block_bytes)
        packed = self._blocks.data[int(self._starts[number]) : int(self._starts[number + 1])]
        try:
            block: bytes = lz4.block.decompress(packed, uncompressed_size=wanted)
        except (lz4.block.LZ4BlockError, ValueError) as error:
            raise _damaged(str(error)) from error
        if len(block) != wanted:
            raise _damaged(f"{len(block)} bytes instead of {wanted}")
        if remember:
            _RECENT.put((self._key, number), block)
        return block


def _damaged(detail: str) -> StoreError:
    return StoreError(
        f"A search index is damaged: a block of its text cannot be unpacked ({detail}). `codesearch doctor` names the "
        "file, `codesearch index` makes it again from the rows of the store."
    )


class _RecentBlocks:
    """The blocks that were read last, by text and number."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._blocks: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, key: tuple[int, int]) -> bytes | None:
        with self._lock:
            block = self._blocks.get(key)
            if block is not None:
                self._blocks.move_to_end(key)
            return block

    def put(self, key: tuple[int, int], block: bytes) -> None:
        with self._lock:
            self._blocks[key] = block
            if len(self._blocks) > self._most:
                self._blocks.popitem(last=False)


_KEYS: Final = count()
_RECENT: Final = _RecentBlocks(_RECENT_BLOCKS)


def open_text(arrays: Mapping[str, NDArray[Any]]) -> Text:
    """Return the text of the arrays of a segment, in whichever form it is there. Raises KeyError."""
    plain = arrays.get("content_texts")
    if plain is not None:
        return PlainText(plain)
    return BlockText(arrays["text_blocks"], arrays["text_block_starts"], arrays["text_sizes"])


def read_text(text: Text, start: int, end: int) -> bytes:
    """Return what is from one place to before another. Raises StoreError when it is damaged."""
    return b"".join(text.parts(start, end))


class BlockWriter:
    """Packs a text that comes piece by piece, and writes its blocks to a file."""

    def __init__(self, file: IO[bytes], block_bytes: int = BLOCK_BYTES) -> None:
        self._file = file
        self._block_bytes = block_bytes
        self._waiting = bytearray()
        self._size = 0
        self._starts = [0]

    def write(self, text: bytes | bytearray | memoryview) -> None:
        """Take the next piece."""
        self._waiting += text
        self._size += len(text)
        whole = len(self._waiting) - len(self._waiting) % self._block_bytes
        for start in range(0, whole, self._block_bytes):
            self._write_block(bytes(self._waiting[start : start + self._block_bytes]))
        del self._waiting[:whole]

    def finish(self) -> dict[str, NDArray[Any]]:
        """Write what is left; return where the blocks are, to be kept with them (`open_text`)."""
        if self._waiting:
            self._write_block(bytes(self._waiting))
            self._waiting.clear()
        return {
            "text_block_starts": narrow(np.array(self._starts, np.int64)),
            "text_sizes": np.array([self._size, self._block_bytes], np.int64),
        }

    def _write_block(self, block: bytes) -> None:
        packed = lz4.block.compress(block, mode="high_compression", compression=_LEVEL, store_size=False)
        self._file.write(packed)
        self._starts.append(self._starts[-1] + len(packed))


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """A part of a text in one piece, with the byte before and the byte behind it. All places are those of the text."""

    start: int
    end: int
    base: int
    data: bytes

    def find(self, matcher: Matcher, start: int, end: int) -> tuple[int, int] | None:
        """Return where the first match in a part of the window begins and ends."""
        found = matcher.find(self.data, start - self.base, end - self.base)
        return None if found is None else (found[0] + self.base, found[1] + self.base)

    def line_end(self, place: int) -> int:
        """Return where the line that a place is in ends, which is in the window."""
        found = self.data.find(b"\n", place - self.base)
        return self.base + found if found >= 0 else self.end

    def line_start(self, place: int) -> int:
        """Return where the line that a place is in begins, which is in the window."""
        return max(self.start, self.base + self.data.rfind(b"\n", 0, place - self.base) + 1)


def open_window(text: Text, start: int, end: int) -> Window:
    """Return a part of a text in one piece. Raises StoreError when it is damaged."""
    base = max(0, start - 1)
    return Window(start, end, base, read_text(text, base, min(end + 1, text.size)))
