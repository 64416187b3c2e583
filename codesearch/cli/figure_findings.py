"""What `codesearch doctor` says in figures: the same as /metrics, without a service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from codesearch.assembly import Assembly
from codesearch.cli.finding import Finding
from codesearch.core.counts import say_count
from codesearch.telemetry.figures import InstallationFigures

_MEGABYTE = 1_000_000


def examine_figures(assembly: Assembly) -> Iterator[Finding]:
    """Say how large and how old the search indexes are, and what the last runs came to. Judges nothing."""
    figures = assembly.measure()
    if not figures.index_files:
        return
    size = f"{figures.index_bytes / _MEGABYTE:,.1f} MB in {say_count(figures.index_files, 'file')}"
    oldest = figures.oldest_indexed_at
    age = "" if oldest is None else f"; the oldest was published {_describe_age(oldest)}"
    yield Finding("size and age", True, f"{size}{age}")
    yield Finding("index runs", True, _describe_runs(figures))


def _describe_runs(figures: InstallationFigures) -> str:
    failed = f"the last one of {say_count(figures.failing, 'data source')} failed"
    parts = [f"{figures.running} at work", failed if figures.failing else "none of the last ones failed"]
    rated = [item.run for item in figures.sources if item.run is not None and item.run.chunks_per_second is not None]
    seconds = sum(run.seconds for run in rated)
    if seconds:
        rate = sum(run.chunks for run in rated) / seconds
        parts.append(f"{rate:,.0f} chunks a second in those of the last ones that embedded any")
    return ", ".join(parts)


def _describe_age(moment: datetime) -> str:
    hours = int((datetime.now(timezone.utc) - moment).total_seconds() // 3600)
    if hours < 1:
        return "less than an hour ago"
    return f"{say_count(hours, 'hour')} ago" if hours < 48 else f"{say_count(hours // 24, 'day')} ago"
