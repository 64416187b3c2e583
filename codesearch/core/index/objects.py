"""What segments need of object storage: names, whole small objects, parts of large ones. store/objects.py has it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object by its name in the folder that was listed."""

    name: str
    size_bytes: int
    changed_at: datetime


class ObjectReader(Protocol):
    """An object that is read in parts, by several threads at once."""

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return so many bytes from an offset, fewer only at the end. Raises FileNotFoundError, StoreError."""


class Objects(Protocol):
    """Objects in one place, by names with `/` between their parts. Safe to use from many threads.

    Everything raises StoreError where the storage cannot be reached or refuses.
    """

    def list(self, folder: str) -> list[StoredObject]:
        """Return what is in a folder by name, nothing where there is none."""

    def read(self, name: str) -> bytes:
        """Return a small object. Raises FileNotFoundError."""

    def open(self, name: str) -> ObjectReader:
        """Return an object to be read in parts. Raises FileNotFoundError, here or when it is read."""

    def write(self, name: str, data: bytes) -> None:
        """Put a small object there, which others see whole or not at all."""

    def upload(self, name: str, path: Path) -> None:
        """Put a file's content there. Raises OSError where the file cannot be read."""

    def delete(self, names: Iterable[str]) -> None:
        """Delete objects; one that is not there is no error."""

    def delete_folder(self, folder: str) -> None:
        """Delete everything in a folder; none there is no error."""
