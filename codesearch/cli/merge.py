"""`codesearch merge`: makes fewer segments of those that runs of a data source have left; jobs do the same."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import click

from codesearch.assembly import Assembly, open_merger
from codesearch.cli import output
from codesearch.cli.completion import complete_repositories
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.progress import index_progress
from codesearch.cli.sources import find_named
from codesearch.core.counts import say_count

if TYPE_CHECKING:
    from indexer.merger import MergeReport
    from indexer.pipeline import Progress


@click.command()
@click.argument("knowledge_id", metavar="ID", shell_complete=complete_repositories)
@as_json_option
@click.pass_obj
def merge(holder: LazyAssembly, knowledge_id: str, as_json: bool) -> None:
    """Merge the small segments of a data source's search index; what it answers stays the same."""
    assembly = holder.get()
    source = find_named(assembly, knowledge_id)
    report = merge_segments(assembly, source.id, source.name, index_progress)
    values = {
        "id": source.id,
        "name": source.name,
        "segments_before": report.segments_before,
        "segments_after": report.segments_after,
    }
    output.print_done(f"{source.name}: {describe_merge(report)}", values, as_json=as_json)


def merge_segments(
    assembly: Assembly, source_id: str, name: str, show: Callable[[str], AbstractContextManager[Progress]]
) -> MergeReport:
    """Merge the segments of a data source that is called `name`. Raises NotFoundError, StoreError, CatalogError."""
    with show(name) as progress:
        return open_merger(assembly).merge(source_id, progress)


def describe_merge(report: MergeReport) -> str:
    """Say in a sentence what came of a merge."""
    after = say_count(report.segments_after, "segment")
    if report.has_rest:
        return "nothing is merged now: the next run goes on from what an interrupted one left."
    if not report.segments_after:
        return "nothing to merge: it has no index that can be read here."
    if report.segments_after == report.segments_before:
        return f"nothing to merge: {after}."
    return f"{say_count(report.segments_before, 'segment')} became {report.segments_after:,}."
