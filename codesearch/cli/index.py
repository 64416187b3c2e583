"""`codesearch index`: brings data sources in, or up to date, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesearch.assembly import Assembly, open_indexer
from codesearch.cli import output
from codesearch.cli.context import LazyAssembly
from codesearch.cli.garbage import imports_kept
from codesearch.cli.limits import require_room_to_index
from codesearch.cli.progress import index_progress
from codesearch.cli.targets import Target
from codesearch.cli.wording import describe_error, naming_options
from codesearch.core.counts import say_count
from codesearch.core.errors import CodesearchError, DamagedStoreError, SourceError
from codesearch.core.types import BUNDLED_MODEL, DataSource

if TYPE_CHECKING:
    from indexer.pipeline import Indexer, IndexReport, Progress
    from indexer.workers.indexing_pool import IndexingPool
    from indexer.workers.processes import ForkServer


@click.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("--name", help="Name of the data source; the default comes from SOURCE.")
@click.option("--branch", help="Branch to index; the default is the repository's own.")
@click.option("--subdir", help="Index only this folder of the repository.")
@click.option("--committed", is_flag=True, help="Of a work tree, index the commit that is checked out, not the files.")
@click.option("--all", "everything", is_flag=True, help="Bring every data source of the catalog up to date.")
@click.option(
    "--examples",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    metavar="DIRECTORY",
    help="Index each folder in this one as an example, where nothing else is indexed.",
)
@click.option("--dry-run", is_flag=True, help="Show what would be indexed, what not, and why; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
@naming_options()
def index(
    holder: LazyAssembly,
    sources: tuple[str, ...],
    name: str | None,
    branch: str | None,
    subdir: str | None,
    committed: bool,
    everything: bool,
    examples: Path | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Index clone URLs, local git repositories or plain folders, or bring them up to date.

    A local work tree is indexed as it is on disk, uncommitted files included, ignored ones not.

    \b
    codesearch index https://github.com/pallets/flask
    codesearch index git@example.org:team/app.git --branch main --subdir server
    codesearch index pallets/flask gitlab.com/group/app
    codesearch index ~/work/app ~/work/library
    codesearch index --all
    """
    if [bool(sources), everything, examples is not None].count(True) != 1:
        raise click.UsageError("Give one SOURCE or more, --all, or --examples.")
    if name and len(sources) != 1:
        raise click.UsageError("--name goes with exactly one SOURCE.")
    if not sources and (branch or subdir or committed or dry_run):
        raise click.UsageError("--all and --examples go with none of --branch, --subdir, --committed and --dry-run.")
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
    with imports_kept():
        from indexer.workers.nurseries import fork_workers

    # First of all: what else is imported starts threads, and a process with threads cannot be forked.
    with fork_workers(assembly.settings) as forked:
        if examples is not None:
            from codesearch.cli.examples import index_examples

            index_examples(assembly, examples, as_json=as_json, forked_workers=forked)
            return
        targets = [Target(source, branch, subdir, name, committed) for source in sources]
        if everything:
            known = assembly.catalog.list_sources() if assembly.has_catalog() else []
            targets = [
                Target(item.location, item.branch, item.subdir, shown=item.name, is_known=True) for item in known
            ]
            if not targets:
                raise SourceError("Nothing is indexed yet. Run `codesearch index SOURCE`.")
            assembly.heal_damaged_files()
        index_targets(assembly, targets, as_json=as_json, forked_workers=forked)


def index_one(holder: LazyAssembly, source: str) -> DataSource:
    """Index one source for a command that needs it, and return it; what there is to say goes to stderr.

    Raises SourceError.
    """
    from codesearch.cli.reports import print_warnings

    assembly = holder.get()
    require_room_to_index(assembly.settings.index_workers)
    with index_progress(Target(source).label) as progress:
        # Without workers forked before: the catalog is open, which belongs to this process alone.
        report = open_indexer(assembly).index(source, name=None, branch=None, subdir=None, progress=progress)
    print_warnings(report.warnings)
    return report.source


def index_targets(
    assembly: Assembly,
    targets: Sequence[Target],
    *,
    as_json: bool,
    forked_workers: ForkServer | None = None,
    show: Callable[[str], AbstractContextManager[Progress]] = index_progress,
    at_once_rows: int | None = None,
) -> None:
    """Index all, and report in their order; one that fails does not keep the others from being indexed.

    `show` says how far the run of what is called so is. Of one source, segments of no more than `at_once_rows` are
    joined, where it is given.
    """
    require_room_to_index(assembly.settings.index_workers)
    with imports_kept():
        from codesearch.cli.reports import print_report, print_warnings, reports_as_json

        # The parts of a run, and what they stand on.
        import_module("indexer.pipeline")
    reports: list[IndexReport] = []
    failures: list[str] = []
    with _runs_of(assembly, targets, forked_workers, show, at_once_rows) as next_report:
        for target in targets:
            try:
                report = next_report(target)
            except CodesearchError as error:
                if len(targets) == 1:
                    raise
                failures.append(error.message)
                output.print_error(describe_error(error))
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
        raise SourceError(f"{len(failures)} of {say_count(len(targets), 'source')} could not be indexed.")


@contextmanager
def _runs_of(
    assembly: Assembly,
    targets: Sequence[Target],
    forked_workers: ForkServer | None,
    show: Callable[[str], AbstractContextManager[Progress]],
    at_once_rows: int | None,
) -> Iterator[Callable[[Target], IndexReport]]:
    """Give what returns the report of the next target. They share their workers; the store is tidied up at last."""
    from codesearch.cli.index_runs import Runs
    from indexer.workers.indexing_pool import IndexingPool

    if len(targets) < 2:
        with IndexingPool(assembly.settings, forked_workers) as pool:
            yield lambda target: _index(assembly, pool, target, show, at_once_rows)
        return

    @contextmanager
    def tidying_up() -> Iterator[None]:
        with show("all") as progress:
            progress.start("tidying up")
            yield

    with (
        assembly.writer.maintaining_together(tidying_up),
        IndexingPool(assembly.settings, forked_workers, keeps_workers=True) as pool,
    ):
        if assembly.settings.embedding_model != BUNDLED_MODEL:
            # A network takes all cores and much memory by itself.
            yield lambda target: _index(assembly, pool, target, show)
            return
        with Runs(
            targets,
            lambda target, turn: _run(open_indexer(assembly, pool, _refuse_to_heal), target, turn),
            must_wait=Target.must_wait_for,
            is_known=lambda target: target.is_known,
        ) as runs:

            def next_report(target: Target) -> IndexReport:
                try:
                    return runs.next_report(show(target.label))
                except DamagedStoreError:
                    # What another run has read of the store must not be from before it was healed.
                    runs.wait_for_others()
                    return _index(assembly, pool, target, show)

            yield next_report


def _index(
    assembly: Assembly,
    pool: IndexingPool,
    target: Target,
    show: Callable[[str], AbstractContextManager[Progress]],
    at_once_rows: int | None = None,
) -> IndexReport:
    with show(target.label) as progress:
        return _run(open_indexer(assembly, pool, at_once_rows=at_once_rows), target, progress)


def _run(indexer: Indexer, target: Target, progress: Progress) -> IndexReport:
    return indexer.index(
        target.source,
        name=target.name,
        branch=target.branch,
        subdir=target.subdir,
        committed=target.committed,
        progress=progress,
    )


def _refuse_to_heal(error: DamagedStoreError) -> None:
    raise error
