"""Publications: which objects a published run consists of, and the checksums of their parts. One small file a run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from codesearch.core.index.array_file import DamagedFileError

SUFFIX: Final = ".published"
# Each part is fetched by itself and compared with a checksum of its own.
PART_BYTES: Final = 8 << 20
_LAYOUT = 1
_NAME_BYTES = 16


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file of a search index as others get it: its name here, its object, its size, and each part's checksum."""

    name: str
    object_name: str
    size_bytes: int
    digests: tuple[str, ...]

    def parts(self) -> Iterator[tuple[int, int, str]]:
        """Yield each part's offset, size and checksum."""
        for number, digest in enumerate(self.digests):
            offset = number * PART_BYTES
            yield offset, min(PART_BYTES, self.size_bytes - offset), digest


def digest_of(data: bytes) -> str:
    """Return the checksum of a part: CRC-32, as in the files themselves, at 4 GB a second. It guards against faults."""
    return f"{crc32(data):08x}"


def describe_file(path: Path) -> SharedFile:
    """Read a file and return how it is shared. Its object's name says what is in it. Raises OSError."""
    with path.open("rb") as file:
        digests, size, whole = [], 0, blake2b(digest_size=_NAME_BYTES)
        while data := file.read(PART_BYTES):
            digests.append(digest_of(data))
            whole.update(data)
            size += len(data)
    return SharedFile(path.name, f"{path.stem}.{whole.hexdigest()}{path.suffix}", size, tuple(digests))


def write_publication(files: Iterable[SharedFile]) -> bytes:
    """Return a publication of these files, the manifest last, as it is stored."""
    listed = [
        {"name": file.name, "object": file.object_name, "bytes": file.size_bytes, "parts": file.digests}
        for file in files
    ]
    return json.dumps({"layout": _LAYOUT, "files": listed}).encode()


def read_publication(data: bytes) -> list[SharedFile]:
    """Return the files of a publication. Raises DamagedFileError, also for one of another layout."""
    try:
        found: dict[str, Any] = json.loads(data)
        if found["layout"] != _LAYOUT:
            raise DamagedFileError(f"a publication of layout {found['layout']} is not read here")
        files = [
            SharedFile(str(item["name"]), str(item["object"]), int(item["bytes"]), tuple(map(str, item["parts"])))
            for item in found["files"]
        ]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedFileError(f"no publication: {error}") from error
    for file in files:
        # What others wrote names files of one folder, and nothing else.
        if {"/", "\\", "\0"} & set(file.name + file.object_name) or file.name.startswith("."):
            raise DamagedFileError(f"a publication names {file.name!r}")
        if len(file.digests) != -(-file.size_bytes // PART_BYTES):
            raise DamagedFileError(f"a publication lacks checksums of {file.name}")
    return files
