"""Observing: what is known of a request when it is over, and who wants to know."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from codesearch.core.errors import CodesearchError, ErrorCode, SearchTooLongError, TooManyRequestsError
from codesearch.core.stages import StageClock

UNFORESEEN = "unforeseen"


@dataclass(frozen=True, slots=True)
class ObservedRequest:
    """A request that is over. Neither its path, which may name files, nor its question is here: `route` is a template.

    `began` and `ended` are moments of the stages' clock. `error` is what it was answered with, where that is known.
    """

    method: str
    route: str
    status: int
    began: float
    ended: float
    stages: StageClock = field(compare=False)
    error: BaseException | None = None
    request_id: str = ""
    traceparent: str = ""

    @property
    def limit(self) -> str | None:
        """Which limit it was over, if any."""
        if isinstance(self.error, TooManyRequestsError):
            return self.error.limit
        return "time" if isinstance(self.error, SearchTooLongError) else None

    @property
    def error_kind(self) -> str | None:
        """What went wrong inside, as the name of an error of ours or UNFORESEEN; None where nothing did."""
        if isinstance(self.error, CodesearchError):
            return type(self.error).__name__ if self.error.code is ErrorCode.INTERNAL else None
        return UNFORESEEN if self.error is not None or self.status == 500 else None


class Observer(Protocol):
    """Who wants to know. Called in the event loop, before and after each request."""

    def begin(self) -> None:
        """Note that a request begins."""

    def end(self, request: ObservedRequest) -> None:
        """Note what became of it."""

    def close(self) -> None:
        """Hand on what is still held back; may take some seconds."""
