"""Which documents a push was going to create, on disk until they have their mark in Dify.

Needed only where a push was stopped between the two and the file is gone before the next one; a journal that is lost
leaves such a document in Dify, where it is named as none of ours.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from codesearch.core.errors import ConfigurationError
from codesearch.core.locks import require_folder


class Journal:
    """The names in one file, a JSON text a line."""

    def __init__(self, path: Path) -> None:
        """Keep the path; the file is made when a name is added."""
        self._path = path

    def read(self) -> frozenset[str]:
        """Return the names; a line that was cut short counts for nothing. Nothing is no error."""
        names = set()
        try:
            lines = self._path.read_text("utf-8", "replace").splitlines()
        except OSError:
            return frozenset()
        for line in lines:
            with suppress(ValueError):
                name = json.loads(line)
                if isinstance(name, str):
                    names.add(name)
        return frozenset(names)

    def add(self, names: Iterable[str]) -> None:
        """Add names, on disk when this returns. Raises ConfigurationError."""
        require_folder(self._path.parent)
        try:
            with self._path.open("a", encoding="utf-8") as file:
                # Begins with a line end: the last line may have been cut short.
                file.write("".join(f"\n{json.dumps(name)}" for name in names))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise ConfigurationError(f"{self._path} cannot be written: {error.strerror or error}.") from error

    def clear(self) -> None:
        """Forget all names: each document has its mark."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)
