"""The command line: the composition root, the one place where the service and the indexer meet.

Commands import what only they need, so that `--help` and `list` answer at once.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Sequence
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codesearch import cli_admin, cli_evaluate, cli_output, cli_progress
from codesearch.assembly import LOCAL_PRINCIPAL, Assembly
from codesearch.core.errors import CodesearchError, SourceError
from codesearch.core.types import SearchQuery, SourceState
from codesearch.listening import find_port, run_workers, url_host
from codesearch.logs import configure_logging

if TYPE_CHECKING:
    from codesearch.api.app import Application
    from codesearch.api.deps import Services
    from codesearch.core.config import Settings
    from indexer.pipeline import Indexer, IndexReport
    from indexer.workers import WorkerPool

logger = logging.getLogger(__name__)

# What the first run calls the workspace of all that it indexed.
EXAMPLES = "examples"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0, 1 for a failure, 2 for wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        # A name that the terminal's encoding lacks is no reason to fail.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        # Without standalone mode, click returns the status that a command exits with.
        sys.exit(commands.main(args=list(arguments) if arguments is not None else None, standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        cli_output.print_error("Interrupted. Nothing half-written was left; run the same command to go on.")
        # Everything is closed by now. Python itself would first wait for threads of the worker pool, whose queues may
        # have nobody left at their other end.
        _flush()
        os._exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except CodesearchError as error:
        cli_output.print_error(error.message)
        sys.exit(1)
    except Exception as error:
        logger.debug("unforeseen", exc_info=True)
        name = type(error).__name__
        cli_output.print_error(f"Unforeseen failure: {name}: {error}. CODESEARCH_LOG_LEVEL=debug tells more.")
        sys.exit(1)


def run() -> None:
    """Be the program: `main`, and an exit that gives memory back at once and not piece by piece, which takes 0.15 s."""
    status = 0
    try:
        main()
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    os._exit(status if _flush() else status or 1)


def _flush() -> bool:
    """Write out what was printed; say whether somebody could still read it."""
    is_read = True
    for stream in (sys.stdout, sys.stderr):
        try:
            # None where the caller has closed it.
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            is_read = False
    return is_read


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codesearch")
@click.pass_context
def commands(context: click.Context) -> None:
    """Self-hosted code search: index repositories, ask questions, get the lines that answer them.

    \b
    codesearch index SOURCE     a clone URL, a git repository or a folder
    codesearch search ID QUERY  ask here
    codesearch serve            answer over HTTP, for Dify and scripts

    Settings are CODESEARCH_ variables or lines of codesearch.toml; `codesearch doctor` checks them.
    """
    context.obj = cli_admin.LazyAssembly(_open_assembly)
    context.call_on_close(context.obj.close)


def _open_assembly() -> Assembly:
    from codesearch.core.config import load_settings
    from indexer.chunking import CHUNKER_VERSION

    settings = load_settings()
    configure_logging(settings)
    return Assembly(settings, CHUNKER_VERSION)


cli_admin.register(commands)
commands.add_command(cli_evaluate.evaluate)


@commands.command()
@click.argument("sources", nargs=-1, metavar="SOURCE...")
@click.option("--name", help="Name of the data source; the default comes from SOURCE.")
@click.option("--branch", help="Branch to index; the default is the repository's own.")
@click.option("--subdir", help="Index only this folder of the repository.")
@click.option("--all", "everything", is_flag=True, help="Bring every data source of the catalog up to date.")
@click.option("--dry-run", is_flag=True, help="Show what would be indexed, what not, and why; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def index(
    holder: cli_admin.LazyAssembly,
    sources: tuple[str, ...],
    name: str | None,
    branch: str | None,
    subdir: str | None,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Index clone URLs, local git repositories or plain folders, or bring them up to date.

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
    if everything and (branch or subdir or dry_run):
        raise click.UsageError("--all goes with none of --branch, --subdir and --dry-run.")
    assembly = holder.get()
    if dry_run:
        from indexer.pipeline import preview_source

        previews = [
            preview_source(source, branch=branch, subdir=subdir, settings=assembly.settings) for source in sources
        ]
        cli_output.print_previews(previews, as_json=as_json)
        return
    from indexer.workers import fork_workers

    # First of all: what else is imported starts threads, and a process with threads cannot be forked.
    with fork_workers(assembly.settings) as forked:
        targets = [(source, branch, subdir, name) for source in sources]
        if everything:
            targets = [(item.location, item.branch, item.subdir, None) for item in assembly.catalog.list_sources()]
            if not targets:
                raise SourceError("Nothing is indexed yet. Run `codesearch index SOURCE`.")
        _index_targets(assembly, targets, as_json=as_json, forked_workers=forked)


def _index_targets(
    assembly: Assembly,
    targets: Sequence[tuple[str, str | None, str | None, str | None]],
    *,
    as_json: bool,
    forked_workers: WorkerPool | None = None,
) -> None:
    """Index one after the other; one that fails does not keep the others from being indexed."""
    reports: list[IndexReport] = []
    failures: list[str] = []
    for source, branch, subdir, name in targets:
        try:
            with cli_progress.index_progress() as progress:
                report = open_indexer(assembly, forked_workers).index(
                    source, name=name, branch=branch, subdir=subdir, progress=progress
                )
        except CodesearchError as error:
            if len(targets) == 1:
                raise
            failures.append(error.message)
            cli_output.print_error(error.message)
            continue
        reports.append(report)
        if not as_json:
            cli_output.print_report(report)
    if not assembly.outdated_sources():
        assembly.writer.drop_other_formats()
    if as_json:
        cli_output.print_json(cli_output.reports_as_json(reports, failures))
    if failures:
        raise SourceError(f"{len(failures)} of {len(targets)} sources could not be indexed.")


def open_indexer(assembly: Assembly, forked_workers: WorkerPool | None = None) -> Indexer:
    """Return an indexer into the assembly's catalog and store. Raises ConfigurationError without a data folder."""
    from indexer.pipeline import Indexer

    assembly.require_data_dir()
    return Indexer(
        catalog=assembly.catalog,
        store=assembly.store,
        writer=assembly.writer,
        search_indexes=assembly.search_indexes,
        load_embedder=lambda: assembly.embedder,
        settings=assembly.settings,
        forked_workers=forked_workers,
    )


@commands.command()
@click.argument("knowledge_id", metavar="ID")
@click.argument("query")
@click.option("--top-k", type=click.IntRange(1, 100), default=5, show_default=True, help="How many records.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.0, help="Leave out records with a lower score.")
@click.option("--explain", is_flag=True, help="Say of each record why it has its score.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def search(
    holder: cli_admin.LazyAssembly,
    knowledge_id: str,
    query: str,
    top_k: int,
    threshold: float,
    explain: bool,
    as_json: bool,
) -> None:
    """Ask the repository or workspace ID (or its name) and print the lines that answer.

    \b
    codesearch search flask "where are cookies signed?"
    codesearch search flask make_response --top-k 20 --json
    """
    if not query.strip():
        raise click.UsageError("The query is blank.")
    # Bytes of another encoding arrive from the shell as halves of surrogate pairs, which no model can read.
    text = query.encode("utf-8", "replace").decode("utf-8")
    assembly = holder.get()
    asked = SearchQuery(knowledge_id, text, top_k, threshold, explain=explain)
    hits = assembly.retriever.retrieve(LOCAL_PRINCIPAL, asked)
    cli_output.print_hits(hits, as_json=as_json)


@commands.command()
@click.option("--host", help="Address to listen on; default CODESEARCH_HOST or 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; default CODESEARCH_PORT or 8000.")
@click.option("--workers", type=click.IntRange(1), help="Server processes; default CODESEARCH_WORKERS or 1.")
@click.option(
    "--first-run",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="When nothing is indexed yet, index each folder in this one; create a first key when there is none.",
)
@click.pass_obj
def serve(
    holder: cli_admin.LazyAssembly, host: str | None, port: int | None, workers: int | None, first_run: Path | None
) -> None:
    """Serve the retrieval API until ctrl-C.

    POST /retrieval answers with the lines that match; /dify/retrieval also says in the text where they stand.
    `codesearch key create NAME` makes the key that a request needs; /openapi.json describes everything.
    """
    import uvicorn

    # Stopping a service is no failure; uvicorn raises the signal again once it has shut down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    assembly = holder.get()
    settings = assembly.settings
    host, port, workers = host or settings.host, settings.port if port is None else port, workers or settings.workers
    port = find_port(host, port)
    if first_run is not None:
        _index_first(assembly, first_run)
    assembly.require_readable_index()
    for source in assembly.outdated_sources():
        logger.warning("%s is not served: %s", source.name, assembly.describe_mismatch())
    secret = None
    if first_run is not None and not assembly.catalog.has_keys():
        _, secret = assembly.catalog.create_key("first", source_ids=None, is_admin=True, expires_at=None)
    url = f"http://{url_host(host)}:{port}"
    cli_output.print_welcome(assembly.catalog.list_sources(), assembly.catalog.list_workspaces(), url, secret)
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
    }
    if workers == 1:
        uvicorn.run(_application(assembly), **options)
    else:
        run_workers(uvicorn.Config("codesearch.cli:application", factory=True, workers=workers, **options))


def _index_first(assembly: Assembly, folder: Path) -> None:
    """Index each folder in this one when nothing else was ever indexed; one that fails does not keep the rest away."""
    folders = sorted(path.resolve() for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    known = {source.location: source.state for source in assembly.catalog.list_sources()}
    # The first key is created after this: without one, an earlier first run may have been cut short.
    cut_short = not assembly.catalog.list_keys() and known.keys() <= {str(path) for path in folders}
    if known and not cut_short:
        return
    missing = [path for path in folders if known.get(str(path)) is not SourceState.READY]
    try:
        _index_targets(assembly, [(str(path), None, None, None) for path in missing], as_json=False)
    except SourceError as error:
        cli_output.print_error(error.message)
    indexed = [source.id for source in assembly.catalog.list_sources()]
    if missing and len(indexed) > 1 and assembly.catalog.resolve(EXAMPLES) is None:
        assembly.catalog.create_workspace(EXAMPLES, indexed)


def application() -> Application:
    """Build the service from the environment: what a server process of several calls."""
    return _application(_open_assembly())


def _application(assembly: Assembly) -> Application:
    from codesearch.api.app import create_app
    from codesearch.api.deps import Services

    def open_services(_: Settings) -> Services:
        return Services(retriever=assembly.retriever, catalog=assembly.catalog, close=assembly.close)

    return create_app(assembly.settings, open_services)


if __name__ == "__main__":
    run()
