"""Remembers what the files of a work tree held when they were last read, so that only changed ones are read again."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path

from codesearch.core.trust import write_private_file
from indexer.source.tree_reader import Stamp

logger = logging.getLogger(__name__)

_HEAD = "codesearch file states 1"
_SECOND_NS = 1_000_000_000
# A file that changed twice within one tick of its file system's clock looks the same after the second time. Clocks
# that give fractions tick at least a hundred times a second; those of FAT, every other second.
_FINE_TICK_NS = _SECOND_NS // 10
_COARSE_TICK_NS = 2 * _SECOND_NS


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it was read: its stamp and its content's id; the id with LF line ends too where it has CRLF."""

    identity: tuple[int, int, int, int]
    content_id: str
    unix_id: str | None = None

    def has_content(self, content_id: str | None) -> bool:
        """Say whether git would call this content that of an id, line ends aside."""
        return content_id is not None and content_id in (self.content_id, self.unix_id)


class FileStates:
    """The states of one source's files, by path, in one file (none: they are forgotten)."""

    def __init__(self, path: Path | None, root: Path, object_format: str) -> None:
        """Read what a run before has left; a file that cannot be read, or is of another tree, counts for nothing."""
        self._path = path
        self._head = f"{_HEAD}\t{object_format}\t{root}"
        self._states: dict[str, FileState] = {}
        self._kept: dict[str, FileState] = {}
        if path is not None:
            try:
                self._states = dict(_parse(path.read_text("utf-8"), self._head))
            except (OSError, ValueError):
                self._states = {}

    def find(self, path: str, stamp: Stamp) -> FileState | None:
        """Return the state of a file that has not changed since it was read; None for another one."""
        state = self._states.get(path)
        if state is None or state.identity != stamp.identity:
            return None
        self._kept[path] = state
        return state

    def keep(self, path: str, state: FileState, read_at_ns: int) -> None:
        """Keep a state, unless the file changed so shortly before it was read that a later change might not show."""
        _, modified_ns, changed_ns, _ = state.identity
        latest = max(modified_ns, changed_ns)
        tick = _COARSE_TICK_NS if latest % _SECOND_NS == 0 else _FINE_TICK_NS
        if latest + tick < read_at_ns:
            self._kept[path] = state
        else:
            self._kept.pop(path, None)

    def save(self) -> None:
        """Write what was found or kept; what cannot be written is read again by the next run."""
        if self._path is None or self._kept == self._states:
            return
        lines = [self._head]
        for path, state in sorted(self._kept.items()):
            numbers = "\t".join(map(str, state.identity))
            lines.append(f"{numbers}\t{state.content_id}\t{state.unix_id or '-'}\t{path}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            for leftover in self._path.parent.glob(f"{self._path.name}.*"):
                leftover.unlink(missing_ok=True)
            write_private_file(self._path, "\n".join([*lines, ""]).encode())
        except (OSError, ValueError) as error:
            logger.info("what the files of the work tree hold is not remembered: %s", error)


def now_ns() -> int:
    """Return the time as files are stamped with it."""
    return time.time_ns()


def _parse(text: str, head: str) -> list[tuple[str, FileState]]:
    """Read the lines of a file of states. Raises ValueError for another head, or a line that is none."""
    first, _, rest = text.partition("\n")
    if first != head or not rest.endswith("\n"):
        raise ValueError(first)
    states: list[tuple[str, FileState]] = []
    for line in rest.split("\n")[:-1]:
        size, modified, changed, inode, content_id, unix_id, path = line.split("\t", 6)
        identity = (int(size), int(modified), int(changed), int(inode))
        states.append((path, FileState(identity, content_id, None if unix_id == "-" else unix_id)))
    return states
