"""Counts the encodings of a source's own files: what most of them are in, a doubtful one is likely in too."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable
from functools import partial

from indexer.source.decoding import Decoded, Hints, decode
from indexer.source.skipping import Skipped, judge_name
from indexer.source.snapshot import Entry, Snapshot

# So many files are read, of large sources an even share that stays the same from one commit to the next.
MAX_FILES = 2000
_LARGEST_BYTES = 200_000


def count_encodings(
    snapshot: Snapshot, files: tuple[Entry, ...], find_declared: Callable[[str], str | None]
) -> dict[str, int]:
    """Return how many of the files are in each encoding other than Unicode, without those that are in doubt."""
    asked = [entry for entry in files if 0 < entry.size <= _LARGEST_BYTES and judge_name(entry.path) is None]
    shares = 1
    while len(asked) > MAX_FILES * shares:
        shares *= 2
    asked = [entry for entry in asked if zlib.crc32(entry.path.encode("utf-8", "replace")) % shares == 0]
    counts: Counter[str] = Counter()
    for entry, content in snapshot.read(asked):
        if isinstance(content, Skipped) or content.isascii():
            continue
        decoded = decode(content, Hints(partial(find_declared, entry.path)))
        if isinstance(decoded, Decoded) and not decoded.codec.startswith("utf-"):
            counts[decoded.codec] += 1
    return dict(counts)
