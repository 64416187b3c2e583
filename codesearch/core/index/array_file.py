"""A file of named arrays, written once and then memory-mapped: what a search index is kept in.

Layout: 8 bytes magic, 8 bytes header length (little-endian), a JSON header, then each array at a multiple of 64 bytes.
"""

from __future__ import annotations

import json
import mmap
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_MAGIC: Final = b"CSINDEX1"
_ALIGNMENT: Final = 64


class DamagedFileError(Exception):
    """The file is not one of ours, or not a whole one."""


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]], header: Mapping[str, Any]) -> None:
    """Write the arrays and the header to `path`, which others see whole or not at all. Raises OSError."""
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    position = 0
    described: dict[str, dict[str, Any]] = {}
    for name, array in contiguous.items():
        position = _align(position)
        described[name] = {"dtype": array.dtype.str, "shape": array.shape, "offset": position}
        position += array.nbytes
    head = json.dumps({"header": dict(header), "arrays": described, "bytes": position}).encode()
    start = _align(16 + len(head))
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not the process id: in two containers on one folder that is the same.
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        with temporary.open("wb") as file:
            file.write(_MAGIC + len(head).to_bytes(8, "little") + head)
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
        start = file.read(16)
        length = int.from_bytes(start[8:], "little")
        size = os.fstat(file.fileno()).st_size
        if start[:8] != _MAGIC or length > size:
            raise DamagedFileError(f"{path} is no search index")
        try:
            head = json.loads(file.read(length))
            first = _align(16 + length)
            if size != first + head["bytes"]:
                raise DamagedFileError(f"{path} has {size} bytes instead of {first + head['bytes']}")
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            arrays = {
                name: np.frombuffer(
                    data, np.dtype(described["dtype"]), int(np.prod(described["shape"])), first + described["offset"]
                ).reshape(described["shape"])
                for name, described in head["arrays"].items()
            }
            header = dict(head["header"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DamagedFileError(f"{path} is damaged: {error}") from error
    return arrays, header


def _align(position: int) -> int:
    return -(-position // _ALIGNMENT) * _ALIGNMENT
