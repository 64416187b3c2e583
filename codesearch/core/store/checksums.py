"""Checksums of a local table's files: Lance writes each file once and keeps none, so that we do, beside the table.

A flipped bit in a column of Lance is read as if it had been written. Only a table in a folder has checksums; a bucket
vouches for its objects itself.
"""

from __future__ import annotations

import json
import os
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path

# What Lance writes once and never again. The rest is hints and records of what was done, which nothing depends on.
_WRITTEN_ONCE = ("data", "_indices", "_deletions", "_versions")
_HINT = "latest_version_hint.json"
_READ_BYTES = 1 << 20


class Checksums:
    """The checksums of one table's files, by path within the table. Written by who holds the writers' lock."""

    def __init__(self, table_folder: Path) -> None:
        self._folder = table_folder
        self._path = table_folder.with_name(f"{table_folder.name}.checksums")

    def update(self) -> None:
        """Take in the files that are new and forget those that are gone. Raises OSError."""
        known = self._read()
        present = sorted(_files_of(self._folder))
        fresh = {name: known.get(name) or _measure(self._folder / name) for name in present}
        if fresh == known:
            return
        unfinished = self._path.with_name(f"{self._path.name}.new")
        unfinished.write_text(json.dumps(fresh, separators=(",", ":")))
        unfinished.replace(self._path)

    def find_damage(self, *, only_sizes: bool = False) -> list[Path]:
        """Return the files that are not what was written, in order; `only_sizes` looks without reading them.

        A file that is gone is not among them: whether anything needed it, only reading the table tells.
        """
        damaged = []
        for name, (size, checksum) in sorted(self._read().items()):
            path = self._folder / name
            try:
                found = path.stat()
                is_right = stat.S_ISREG(found.st_mode) and found.st_size == size
                if not is_right or (not only_sizes and _measure(path) != [size, checksum]):
                    damaged.append(path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError:
                damaged.append(path)
        return damaged

    def _read(self) -> dict[str, list[int]]:
        """Return what is known; a list that is lost or damaged itself knows nothing."""
        try:
            known = json.loads(self._path.read_text())
            return {str(name): [int(size), int(checksum)] for name, (size, checksum) in known.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}


def _files_of(folder: Path) -> Iterator[str]:
    """Yield the files that are written once, each by its path within the folder."""
    # A table of many versions has many: plain texts instead of Paths take a fifth of the time.
    for kind in _WRITTEN_ONCE:
        for place, _, names in os.walk(folder / kind):
            within = os.path.relpath(place, folder)
            yield from (f"{within}{os.sep}{name}" for name in names if name != _HINT)


def _measure(path: Path) -> list[int]:
    """Return a file's size and CRC-32, read once without keeping it in memory."""
    size = checksum = 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(_READ_BYTES):
            checksum = zlib.crc32(data, checksum)
            size += len(data)
    return [size, checksum]
