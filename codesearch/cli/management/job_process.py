"""The process that does one job of the page."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from codesearch.api.management import JobKind, JobRequest
from codesearch.assembly import Assembly
from codesearch.cli import output
from codesearch.cli.index import index_targets
from codesearch.cli.index_child import reported_progress, run_child
from codesearch.cli.programs import lower_priority
from codesearch.cli.targets import Target
from codesearch.core.errors import ConfigurationError, SourceError
from codesearch.core.types import DataSource

if TYPE_CHECKING:
    from indexer.workers.processes import ForkServer

# An indexer tells the catalog every second how far it is, and stops when its source is gone; a clone takes longer.
_INDEXER_STOPS_SECONDS = 30.0


def main(text: str) -> None:
    """Do what a request, as JSON, asks for, and exit with 0, or with 1 after one line on stderr; ends with stdin.

    Searches go first. Progress and what was done are lines of JSON on stdout.
    """
    lower_priority()
    values = json.loads(text)
    request = JobRequest(**{**values, "kind": JobKind(values["kind"])})
    run_child(lambda assembly, forked: _do(assembly, forked, request))


def _do(assembly: Assembly, forked: ForkServer | None, request: JobRequest) -> None:
    if request.kind is JobKind.REMOVE:
        _remove(assembly, request)
        return
    if request.kind is JobKind.DISCOVER:
        raise ConfigurationError("This codesearch discovers no repositories of organisations.")
    targets = _targets(assembly, request)
    index_targets(assembly, targets, as_json=True, forked_workers=forked, show=reported_progress)


def _targets(assembly: Assembly, request: JobRequest) -> list[Target]:
    if request.kind is JobKind.ADD:
        return [Target(request.location or "", request.branch, request.subdir, request.name)]
    catalog = assembly.catalog
    if request.kind is JobKind.REFRESH:
        return [_target_of(catalog.get_source(request.source_id or ""))]
    sources = catalog.list_sources()
    if not sources:
        raise SourceError("Nothing is indexed yet.")
    assembly.heal_damaged_files()
    return [_target_of(source) for source in sources]


def _target_of(source: DataSource) -> Target:
    return Target(source.location, source.branch, source.subdir, shown=source.name)


def _remove(assembly: Assembly, request: JobRequest) -> None:
    """Delete the rows and files of a source that the catalog no longer has."""
    source_id = request.source_id or ""
    with reported_progress(request.title) as progress:
        progress.start("deleting rows and files")
    if not assembly.removals.finish(source_id, timeout_seconds=_INDEXER_STOPS_SECONDS):
        raise SourceError("A run still works on it: the next one deletes what that leaves.")
    output.print_json({"removed": source_id})
