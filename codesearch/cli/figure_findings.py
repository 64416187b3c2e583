"""What `codesearch doctor` says in figures: the same as /metrics, without a service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from codesearch.assembly import Assembly
from codesearch.cli.finding import Finding
from codesearch.core.ages import say_age
from codesearch.core.counts import say_count
from codesearch.telemetry.figures import InstallationFigures

_MEGABYTE = 1_000_000


def examine_figures(assembly: Assembly) -> Iterator[Finding]:
    """Say how large and how old the search indexes are, and what the last runs came to. Judges nothing."""
    figures = assembly.measure()
    if (jobs := figures.jobs) is None:
        advice = "Start that database, or correct CODESEARCH_JOBS_URL; until then nothing is added or refreshed."
        if assembly.job_database.file is not None:
            advice = (
                "Make it one that can be read and written; a damaged file may be deleted, ask again for what waited."
            )
        yield Finding("jobs", False, f"{assembly.job_database.name} is out of reach", advice)
    elif any(jobs.counts.values()):
        wait = f", the oldest since {jobs.longest_wait_seconds:,.0f} s" if jobs.longest_wait_seconds else ""
        states = [f"{count:,} {state}" for state, count in jobs.counts.items() if count]
        yield Finding("jobs", True, f"{', '.join(states)}{wait}")
    if not figures.segments:
        return
    size = f"{figures.index_bytes / _MEGABYTE:,.1f} MB in {say_count(figures.segments, 'segment')}"
    oldest = figures.oldest_indexed_at
    age = "" if oldest is None else f"; the oldest was published {say_age(oldest, datetime.now(timezone.utc))} ago"
    yield Finding("size and age", True, f"{size}{age}")
    yield Finding("index runs", True, _describe_runs(figures))


def _describe_runs(figures: InstallationFigures) -> str:
    failed = f"the last one of {say_count(figures.failing, 'data source')} failed"
    parts = [f"{figures.running} at work", failed if figures.failing else "none of the last ones failed"]
    rated = [item.run for item in figures.sources if item.run is not None and item.run.chunks_per_second is not None]
    seconds = sum(run.seconds for run in rated)
    if seconds:
        rate = sum(run.chunks for run in rated) / seconds
        parts.append(f"{say_count(round(rate), 'chunk')} a second in those of the last ones that embedded any")
    totals = figures.totals
    if totals.finished or totals.failed:
        failed = f" ({totals.failed:,} failed)" if totals.failed else ""
        done = f"{say_count(totals.files, 'file')} and {say_count(totals.chunks, 'chunk')} in {totals.seconds:,.0f} s"
        parts.append(f"{totals.finished + totals.failed:,} in all{failed}: {done}")
    return ", ".join(parts)
