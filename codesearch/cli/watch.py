"""`codesearch watch`: indexes a folder, then every change to it, until ctrl-C."""

from __future__ import annotations

import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesearch.cli import output
from codesearch.cli.context import LazyAssembly
from codesearch.cli.limits import require_room_to_index
from codesearch.core.counts import say_count
from codesearch.core.errors import SourceError

if TYPE_CHECKING:
    from indexer.pipeline import IndexReport, Progress


@click.command()
@click.argument("path", default=".", metavar="[PATH]")
@click.option("--name", help="Name of the data source; the default comes from PATH.")
@click.pass_obj
def watch(holder: LazyAssembly, path: str, name: str | None) -> None:
    """Index the folder at PATH (the current one), and again whatever changes in it, until ctrl-C.

    A checkout is indexed from its root, uncommitted files included, ignored ones not. What was saved is found by every
    search on the same data folder, also of a service or an agent, about a second later.
    """
    from codesearch.cli.mcp.folder import choose_folder
    from codesearch.cli.termination import interrupted_by_termination
    from codesearch.cli.watching.turn import take_watch_lock
    from indexer.workers.nurseries import fork_workers

    assembly = holder.get()
    require_room_to_index(assembly.settings.index_workers)
    if not Path(path).expanduser().is_dir():
        raise SourceError(f"There is no folder {path}; name a checkout or a folder.")
    folder = choose_folder(path, Path.cwd())
    if folder.root is None:
        raise SourceError(f"{folder.here} is too much to watch; name the folder of a project.")
    assembly.require_data_dir()
    try:
        # Stopping it is no failure. The workers' server is forked before, and ends as any process does.
        with (
            take_watch_lock(assembly.settings.data_dir, folder.root),
            fork_workers(assembly.settings) as forked,
            interrupted_by_termination(),
        ):
            from codesearch.cli.watching.relevance import Relevance
            from codesearch.cli.watching.runs import WarmRuns
            from codesearch.cli.watching.watcher import FolderWatcher

            with WarmRuns(assembly, folder, forked, name) as runs:
                root = folder.root
                _tell_first(root, runs.run(_shown(str(root.name))))

                def run() -> None:
                    began = time.monotonic()
                    _tell(runs.run(_silent()), time.monotonic() - began)

                FolderWatcher(root, Relevance(root, assembly.settings), run, output.print_error, runs.rest).watch()
    except KeyboardInterrupt:
        click.echo("Stopped.", err=True)


def _shown(label: str) -> AbstractContextManager[Progress]:
    from codesearch.cli.progress import index_progress

    return index_progress(label)


def _silent() -> AbstractContextManager[Progress]:
    from contextlib import nullcontext

    from indexer.pipeline import SilentProgress

    return nullcontext(SilentProgress())


def _tell_first(root: Path, report: IndexReport) -> None:
    from codesearch.cli.reports import print_report

    print_report(report)
    click.echo(f"Watching {output.visible(str(root))}; ctrl-C ends it.", err=True)
    sys.stdout.flush()


def _tell(report: IndexReport, seconds: float) -> None:
    if report.wrote:
        done = f"{say_count(report.changed, 'file')} indexed, {report.removed:,} removed"
        print(f"{time.strftime('%H:%M:%S')} {done} in {seconds:.1f} s", flush=True)
