"""Which segments of a source are joined: by a run as it publishes, or later by a merge of what runs have left. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesearch.core.index.segment_files import Part

# Segments of fewer rows together are joined whenever one is written: that takes no longer than a tenth of a second.
ALWAYS_JOINED_ROWS = 4_096
# A segment is joined with newer ones when it has at most so many times their rows: each row is written again a few
# times at most while a source grows by small runs, and there are few segments.
JOINED_RATIO = 3
# A segment is written anew when more than this share of its rows is dead.
MOST_DEAD_SHARE = 0.5
# Where a merge can follow, a run joins no more rows than these before it publishes: that takes half a second.
JOINED_AT_ONCE_ROWS = 16_384
# Unless so many segments would be joined: what merges always come too late for is not to grow.
MOST_LEFT_SEGMENTS = 8


def choose_joined(parts: Sequence[Part], new_rows: int, most_rows: int, at_once_rows: int | None = None) -> set[int]:
    """Return which segments a run writes anew with its new rows: numbers of the parts, which together have no more
    than `most_rows`, nor than `at_once_rows` where the others may wait.

    Lent ones stay: the store has no rows for them that are this data source's.
    """
    sizes = _sort_by_size(parts)
    joined = _gather(parts, sizes, new_rows, most_rows)
    if at_once_rows is not None and len(joined) < MOST_LEFT_SEGMENTS:
        joined = _gather(parts, sizes, new_rows, min(most_rows, at_once_rows))
    # One alone gains nothing from being written again.
    is_alone = not new_rows and len(joined) == 1
    return {number for number in joined if not is_alone or len(parts[number][1].dead_files)}


def find_crowded(parts: Sequence[Part], most_rows: int) -> set[int]:
    """Return segments that are to be one segment of no more than `most_rows` rows, the smallest first; none where each
    is larger than the next smaller one by the ratio, or has no room for it. One alone is more than half dead.
    """
    sizes = _sort_by_size(parts)
    for place, (rows, number) in enumerate(sizes):
        if parts[number][0].lender:
            continue
        joined = {number} | _gather(parts, sizes[place + 1 :], rows, most_rows)
        if len(joined) > 1 or _is_worn(parts[number]):
            return joined
    return set()


def _sort_by_size(parts: Sequence[Part]) -> list[tuple[int, int]]:
    return sorted((part.live_row_count, number) for number, (_, part) in enumerate(parts) if part.live_row_count)


def _gather(parts: Sequence[Part], sizes: Sequence[tuple[int, int]], rows: int, most_rows: int) -> set[int]:
    """Return those of ascending sizes that are joined with so many rows."""
    joined: set[int] = set()
    for count, number in sizes:
        if parts[number][0].lender or rows + count > most_rows:
            continue
        if count <= JOINED_RATIO * max(rows, ALWAYS_JOINED_ROWS // JOINED_RATIO) or _is_worn(parts[number]):
            joined.add(number)
            rows += count
    return joined


def _is_worn(part: Part) -> bool:
    rows = part[1].row_count
    return rows - part[1].live_row_count > MOST_DEAD_SHARE * rows
