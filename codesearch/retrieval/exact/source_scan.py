"""SourceScan: goes through the texts of all segments of a data source in the order of paths, as if they were one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check
from codesearch.core.index.search_index import SearchIndex
from codesearch.retrieval.exact.needle import Needle
from codesearch.retrieval.exact.scanning import Progress, Span, scan

# Of several segments about so much text is gone through before the next files of any: who stops early stops there.
_BLOCK_BYTES: Final = 4 << 20


@dataclass(frozen=True, slots=True)
class _Part:
    """Neighbouring files of a segment, by its number, and how far they are searched, up to before `end`."""

    number: int
    first_file: int
    last_file: int
    progress: Progress
    end: int


class SourceScan:
    """One search through a data source's segments.

    chosen: for each segment which of its files are searched, (m,) bool, no dead one among them. ranks: for each segment
    the place of its files among those of all, (m,) ascending; not needed for a single one.
    """

    def __init__(
        self,
        segments: Sequence[SearchIndex],
        chosen: Sequence[NDArray[np.bool_]],
        ranks: Sequence[NDArray[np.int32]],
        needle: Needle,
        check: Check,
    ) -> None:
        self._segments = segments
        self._chosen = chosen
        self._ranks = ranks if len(segments) > 1 else [np.arange(segments[0].file_count, dtype=np.int32)]
        self._needle = needle
        self._check = check
        self._parts: list[_Part] = []
        self._has_left_block = False

    def find_matches(self) -> Iterator[tuple[int, Span]]:
        """Yield the segment's number and the place of each match, by path and place."""
        for begin, end in pairwise(self._find_borders()):
            self._parts = [part for number in range(len(self._segments)) for part in self._cut(number, begin, end)]
            if len(self._parts) == 1:
                yield from ((number, span) for _, number, span in self._scan(self._parts[0]))
            else:
                yield from ((number, span) for _, number, span in merge(*map(self._scan, self._parts)))
            self._has_left_block = True

    @property
    def has_begun(self) -> bool:
        """Whether any text has been searched."""
        return self._has_left_block or any(
            part.progress.place > int(self._segments[part.number].texts.file_starts[part.first_file])
            for part in self._parts
        )

    def find_place(self) -> tuple[str, int]:
        """Return the path of the first live file that was not searched to its end, and how many there are from it on.

        Of a search that an error ended.
        """
        places = [
            int(self._ranks[part.number][self._segments[part.number].texts.file_at(part.progress.place)])
            for part in self._parts
            if part.progress.place < part.end
        ]
        first = min(places, default=0)
        left: list[tuple[int, int, int]] = []
        count = 0
        for number, segment in enumerate(self._segments):
            live = segment.live_files()
            ranks = self._ranks[number][live]
            position = int(np.searchsorted(ranks, first))
            count += len(live) - position
            if position < len(live):
                left.append((int(ranks[position]), number, int(live[position])))
        if not left:
            return "", 0
        _, number, file = min(left)
        return self._segments[number].path_of(file), count

    def _find_borders(self) -> list[int]:
        """Return the ranks at which blocks of files begin, and the end."""
        count = sum(segment.file_count for segment in self._segments)
        size = sum(segment.texts.text.size for segment in self._segments)
        blocks = 1 if len(self._segments) == 1 else 1 + size // _BLOCK_BYTES
        return [*range(0, count, max(1, -(-count // blocks))), count]

    def _cut(self, number: int, begin: int, end: int) -> Iterator[_Part]:
        """Yield the files of a segment whose ranks are in a block, if any of them is searched."""
        first, last = np.searchsorted(self._ranks[number], (begin, end)).tolist()
        if self._chosen[number][first:last].any():
            starts = self._segments[number].texts.file_starts
            yield _Part(number, first, last, Progress(int(starts[first])), int(starts[last]))

    def _scan(self, part: _Part) -> Iterator[tuple[int, int, Span]]:
        """Yield the matches in the chosen files of a part, neighbours at once, with their ranks."""
        texts, ranks = self._segments[part.number].texts, self._ranks[part.number]
        files = self._chosen[part.number][part.first_file : part.last_file]
        borders = (part.first_file + np.flatnonzero(np.diff(files.astype(np.int8), prepend=0, append=0))).tolist()
        for first, last in zip(borders[::2], borders[1::2], strict=True):
            start, end = int(texts.file_starts[first]), int(texts.file_starts[last])
            for span in scan(texts, start, end, self._needle, self._check, part.progress):
                rank = int(ranks[texts.file_at(span[0])]) if len(self._parts) > 1 else 0
                yield rank, part.number, span
        part.progress.place = part.end


def find_live_files(segment: SearchIndex) -> NDArray[np.bool_]:
    """Return which files of a segment are live, (m,). Not to be changed."""
    mask = segment.live_file_mask
    return np.ones(segment.file_count, np.bool_) if mask is None else mask
