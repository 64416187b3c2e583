"""`codesearch index`: brings data sources in, or up to date, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from codesearch.assembly import Assembly, open_indexer
from codesearch.cli import output
from codesearch.cli.context import LazyAssembly
from codesearch.cli.limits import require_room_to_index
from codesearch.cli.progress import index_progress
from codesearch.core.errors import CodesearchError, SourceError

if TYPE_CHECKING:
    from indexer.pipeline import IndexReport
    from indexer.workers.processes import ForkServer


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be indexed, and how, as the command line or the catalog says it."""

    source: str
    branch: str | None = None
    subdir: str | None = None
    name: str | None = None
    committed: bool = False


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("--name", help="Name of the data source; the default comes from SOURCE.")
@click.option("--branch", help="Branch to index; the default is the repository's own.")
@click.option("--subdir", help="Index only this folder of the repository.")
@click.option("--committed", is_flag=True, help="Of a work tree, index the commit that is checked out, not the files.")
@click.option("--all", "everything", is_flag=True, help="Bring every data source of the catalog up to date.")
@click.option("--dry-run", is_flag=True, help="Show what would be indexed, what not, and why; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def index(
    holder: LazyAssembly,
    sources: tuple[str, ...],
    name: str | None,
    branch: str | None,
    subdir: str | None,
    committed: bool,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Index clone URLs, local git repositories or plain folders, or bring them up to date.

    A local work tree is indexed as it is on disk, uncommitted files included, ignored ones not.

    \b
    codesearch index https://github.com/pallets/flask
    codesearch index git@example.org:team/app.git --branch main --subdir server
    codesearch index ~/work/app ~/work/library
    codesearch index --all
    """
    if bool(sources) == everything:
        raise click.UsageError("Give one SOURCE or more, or --all.")
    if name and len(sources) != 1:
        raise click.UsageError("--name goes with exactly one SOURCE.")
    if everything and (branch or subdir or committed or dry_run):
        raise click.UsageError("--all goes with none of --branch, --subdir, --committed and --dry-run.")
    assembly = holder.get()
    require_room_to_index(assembly.settings.index_workers)
    if dry_run:
        from codesearch.cli.reports import print_previews
        from indexer.pipeline import preview_source

        previews = [
            preview_source(source, branch=branch, subdir=subdir, committed=committed, settings=assembly.settings)
            for source in sources
        ]
        print_previews(previews, as_json=as_json)
        return
    from indexer.workers.pool import fork_workers

    # First of all: what else is imported starts threads, and a process with threads cannot be forked.
    with fork_workers(assembly.settings) as forked:
        targets = [Target(source, branch, subdir, name, committed) for source in sources]
        if everything:
            targets = [Target(item.location, item.branch, item.subdir) for item in assembly.catalog.list_sources()]
            if not targets:
                raise SourceError("Nothing is indexed yet. Run `codesearch index SOURCE`.")
            assembly.heal_damaged_files()
        index_targets(assembly, targets, as_json=as_json, forked_workers=forked)


def index_targets(
    assembly: Assembly,
    targets: Sequence[Target],
    *,
    as_json: bool,
    forked_workers: ForkServer | None = None,
) -> None:
    """Index one after the other; one that fails does not keep the others from being indexed."""
    require_room_to_index(assembly.settings.index_workers)
    from codesearch.cli.reports import print_report, print_warnings, reports_as_json

    reports: list[IndexReport] = []
    failures: list[str] = []
    for target in targets:
        try:
            with index_progress() as progress:
                report = open_indexer(assembly, forked_workers).index(
                    target.source,
                    name=target.name,
                    branch=target.branch,
                    subdir=target.subdir,
                    committed=target.committed,
                    progress=progress,
                )
        except CodesearchError as error:
            if len(targets) == 1:
                raise
            failures.append(error.message)
            output.print_error(error.message)
            continue
        reports.append(report)
        if as_json:
            print_warnings(report.warnings)
        else:
            print_report(report)
    if not assembly.outdated_sources():
        assembly.writer.drop_other_formats([source.id for source in assembly.catalog.list_sources()])
    assembly.removals.finish_all()
    if as_json:
        output.print_json(reports_as_json(reports, failures))
    if failures:
        raise SourceError(f"{len(failures)} of {len(targets)} sources could not be indexed.")
