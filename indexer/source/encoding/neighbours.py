"""Counts the encodings of a source's own files: what most of them are in, a doubtful one is likely in too."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from indexer.source.decoding import Decoded, Hints, decode
from indexer.source.rules import ATTRIBUTES_FILE, EDITOR_FILE
from indexer.source.skipping import Skipped, judge_name
from indexer.source.snapshot import Entry, Snapshot
from indexer.source.verdicts import digest

# So many files are read, of large sources an even share that stays the same from one commit to the next.
MAX_FILES = 2000
_LARGEST_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Encodings:
    """How many files are in each encoding other than Unicode, and a digest of what that follows from, if known."""

    counts: Mapping[str, int]
    digest: str | None


def choose_neighbours(files: tuple[Entry, ...]) -> list[Entry]:
    """Return the files whose encodings are counted, and all that may declare an encoding, in order."""
    asked = [entry for entry in files if 0 < entry.size <= _LARGEST_BYTES and judge_name(entry.path) is None]
    shares = 1
    while len(asked) > MAX_FILES * shares:
        shares *= 2
    return [entry for entry in asked if _declares(entry.path) or _share_of(entry.path) % shares == 0]


def digest_neighbours(files: tuple[Entry, ...]) -> str | None:
    """Return what `count_encodings` says of these files as its digest, as far as their ids are known unread."""
    return digest([(entry.path, entry.content_id) for entry in choose_neighbours(files)])


def count_encodings(
    snapshot: Snapshot, files: tuple[Entry, ...], find_declared: Callable[[str], str | None]
) -> Encodings:
    """Count the encodings of the files, without those that are in doubt."""
    counts: Counter[str] = Counter()
    read: list[tuple[str, str | None]] = []
    for entry, content in snapshot.read(choose_neighbours(files)):
        read.append((entry.path, entry.content_id))
        if isinstance(content, Skipped) or content.isascii():
            continue
        decoded = decode(content, Hints(partial(find_declared, entry.path)))
        if isinstance(decoded, Decoded) and not decoded.codec.startswith("utf-"):
            counts[decoded.codec] += 1
    return Encodings(dict(counts), digest(read))


def _declares(path: str) -> bool:
    return path.endswith((ATTRIBUTES_FILE, EDITOR_FILE))


def _share_of(path: str) -> int:
    return zlib.crc32(path.encode("utf-8", "replace"))
