"""`codesearch jobs`, `codesearch job cancel` and `codesearch schedule`: what workers do, and when by themselves."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Final

import click

from codesearch.api.manage.deeds import set_paused
from codesearch.cli import output
from codesearch.cli.completion import complete_repositories
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.sources import find_named
from codesearch.core.ages import say_age
from codesearch.core.types import MOST_MINUTES, DataSource

if TYPE_CHECKING:
    from codesearch.api.management import Job

_DEFAULT: Final = "default"
_EVERY: Final = re.compile(r"(\d{1,6})\s*(m|min|h|d|)", re.IGNORECASE)
_MINUTES: Final = {"m": 1, "min": 1, "h": 60, "d": 24 * 60, "": 1}
_SHOWN_MESSAGE: Final = 100
# Who asks for what comes of a command.
AT_SHELL: Final = "shell"


@click.command()
@as_json_option
@click.pass_obj
def jobs(holder: LazyAssembly, as_json: bool) -> None:
    """List the jobs that wait or work, and the last ones that are over, the newest first."""
    found = holder.get().jobs.list_jobs()
    if as_json:
        output.print_json({"jobs": [job_as_json(job) for job in found]})
        return
    if not found:
        print("There are no jobs. They are asked for on the page, over HTTP, or by `codesearch schedule`.")
        return
    now = datetime.now(timezone.utc)
    rows = [
        (job.id, _describe_state(job), _describe(job), job.requested_by, say_age(job.requested_at, now), _say_more(job))
        for job in found
    ]
    output.print_table(("id", "state", "job", "for", "age", "how far"), rows)


@click.group()
def job() -> None:
    """One job of those that `codesearch jobs` lists."""


@job.command("cancel")
@click.argument("job_id", metavar="ID")
@as_json_option
@click.pass_obj
def cancel_job(holder: LazyAssembly, job_id: str, as_json: bool) -> None:
    """Stop a job, or keep it from beginning; what was published before stays as it was."""
    found = holder.get().jobs.cancel(job_id)
    state = "is being stopped" if found.is_stopping else f"is {found.state.value}"
    output.print_done(f"The job {found.id} ({_describe(found)}) {state}.", job_as_json(found), as_json=as_json)


@click.command()
@click.argument("knowledge_id", metavar="ID", shell_complete=complete_repositories)
@click.argument("every", metavar="[EVERY|off|default|pause|resume]", required=False)
@as_json_option
@click.pass_obj
def schedule(holder: LazyAssembly, knowledge_id: str, every: str | None, as_json: bool) -> None:
    """Have a data source refreshed by itself, while a service or worker runs.

    \b
    codesearch schedule shop 15m     every 15 minutes; also 2h, 1d
    codesearch schedule shop off     only on request; 0m is the same
    codesearch schedule shop default as CODESEARCH_REFRESH_MINUTES says
    codesearch schedule shop pause   not for now; resume goes on
    codesearch schedule shop         say how it is
    """
    assembly = holder.get()
    source = find_named(assembly, knowledge_id)
    if every in ("pause", "resume"):
        source = set_paused(assembly.catalog, assembly.jobs, source, AT_SHELL, is_paused=every == "pause")
    elif every is not None:
        source = assembly.catalog.set_schedule(source.id, _read_minutes(every))
    values = {
        "id": source.id,
        "name": source.name,
        "refresh_minutes": source.refresh_minutes,
        "paused": source.is_paused,
        "next_refresh_at": None if source.is_paused else source.next_refresh_at,
    }
    output.print_done(_describe_schedule(source, assembly.settings.refresh_minutes), values, as_json=as_json)


def _read_minutes(text: str) -> int | None:
    """Return minutes, 0 for `off`, None for `default`. Raises UsageError."""
    if text in ("off", _DEFAULT):
        return 0 if text == "off" else None
    found = _EVERY.fullmatch(text.strip())
    if found is None:
        raise click.UsageError(
            f"{text!r} is no interval: give one such as 15m, 2h or 1d, or off, default, pause, resume."
        )
    unit = found[2].lower()
    count, most = int(found[1]), MOST_MINUTES // _MINUTES[unit]
    if count > most:
        name = {"h": "hours", "d": "days"}.get(unit, "minutes")
        raise click.UsageError(f"{text!r} is too long: give at most {most:,} {name}, which is a year, or off.")
    return count * _MINUTES[unit]


def _describe_schedule(source: DataSource, default_minutes: int) -> str:
    minutes = default_minutes if source.refresh_minutes is None else source.refresh_minutes
    if not minutes:
        paused = f", and is paused; `codesearch schedule {source.name} resume` goes on" if source.is_paused else ""
        return f"{source.name} is refreshed only on request{paused}."
    every = f"{source.name} is refreshed every {_say_minutes(minutes)}"
    if source.refresh_minutes is None:
        every += ", as all that have no schedule of their own"
    if source.is_paused:
        return f"{every}, but is paused; `codesearch schedule {source.name} resume` goes on."
    next_at = "" if source.next_refresh_at is None else f", next at {source.next_refresh_at:%Y-%m-%d %H:%M} UTC"
    return f"{every}{next_at}, while `codesearch serve` or `codesearch worker` runs."


def _say_minutes(minutes: int) -> str:
    for unit, length in (("day", 24 * 60), ("hour", 60)):
        if minutes % length == 0:
            count = minutes // length
            return unit if count == 1 else f"{count:,} {unit}s"
    return "minute" if minutes == 1 else f"{minutes:,} minutes"


def job_as_json(job: Job) -> dict[str, object]:
    """Return the JSON form of a job; absent values are left out."""
    request, progress = job.request, job.progress
    values = {
        "id": job.id,
        "kind": request.kind.value,
        "title": request.title,
        "state": job.state.value,
        "stopping": True if job.is_stopping else None,
        "source_id": request.source_id,
        "organisation": request.organisation,
        "requested_by": job.requested_by,
        "requested_at": job.requested_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "phase": None if job.state.is_over else progress.phase,
        "files_done": progress.files_done,
        "files_total": progress.files_total,
        "chunks_done": progress.chunks_done,
        "message": job.message or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _describe(job: Job) -> str:
    return f"{job.request.kind.value} {job.request.title}"


def _describe_state(job: Job) -> str:
    return "stopping" if job.is_stopping else job.state.value


def _say_more(job: Job) -> str:
    if job.state.is_over:
        return job.message if len(job.message) <= _SHOWN_MESSAGE else f"{job.message[:_SHOWN_MESSAGE]}…"
    progress = job.progress
    if job.started_at is None:
        return ""
    files = f", {progress.files_done:,} of {progress.files_total:,} files" if progress.files_total else ""
    return f"{progress.phase}{files}"
