"""Warnings of the web server: one of a kind a second, and none is lost without a count."""

from __future__ import annotations

import logging
from sys import exc_info

from codesearch.logs import MAX_KINDS, OncePerSecond, TraceOncePerMinute


def record_of(message: str, level: int = logging.WARNING) -> logging.LogRecord:
    return logging.LogRecord("uvicorn.error", level, __file__, 1, message, None, None)


def test_one_of_a_kind_passes_in_a_second_and_says_how_many_did_not() -> None:
    now = 0.0
    once = OncePerSecond(lambda: now)
    assert once.filter(record_of("bad request"))
    assert [bool(once.filter(record_of("bad request"))) for _ in range(5)] == [False] * 5
    assert once.filter(record_of("no more files\nsocket 7"))
    assert not once.filter(record_of("no more files\nsocket 8"))
    now = 1.0
    later = record_of("bad request")
    assert once.filter(later)
    assert getattr(later, "fields", None) == {"left_out": 5}


def test_what_is_no_warning_always_passes() -> None:
    once = OncePerSecond(lambda: 0.0)
    assert all(once.filter(record_of("started", logging.INFO)) for _ in range(3))


def test_kinds_do_not_fill_the_memory() -> None:
    once = OncePerSecond(lambda: 0.0)
    for number in range(3 * MAX_KINDS):
        assert once.filter(record_of(f"kind {number}"))
    assert len(once._passed) <= MAX_KINDS


def test_the_same_trace_is_written_once_a_minute_and_its_line_each_time() -> None:
    now = 0.0
    once = TraceOncePerMinute(lambda: now)

    def is_traced(message: str) -> bool:
        try:
            raise ValueError(message)
        except ValueError:
            record = logging.LogRecord(
                "codesearch.api.errors", logging.ERROR, __file__, 1, "%s", (message,), exc_info()
            )
        assert once.filter(record)
        return record.exc_info is not None

    assert [is_traced(message) for message in ("away", "away", "locked", "away")] == [True, False, True, False]
    now = 60.0
    assert [is_traced("away"), is_traced("away")] == [True, False]
    for number in range(3 * MAX_KINDS):
        assert is_traced(f"kind {number}")
    assert len(once._traced) <= MAX_KINDS
    assert once.filter(record_of("no trace"))
