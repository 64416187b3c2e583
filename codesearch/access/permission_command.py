"""Permissions from a command that is asked for one user at a time: it prints the repositories, one a line."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass
from threading import Lock

from codesearch.access.bounded_process import read_output
from codesearch.access.patterns import Patterns
from codesearch.core.errors import ConfigurationError, InvalidRequestError

logger = logging.getLogger(__name__)

MAX_OUTPUT_BYTES = 4 << 20
MAX_USERS = 10_000
ASKED_AT_ONCE = 4
# A command that fails is left alone for so long, for each user.
PAUSE_SECONDS = 5.0
# An answer older than this share of its longest age is asked for anew, behind the request that still gets the old one.
_REFRESHED_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class _Answer:
    patterns: Patterns
    asked_at: float


class PermissionCommand:
    """Asks the command and keeps its answers for a while. Safe to share between threads, not across a fork."""

    def __init__(
        self,
        command: Sequence[str],
        seconds: float,
        max_age_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Start nothing yet. The user is the command's last argument; it may work for so many seconds."""
        self.command = tuple(command)
        self._seconds = seconds
        self._max_age_seconds = max_age_seconds
        self._clock = clock
        self._lock = Lock()
        self._executor = ThreadPoolExecutor(ASKED_AT_ONCE, "permissions")
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._failures: OrderedDict[str, float] = OrderedDict()
        self._asking: dict[str, Future[Patterns]] = {}

    def find_patterns(self, user: str) -> Patterns:
        """Return what a user may read, as the command said no longer ago than is allowed; it may be waited for.

        Raises ConfigurationError when the command fails and nothing is known that still counts.
        """
        with self._lock:
            now, known = self._clock(), self._answers.get(user)
            age = float("inf") if known is None else now - known.asked_at
            if known is not None and age <= self._max_age_seconds * _REFRESHED_SHARE:
                return known.patterns
            asking = self._ask_once(user, now)
            if known is not None and age <= self._max_age_seconds:
                return known.patterns
        if asking is None:
            raise ConfigurationError("CODESEARCH_PERMISSIONS_COMMAND failed a moment ago, and is not asked again yet.")
        try:
            return asking.result(2 * self._seconds)
        except FutureTimeoutError:
            raise ConfigurationError("CODESEARCH_PERMISSIONS_COMMAND is busy with other users.") from None

    def close(self) -> None:
        """Ask no more, and wait for what is being asked."""
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _ask_once(self, user: str, now: float) -> Future[Patterns] | None:
        """Return who asks for a user, somebody new where nobody does; None where it failed just now."""
        asking = self._asking.get(user)
        if asking is not None:
            return asking
        if now - self._failures.get(user, float("-inf")) < PAUSE_SECONDS:
            return None
        asking = self._asking[user] = self._executor.submit(self._ask, user, now)
        return asking

    def _ask(self, user: str, asked_at: float) -> Patterns:
        try:
            patterns = run_command([*self.command, user], self._seconds)
        except ConfigurationError as error:
            logger.warning("%s", error.message)
            with self._lock:
                _remember(self._failures, user, self._clock())
            raise
        else:
            with self._lock:
                self._failures.pop(user, None)
                _remember(self._answers, user, _Answer(patterns, asked_at))
            return patterns
        finally:
            with self._lock:
                self._asking.pop(user, None)


def run_command(command: Sequence[str], seconds: float) -> Patterns:
    """Return what a command prints, a pattern a line, without blank lines and those that begin with #.

    Raises ConfigurationError that says in one line why there is no answer.
    """
    name = f"CODESEARCH_PERMISSIONS_COMMAND ({command[0]})"
    try:
        output = read_output(command, seconds, MAX_OUTPUT_BYTES)
        lines = (line.strip() for line in output.decode("utf-8").splitlines())
        return Patterns(line for line in lines if line and not line.startswith("#"))
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{name} failed: what it prints is not UTF-8.") from error
    except (OSError, InvalidRequestError) as error:
        reason = error.message if isinstance(error, InvalidRequestError) else error.strerror or str(error)
        raise ConfigurationError(f"{name} failed: {reason.rstrip('.')}.") from error


def _remember(kept: OrderedDict[str, _Answer] | OrderedDict[str, float], user: str, value: object) -> None:
    kept[user] = value  # type: ignore[assignment]
    kept.move_to_end(user)
    if len(kept) > MAX_USERS:
        kept.popitem(last=False)
