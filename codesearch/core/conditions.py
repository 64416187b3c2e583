"""How a data source stands, from what is published, what is at work, and what its remote has: never kept anywhere."""

from __future__ import annotations

from enum import Enum

from codesearch.core.types import DataSource, SourceState


class Condition(str, Enum):
    """How a data source stands."""

    # Nothing is published, and nobody has tried.
    NEW = "new"
    # A run or job is at work on it, or waits; what was published before answers.
    PROCESSING = "processing"
    # What is published is what the remote has, as far as is known.
    READY = "ready"
    # Nothing is published, and the last try did not end well.
    FAILED = "failed"
    # Something is published, and the remote has something else, or the last run failed.
    STALE = "stale"


def condition_of(source: DataSource, *, is_at_work: bool) -> Condition:
    """Return how a data source stands; `is_at_work` says whether a run is at work on it, or a job is or waits."""
    if is_at_work:
        return Condition.PROCESSING
    if source.state is SourceState.READY:
        return Condition.STALE if source.message or _has_moved_on(source) else Condition.READY
    # One whose run ended without a word is still said to be indexed.
    is_untried = source.state is SourceState.PENDING and not source.message
    return Condition.NEW if is_untried else Condition.FAILED


def _has_moved_on(source: DataSource) -> bool:
    """Say whether the remote was seen with another commit after what is published was."""
    if source.remote_commit is None or source.remote_seen_at is None or source.indexed_at is None:
        return False
    return source.remote_commit != source.commit and source.remote_seen_at > source.indexed_at
