"""The process that does jobs, one after the other."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Mapping
from queue import SimpleQueue
from typing import TYPE_CHECKING, Final

from codesearch.api.management import JobKind, JobRequest
from codesearch.assembly import Assembly
from codesearch.cli import output
from codesearch.cli.index import index_targets
from codesearch.cli.index_child import reported_progress, run_child
from codesearch.cli.merge import describe_merge, merge_segments
from codesearch.cli.programs import lower_priority
from codesearch.cli.targets import Target
from codesearch.core.errors import (
    CatalogError,
    CodesearchError,
    StoreError,
    UnreachableSourceError,
)
from indexer.tiers import JOINED_AT_ONCE_ROWS

if TYPE_CHECKING:
    from indexer.workers.processes import ForkServer

# An indexer tells the catalog every second how far it is, and stops when its source is gone; a clone takes longer.
_INDEXER_STOPS_SECONDS: Final = 30.0
# A backup reads and writes the whole catalog. What changed since the last one is in the one that ends the process.
_BACKUP_SECONDS: Final = 10.0


def main() -> None:
    """Do what requests, a line of JSON each on stdin, ask for, until stdin ends.

    Searches go first. Progress, what was done, and how a job ended are lines of JSON on stdout. An error that is none
    of ours ends the process.
    """
    lower_priority()
    requests = _Requests()
    run_child(lambda assembly, forked: _do_all(assembly, forked, requests), requests.hear)


class _Requests:
    """Requests in the order in which they came."""

    def __init__(self) -> None:
        self._queue = SimpleQueue[JobRequest]()
        self._rest = b""

    def hear(self, sent: bytes) -> None:
        """Take what came from stdin."""
        *lines, self._rest = (self._rest + sent).split(b"\n")
        for line in lines:
            values = json.loads(line)
            self._queue.put(JobRequest(**{**values, "kind": JobKind(values["kind"])}))

    def wait_for_next(self) -> JobRequest:
        """Return the next request."""
        return self._queue.get()


def _do_all(assembly: Assembly, forked: ForkServer | None, requests: _Requests) -> None:
    backed_up_at = float("-inf")
    while True:
        request, failure = requests.wait_for_next(), None
        try:
            _WAYS[request.kind](assembly, forked, request)
        except CodesearchError as error:
            failure = error.message
            output.print_error(failure)
            output.print_json({"may_pass": _may_pass(error)})
        if time.monotonic() - backed_up_at >= _BACKUP_SECONDS:
            assembly.catalog.back_up()
            backed_up_at = time.monotonic()
        output.print_json({"ended": True, "failure": failure})
        sys.stdout.flush()


def _may_pass(error: CodesearchError) -> bool:
    """Say whether the same may go well in a while: a network, a lock, a database that begins again."""
    return isinstance(error, (UnreachableSourceError, StoreError, CatalogError))


def _add(assembly: Assembly, forked: ForkServer | None, request: JobRequest) -> None:
    _index(assembly, forked, Target(request.location or "", request.branch, request.subdir))


def _refresh(assembly: Assembly, forked: ForkServer | None, request: JobRequest) -> None:
    source = assembly.catalog.get_source(request.source_id or "")
    _index(assembly, forked, Target(source.location, source.branch, source.subdir, shown=source.name))


def _index(assembly: Assembly, forked: ForkServer | None, target: Target) -> None:
    # A merge follows where segments are left.
    index_targets(
        assembly,
        [target],
        as_json=True,
        forked_workers=forked,
        show=reported_progress,
        at_once_rows=JOINED_AT_ONCE_ROWS,
    )


def _remove(assembly: Assembly, _: ForkServer | None, request: JobRequest) -> None:
    """Delete the rows and files of a source that the catalog no longer has."""
    source_id = request.source_id or ""
    with reported_progress(request.title) as progress:
        progress.start("deleting rows and files")
    # Asked for on another machine, it is noted there alone.
    assembly.removals.note(source_id)
    if not assembly.removals.finish(source_id, timeout_seconds=_INDEXER_STOPS_SECONDS):
        raise UnreachableSourceError("A run still works on it: the next one deletes what that leaves.")
    output.print_json({"summary": "Removed."})


def _merge(assembly: Assembly, _: ForkServer | None, request: JobRequest) -> None:
    report = merge_segments(assembly, request.source_id or "", request.title, reported_progress)
    said = describe_merge(report)
    output.print_json({"summary": f"{said[0].upper()}{said[1:]}"})


def _discover(assembly: Assembly, _: ForkServer | None, request: JobRequest) -> None:
    """Look for the repositories of an organisation, and have those that are new indexed."""
    from codesearch.cli.management.discovery import discover

    with reported_progress(request.title) as progress:
        progress.start("asking the code host")
        found = discover(assembly, request.organisation or "")
    output.print_json({"summary": found.summary})


def _tidy_up(assembly: Assembly, _: ForkServer | None, request: JobRequest) -> None:
    """Do what runs leave to the next one: removals that were cut short, damaged files, versions that nobody reads."""
    with reported_progress(request.title) as progress:
        progress.start("finishing removals")
        assembly.removals.finish_all()
        progress.start("reading every file of the store")
        assembly.heal_damaged_files()
        progress.start("tidying up")
        assembly.writer.maintain()
    output.print_json({"summary": "Tidied up."})


_WAYS: Final[Mapping[JobKind, Callable[[Assembly, ForkServer | None, JobRequest], None]]] = {
    JobKind.ADD: _add,
    JobKind.REFRESH: _refresh,
    JobKind.REMOVE: _remove,
    JobKind.MERGE: _merge,
    JobKind.DISCOVER: _discover,
    JobKind.UPKEEP: _tidy_up,
}
