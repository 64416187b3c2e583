"""Remembers why files were left out for what is in them, so that a run over the same files does not read them again."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from codesearch.core.trust import write_private_file
from indexer.source.skipping import SkipReason

logger = logging.getLogger(__name__)

_FORM = 1
_PACKAGE = Path(__file__).parent
# What judges a file: this folder with all below it, and what takes the outputs out of notebooks.
_JUDGES = (_PACKAGE, _PACKAGE.parent / "notebook")
_NOT_ASKED = "?"


@dataclass(frozen=True, slots=True)
class Remembered:
    """Why a file was left out, and all that this followed from besides its path and the settings.

    declared: the encoding that rules name for it, `?` where nobody asked. neighbours: a digest of the files whose
    encodings were counted for it, None where none were.
    """

    content_id: str
    refuted: tuple[str, ...]
    reason: SkipReason
    detail: str
    declared: str | None = _NOT_ASKED
    neighbours: str | None = None


class Verdicts:
    """The verdicts on one source's files, by path, in one file (none: they are forgotten)."""

    def __init__(self, path: Path | None = None, *settings: object) -> None:
        """Read what a run before has left, if it judged by the same settings with the same code."""
        self._path = path
        self._settings = settings
        self._known = {} if path is None else self._read(path)
        self._kept: dict[str, Remembered] = {}

    def find(
        self,
        path: str,
        content_id: str,
        refuted: Collection[SkipReason],
        find_declared: Callable[[], str | None],
        find_neighbours: Callable[[], str | None],
    ) -> tuple[SkipReason, str] | None:
        """Return the verdict on a file, None where it is not known. Asks for the last two where they matter."""
        known = self._known.get(path)
        if known is None or known.content_id != content_id or known.refuted != names_of(refuted):
            return None
        if known.declared != _NOT_ASKED and known.declared != find_declared():
            return None
        if known.neighbours is not None and known.neighbours != find_neighbours():
            return None
        self._kept[path] = known
        return known.reason, known.detail

    def keep(self, path: str, verdict: Remembered) -> None:
        """Keep a verdict."""
        self._kept[path] = verdict

    def save(self) -> None:
        """Write what was found or kept; what cannot be written is judged again by the next run."""
        if self._path is None or self._kept == self._known:
            return
        verdicts = {
            path: [one.content_id, one.refuted, one.reason.value, one.detail, one.declared, one.neighbours]
            for path, one in sorted(self._kept.items())
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            for leftover in self._path.parent.glob(f"{self._path.name}.*"):
                leftover.unlink(missing_ok=True)
            write_private_file(self._path, json.dumps({"head": self._head(), "verdicts": verdicts}).encode())
        except (OSError, ValueError) as error:
            logger.info("why files are left out is not remembered: %s", error)

    def _read(self, path: Path) -> dict[str, Remembered]:
        try:
            read = json.loads(path.read_bytes())
            return dict(map(_parse, read["verdicts"].items())) if read["head"] == self._head() else {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}

    def _head(self) -> list[object]:
        # As it is read again.
        return [_FORM, digest_of_judges(), *json.loads(json.dumps(self._settings))]


def digest(parts: Collection[tuple[str, str | None]]) -> str | None:
    """Return a digest of paths with their contents' ids, None where an id is not known."""
    found = hashlib.sha256()
    for path, content_id in parts:
        if content_id is None:
            return None
        found.update(f"{path}\0{content_id}\0".encode("utf-8", "surrogateescape"))
    return found.hexdigest()


@cache
def digest_of_judges() -> str:
    """Return a digest of the code that judges files: no version has to be raised by hand when it changes."""
    found = hashlib.sha256(repr(sys.version_info[:3]).encode())
    for folder in _JUDGES:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(f"{file.relative_to(folder)}\0".encode())
                found.update(file.read_bytes())
    return found.hexdigest()


def names_of(refuted: Collection[SkipReason]) -> tuple[str, ...]:
    """Return the guesses that count for nothing as they are remembered."""
    return tuple(sorted(reason.value for reason in refuted))


def _parse(item: tuple[str, Any]) -> tuple[str, Remembered]:
    path, (content_id, refuted, reason, detail, declared, neighbours) = item
    return path, Remembered(content_id, tuple(refuted), SkipReason(reason), detail, declared, neighbours)
