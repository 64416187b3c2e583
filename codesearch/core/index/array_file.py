"""A file of named arrays, written once and then memory-mapped: what a search index is kept in.

Layout: 8 bytes magic, 8 bytes header length (little-endian), 8 bytes CRC-32 of the header, a JSON header, then each
array at a multiple of 64 bytes. The header has each array's CRC-32, for no medium vouches for its bytes.
"""

from __future__ import annotations

import json
import mmap
import os
import secrets
import zlib
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

_MAGIC: Final = b"CSINDEX2"
# Files of this kind have no checksums: what ships with the package was written so.
_MAGIC_UNCHECKED: Final = b"CSINDEX1"
_ALIGNMENT: Final = 64
_PREFIX_BYTES: Final = 24
_CHECKED_BYTES: Final = 1 << 20


class DamagedFileError(Exception):
    """The file is not one of ours, or not a whole one."""


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> None:
    """Write the arrays and the header to `path`, which others see whole or not at all. Raises OSError."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    position = 0
    described: dict[str, dict[str, Any]] = {}
    for name, array in contiguous.items():
        position = _align(position)
        checksum = zlib.crc32(array.data) if array.nbytes else 0
        described[name] = {"dtype": array.dtype.str, "shape": array.shape, "offset": position, "crc32": checksum}
        position += array.nbytes
    head = json.dumps({"header": dict(header), "arrays": described, "bytes": position}).encode()
    start = _align(_PREFIX_BYTES + len(head))
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not the process id: in two containers on one folder that is the same.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("wb") as file:
            file.write(_MAGIC + len(head).to_bytes(8, "little") + zlib.crc32(head).to_bytes(8, "little") + head)
            for name, array in contiguous.items():
                file.seek(start + described[name]["offset"])
                file.write(array.data if array.nbytes else b"")
            file.truncate(start + position)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def map_arrays(path: Path) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Map the file of `write_arrays` and return its arrays, read-only, and its header.

    The arrays stay valid when the file is deleted. Raises FileNotFoundError, OSError, DamagedFileError.
    """
    with path.open("rb") as file:
        head, first = _read_head(path, file)
        try:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            arrays = {
                name: np.frombuffer(
                    data, np.dtype(described["dtype"]), prod(described["shape"]), first + described["offset"]
                ).reshape(described["shape"])
                for name, described in head["arrays"].items()
            }
            header = dict(head["header"])
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
            raise DamagedFileError(f"{path} is damaged: {error}") from error
    return arrays, header


def verify_arrays(path: Path) -> None:
    """Read the whole file and compare its checksums, about 2 GB a second from memory.

    Raises FileNotFoundError, OSError, DamagedFileError, which says what is not as it was written.
    """
    with path.open("rb") as file:
        head, first = _read_head(path, file)
        for name, place in head["arrays"].items():
            file.seek(first + place["offset"])
            left = prod(place["shape"]) * np.dtype(place["dtype"]).itemsize
            checksum = 0
            while left and (data := file.read(min(left, _CHECKED_BYTES))):
                checksum = zlib.crc32(data, checksum)
                left -= len(data)
            if checksum != place.get("crc32", checksum):
                raise DamagedFileError(f"{path} is damaged: its {name} are not what was written")


def _read_head(path: Path, file: IO[bytes]) -> tuple[dict[str, Any], int]:
    """Return the JSON header and where the arrays begin. Raises DamagedFileError."""
    is_checked = file.read(8) != _MAGIC_UNCHECKED
    file.seek(0)
    prefix_bytes = _PREFIX_BYTES if is_checked else 16
    start = file.read(prefix_bytes)
    length = int.from_bytes(start[8:16], "little")
    size = os.fstat(file.fileno()).st_size
    if start[:8] not in (_MAGIC, _MAGIC_UNCHECKED) or len(start) < prefix_bytes or not 0 < length <= size:
        raise DamagedFileError(f"{path} is no search index")
    raw = file.read(length)
    if is_checked and zlib.crc32(raw) != int.from_bytes(start[16:], "little"):
        raise DamagedFileError(f"{path} is damaged: its header is not what was written")
    first = _align(prefix_bytes + length)
    try:
        head: dict[str, Any] = json.loads(raw)
        wanted = first + head["bytes"]
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedFileError(f"{path} is damaged: {error}") from error
    if size != wanted:
        raise DamagedFileError(f"{path} has {size} bytes instead of {wanted}")
    return head, first


def _align(position: int) -> int:
    return -(-position // _ALIGNMENT) * _ALIGNMENT
