"""What goes to a worker process and what is known of one that died over it. Values only."""

from __future__ import annotations

import signal
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from codesearch.core.types import SourceFile
from indexer.batches import Reading
from indexer.chunking.budget import Unparsed

# What a worker ends with when Python itself found no more memory.
MEMORY_STATUS = 70


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """What a worker process needs of the settings, in a form that it can read without importing them."""

    embedding_model: str
    resolved_model_cache_dir: Path
    max_chunk_tokens: int
    max_parse_seconds: float
    max_parse_memory_mb: int


class Step(Enum):
    """How far a worker takes the files: to chunks, or to rows with vectors."""

    CHUNK = "chunk"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Task:
    """Files of one data source, and how they are to be read; `reason` says why not by their trees.

    `was_killed`: a worker that had the task was killed by something else, which may have been bad luck.
    """

    step: Step
    source_id: str
    files: tuple[SourceFile, ...]
    reading: Reading = Reading.TREE
    reason: Unparsed | None = None
    was_killed: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """An exception that a task raised in its worker."""

    error: Exception


class WorkerDiedError(Exception):
    """A worker process ended in the middle of a task: at which file, None between files, and how (exit code)."""

    def __init__(self, position: int | None, status: int | None, *, was_overdue: bool = False) -> None:
        super().__init__(f"a worker process ended with {status}")
        self.position = position
        self.was_overdue = was_overdue
        self.status = status

    @property
    def was_killed(self) -> bool:
        """Whether something else on the machine ended it, most often for lack of memory."""
        return not self.was_overdue and self.status == -getattr(signal, "SIGKILL", 9)

    @property
    def reason(self) -> Unparsed:
        """What to say of the file."""
        timers = {-getattr(signal, name) for name in ("SIGPROF", "SIGXCPU") if hasattr(signal, name)}
        if self.was_overdue or self.status in timers:
            return Unparsed.TIME
        return Unparsed.MEMORY if self.status == MEMORY_STATUS else Unparsed.CRASH


def divide(task: Task, death: WorkerDiedError) -> list[Task]:
    """Return the tasks that take the place of one that a worker died of: all but one file are read as before.

    The file is tried once more when its worker was killed from outside, then read as lines, then left out.
    """
    if death.position is None and len(task.files) > 1:
        return [replace(task, files=(file,)) for file in task.files]
    at = death.position or 0
    around = [replace(task, files=files) for files in (task.files[:at], task.files[at + 1 :])]
    if death.was_killed and not task.was_killed:
        culprit = replace(task, files=(task.files[at],), was_killed=True)
    else:
        culprit = replace(task, files=(task.files[at],), reading=task.reading.next_worse(), reason=death.reason)
    return [part for part in (around[0], culprit, around[1]) if part.files]
