"""What the engine logs: one line, now and then, and nothing of jobs that were stopped."""

from __future__ import annotations

import logging
import sys

from codesearch.jobs.database import EngineNoise


def record_of(text: str, error: Exception | None = None) -> logging.LogRecord:
    info = None
    if error is not None:
        try:
            raise error
        except Exception:
            info = sys.exc_info()
    return logging.LogRecord("dbos", logging.WARNING, "file", 1, text, None, info)


def test_a_message_is_one_line_once_a_minute() -> None:
    now = 100.0
    noise = EngineNoise(lambda: now)
    record = record_of("Exception listing queues: (OperationalError) at https://me:hush@host\nrefused\nTraceback")
    assert noise.filter(record)
    assert record.getMessage() == "jobs: Exception listing queues: (OperationalError) at https://***@host"
    assert not noise.filter(record_of("Exception listing queues: (OperationalError) another port\nrefused"))
    assert noise.filter(record_of("Exception reloading queue jobs"))
    now += 61
    assert noise.filter(record_of("Exception listing queues: (OperationalError)"))


def test_a_trace_becomes_its_last_line() -> None:
    record = record_of("Error in a job", ZeroDivisionError("by zero\nand more"))
    assert EngineNoise().filter(record)
    assert (record.getMessage(), record.exc_info) == ("jobs: Error in a job ZeroDivisionError: by zero", None)


def test_jobs_that_were_stopped_are_no_news() -> None:
    assert not EngineNoise().filter(record_of("Exception: Awaited workflow 1 was cancelled"))
