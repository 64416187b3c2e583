"""Fetching: published files into a folder, part by part and several at once; what was cut off is gone on with."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from codesearch.core.index.array_file import DamagedFileError
from codesearch.core.index.objects import ObjectReader, Objects
from codesearch.core.index.publication import PART_BYTES, SharedFile, digest_of

# So many parts are on their way at once: 64 MB in memory.
PARTS_AT_ONCE = 8
UNFINISHED = ".part"


def fetch_files(objects: Objects, place: str, files: Sequence[SharedFile], folder: Path) -> None:
    """Fetch files of a folder of the storage into one here, the last one last; each is whole or not there.

    The same file is fetched by one caller at a time. What an earlier one left of it is gone on with. Raises
    FileNotFoundError, DamagedFileError for what is not what was published, StoreError, OSError.
    """
    if not files:
        return
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(PARTS_AT_ONCE) as threads:
        for file in files:
            _fetch_file(objects.open(f"{place}/{file.object_name}"), file, folder / file.name, threads)


def fetch_unlisted(objects: Objects, name: str, size_bytes: int, path: Path) -> None:
    """Fetch an object that no publication names; who opens the file compares the checksums in it.

    Raises FileNotFoundError, StoreError, OSError.
    """
    reader = objects.open(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}{UNFINISHED}")
    try:
        with unfinished.open("wb") as made:
            for offset in range(0, size_bytes, PART_BYTES):
                made.write(reader.read_at(offset, min(PART_BYTES, size_bytes - offset)))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _fetch_file(reader: ObjectReader, file: SharedFile, path: Path, threads: ThreadPoolExecutor) -> None:
    # By its content: what was begun of another file of this name is not gone on with.
    unfinished = path.with_name(f".{file.object_name}{UNFINISHED}")
    is_resumed = unfinished.exists()
    with unfinished.open("r+b" if is_resumed else "w+b") as made:
        made.truncate(file.size_bytes)
    running = [
        threads.submit(_fetch_part, reader, file, unfinished, part, is_resumed=is_resumed) for part in file.parts()
    ]
    try:
        for part in running:
            part.result()
    except BaseException:
        for part in running:
            part.cancel()
        raise
    unfinished.replace(path)


def _fetch_part(
    reader: ObjectReader, file: SharedFile, path: Path, part: tuple[int, int, str], *, is_resumed: bool
) -> None:
    offset, size, digest = part
    with path.open("r+b") as made:
        made.seek(offset)
        if is_resumed and digest_of(made.read(size)) == digest:
            return
        # A part that came wrong comes right the second time, unless it is wrong there.
        data = next(
            (data for data in (reader.read_at(offset, size) for _ in range(2)) if digest_of(data) == digest), None
        )
        if data is None:
            raise DamagedFileError(f"{file.object_name} is damaged: the part at {offset} is not what was published")
        made.seek(offset)
        made.write(data)


def is_whole(path: Path, file: SharedFile, *, only_size: bool) -> bool:
    """Say whether a file is here as it was published, by its size or by all of its checksums. Raises OSError."""
    try:
        if path.stat().st_size != file.size_bytes:
            return False
        if only_size:
            return True
        with path.open("rb") as found:
            return all(digest_of(found.read(PART_BYTES)) == digest for digest in file.digests)
    except (FileNotFoundError, IsADirectoryError):
        return False
