"""Log lines on stderr, as text or JSON, each with the id of the request it belongs to; the CLI sets them up."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from datetime import datetime, timezone
from types import TracebackType
from typing import TYPE_CHECKING

from codesearch.core.redaction import redact

if TYPE_CHECKING:
    from codesearch.core.config import Settings

ExceptionInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]

# Kinds of lines that are told apart when they are counted.
MAX_KINDS = 256
_TRACE_SECONDS = 60.0
OWN_LOGGERS = ("codesearch", "indexer", "uvicorn")
current_request_id: ContextVar[str | None] = ContextVar("current_request_id", default=None)

# A path or name in a message must not be able to begin a line of its own.
_CONTROL_CHARACTERS = {code: f"\\x{code:02x}" for code in (*range(32), 127)}


def configure_logging(settings: Settings) -> None:
    """Send all log lines to stderr in the form and from the level that the settings name; replaces earlier handlers.

    Libraries other than the web server are heard from `warning` on.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if settings.log_format == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    level = logging.getLevelName(settings.log_level.upper())
    root.setLevel(max(level, logging.WARNING))
    for name in OWN_LOGGERS:
        logging.getLogger(name).setLevel(level)
    for name in ("asyncio", "uvicorn.error"):
        logging.getLogger(name).filters[:] = [OncePerSecond()]
    logging.getLogger("codesearch.api.errors").filters[:] = [TraceOncePerMinute()]
    # Our own access line replaces the web server's.
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)


def _fields_of(record: logging.LogRecord) -> dict[str, object]:
    """Return what the caller passed as `extra={"fields": {...}}`, and the request's id."""
    fields = dict(getattr(record, "fields", {}))
    request_id = current_request_id.get()
    if request_id is not None:
        fields["request_id"] = request_id
    return fields


def _quote(value: object) -> str:
    text = str(value)
    return json.dumps(text) if " " in text or '"' in text else text


class OncePerSecond(logging.Filter):
    """Lets warnings and errors of a kind pass once a second, with how many were left out before.

    Anybody who can connect can cause what the web server warns of, as often as they like.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        # By kind: when one passed, and how many have not since.
        self._passed: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether the record passes."""
        if record.levelno < logging.WARNING:
            return True
        kind, now = (record.name, str(record.msg).partition("\n")[0]), self._clock()
        passed, left_out = self._passed.get(kind, (now - 1, 0))
        if now - passed < 1:
            self._passed[kind] = passed, left_out + 1
            return False
        if len(self._passed) >= MAX_KINDS:
            self._passed.clear()
        self._passed[kind] = now, 0
        if left_out:
            record.fields = {**getattr(record, "fields", {}), "left_out": left_out}
        return True


class TraceOncePerMinute(logging.Filter):
    """Leaves the trace out of a line that was written with one less than a minute ago.

    While a database is away each request fails in the same way, and each trace has a hundred lines.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._traced: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the record pass, with its trace or without."""
        if record.exc_info is not None:
            message, now = record.getMessage(), self._clock()
            if now - self._traced.get(message, float("-inf")) < _TRACE_SECONDS:
                record.exc_info = record.exc_text = None
                return True
            if len(self._traced) >= MAX_KINDS:
                self._traced.clear()
            self._traced[message] = now
        return True


class TextFormatter(logging.Formatter):
    """`2026-01-31 09:30:00.123 INFO codesearch.api.access: request method=POST path=/retrieval ...`."""

    default_msec_format = "%s.%03d"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the base class names it
        """Write the line before any trace."""
        fields = "".join(f" {name}={_quote(value)}" for name, value in _fields_of(record).items() if value is not None)
        return redact(super().formatMessage(record) + fields).translate(_CONTROL_CHARACTERS)

    def formatException(self, ei: ExceptionInfo) -> str:  # noqa: N802 - the base class names it
        """Write the trace."""
        return redact(super().formatException(ei))


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time (UTC), level, logger, message, the caller's fields, request_id, exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the whole line."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, timezone.utc).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
            **_fields_of(record),
        }
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, default=str)
