"""Watches a folder and runs after each change: soon after one file, once after a burst, again after a failure."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path

from codesearch.cli.watching.relevance import Relevance
from codesearch.cli.watching.runs import SourceRemovedError
from codesearch.core.errors import CodesearchError

logger = logging.getLogger(__name__)

# Changes that come within this time of one another are seen together, for so long at most.
STEP_MS = 80
TOGETHER_MS = 500
# How often the loop looks up where nothing changes.
_WAKE_MS = 500
# After so many runs without a pause, a run may take half of the time at most.
_STREAK = 3
_LONGEST_REST_SECONDS = 30.0
# What no event tells of, on a network's file system, or in a burst that was too long, is found then.
LOOK_SECONDS = 300.0
# What a run keeps for the next one takes memory.
REST_SECONDS = 60.0
BURST_PATHS = 1_000
_AFTER_BURST_SECONDS = 2.0
# How long git may keep its lock until that is taken for a leftover.
_PATIENCE_WITH_GIT_SECONDS = 30.0
_FIRST_RETRY_SECONDS, _LAST_RETRY_SECONDS = 2.0, 60.0
# Where the system watches no folder, runs look for changes: at most a tenth of the time.
_POLL_SECONDS = 2.0
_POLL_SHARE = 10.0


class Ending(Enum):
    """Why nothing is watched for the moment."""

    GONE = "the folder is gone"
    UNWATCHED = "the system does not watch it"


class FolderWatcher:
    """Runs for one folder, in the thread that calls `watch`, until that is interrupted."""

    def __init__(
        self,
        root: Path,
        relevance: Relevance,
        run: Callable[[], object],
        say: Callable[[str], None],
        rest: Callable[[], None] = lambda: None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`run` brings the index up to date, and raises CodesearchError; `say` gets a line for a person.

        `rest` is called when nothing has changed for a while.
        """
        self._root = root
        self._relevance = relevance
        self._run = run
        self._say = say
        self._rest = rest
        self._is_resting = False
        self._sleep = sleep
        self._is_pending = True
        self._not_before = 0.0
        self._looked_at = time.monotonic()
        self._took = 0.0
        self._streak = 0
        self._failures = 0
        self._git_busy_since: float | None = None
        self._look_again_at: float | None = None
        self._told_unwatched = False

    def watch(self) -> None:
        """Run after each change. Raises KeyboardInterrupt, and SourceRemovedError when there is nothing to watch."""
        while True:
            ending = self._follow()
            if ending is Ending.GONE:
                self._say(
                    f"{self._root} is gone. What was indexed goes on to be served; it is watched again when it is back."
                )
                while not self._root.is_dir():
                    self._sleep(_WAKE_MS / 1000)
                self._say(f"{self._root} is back.")
            else:
                self._sleep(max(_POLL_SECONDS, self._took * _POLL_SHARE))
            self._is_pending = True

    def _follow(self) -> Ending:
        if not self._root.is_dir():
            return Ending.GONE
        try:
            for changes in self._changes():
                if not self._root.is_dir():
                    return Ending.GONE
                self._note(changes)
                self._run_when_due()
        except FileNotFoundError:
            return Ending.GONE
        except (OSError, RuntimeError) as error:
            if not self._told_unwatched:
                self._told_unwatched = True
                self._say(
                    f"The system does not watch {self._root} ({error}): it is looked at every few seconds instead."
                )
            self._run_when_due()
            return Ending.UNWATCHED
        return Ending.GONE

    def _changes(self) -> Iterator[set[str]]:
        """Yield the paths of each group of changes, nothing where there were none for a while."""
        from watchfiles import watch

        for changes in watch(
            self._root,
            watch_filter=lambda _, path: self._relevance.may_matter(path),
            step=STEP_MS,
            debounce=TOGETHER_MS,
            rust_timeout=_WAKE_MS,
            yield_on_timeout=True,
        ):
            yield {path for _, path in changes}

    def _note(self, changes: set[str]) -> None:
        if not changes:
            return
        logger.debug("%d paths changed", len(changes))
        if len(changes) > BURST_PATHS:
            # The system may have dropped some of what it had to tell.
            self._look_again_at = time.monotonic() + _AFTER_BURST_SECONDS
        if not self._is_pending:
            self._is_pending = self._relevance.matters(changes)

    def _run_when_due(self) -> None:
        now = time.monotonic()
        if self._look_again_at is not None and now >= self._look_again_at:
            self._look_again_at, self._is_pending = None, True
        if now - self._looked_at >= LOOK_SECONDS:
            self._is_pending = True
        if now - self._looked_at >= REST_SECONDS and not self._is_resting:
            self._is_resting = True
            self._rest()
        if self._is_pending and now >= self._not_before and not self._waits_for_git(now):
            self._run_now(now)

    def _waits_for_git(self, now: float) -> bool:
        if not self._relevance.is_busy():
            self._git_busy_since = None
            return False
        if self._git_busy_since is None:
            self._git_busy_since = now
        return now - self._git_busy_since < _PATIENCE_WITH_GIT_SECONDS

    def _run_now(self, began: float) -> None:
        # What changes from here on asks for another run.
        self._is_pending = self._is_resting = False
        self._streak = self._streak + 1 if began - self._looked_at < 1.0 else 0
        try:
            self._run()
        except SourceRemovedError:
            raise
        except Exception as error:
            # Whatever it is, the folder goes on to change, and the next run may do.
            logger.debug("the run failed", exc_info=True)
            name = type(error).__name__
            unforeseen = f"Unforeseen failure: {name}: {error}. It is tried again."
            self._say(error.message if isinstance(error, CodesearchError) else unforeseen)
            self._is_pending = True
            rest = min(_LAST_RETRY_SECONDS, _FIRST_RETRY_SECONDS * 2**self._failures)
            self._failures += 1
        else:
            if self._failures:
                self._say("It works again.")
            self._failures = 0
            rest = 0.0
        self._looked_at = time.monotonic()
        self._took = self._looked_at - began
        if self._streak >= _STREAK:
            rest = max(rest, min(self._took, _LONGEST_REST_SECONDS))
        self._not_before = self._looked_at + rest
