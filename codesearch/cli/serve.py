"""`codesearch serve`: the service in one process or several, and what a first run does before it."""

from __future__ import annotations

import logging
import os
import signal
import sys
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codesearch.assembly import Assembly
from codesearch.cli import output
from codesearch.cli.context import LazyAssembly, open_logging_assembly
from codesearch.cli.limits import require_room_to_search
from codesearch.cli.listening import find_port, run_workers, share_metrics, url_host
from codesearch.cli.stopping import Stopping
from codesearch.cli.wording import describe_error
from codesearch.cli.worker import Workers
from codesearch.core.errors import ConfigurationError, SourceError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from codesearch.api.deps import Services
    from codesearch.cli.welcome import NewKey
    from codesearch.core.config import Settings

logger = logging.getLogger(__name__)

SWITCH_SECONDS = 0.001
# In the data folder, where no terminal can show the first key.
FIRST_KEY_FILE = "first-key"


@click.command()
@click.option("--host", help="Address to listen on; default CODESEARCH_HOST or 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; default CODESEARCH_PORT or 8000.")
@click.option("--workers", type=click.IntRange(1), help="Server processes; default CODESEARCH_WORKERS or 1.")
@click.option(
    "--jobs", type=click.IntRange(0, 64), help="Jobs done at once; default CODESEARCH_WORKER_JOBS or 1; 0: none."
)
@click.option(
    "--first-run",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="When nothing is indexed yet, index each folder in this one; create a first key when there is none.",
)
@click.pass_obj
def serve(
    holder: LazyAssembly,
    host: str | None,
    port: int | None,
    workers: int | None,
    jobs: int | None,
    first_run: Path | None,
) -> None:
    """Serve the retrieval API until ctrl-C.

    POST /retrieval answers with the lines that match; /dify/retrieval also says in the text where they stand.
    `codesearch key create NAME` makes the key that a request needs; /openapi.json describes everything.
    """
    require_room_to_search()
    import uvicorn

    from codesearch.access.opening import open_audit_log, open_door
    from codesearch.api.webhooks.secret_list import SecretList
    from codesearch.cli.connections import BACKLOG, ConnectionFactory
    from codesearch.cli.welcome import own_command, print_welcome
    from codesearch.telemetry.opening import require_telemetry

    # Stopping a service is no failure; uvicorn raises the signal again once it has shut down.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    assembly = holder.get()
    settings = assembly.settings
    require_telemetry(settings)
    host, port, workers = host or settings.host, settings.port if port is None else port, workers or settings.workers
    port = find_port(host, port)
    if first_run is not None:
        _index_first(assembly, first_run)
    assembly.require_readable_index()
    for source in assembly.outdated_sources():
        logger.warning("%s is not served: %s", source.name, assembly.describe_mismatch())
    open_door(settings, assembly.catalog).close()
    SecretList(settings)
    if (audit := open_audit_log(settings)) is not None:
        audit.close()
    key = None
    if first_run is not None and not assembly.catalog.has_keys():
        key = _create_first_key(assembly)
    # It is written again when the service ends, which may be long from now.
    assembly.catalog.back_up()
    url = f"http://{url_host(host)}:{port}"
    sources, workspaces = assembly.catalog.list_sources(), assembly.catalog.list_workspaces()
    print_welcome(sources, workspaces, url, key, own_command(settings.data_dir))
    options: dict[str, Any] = {
        "host": host,
        "port": port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "http": ConnectionFactory(settings.request_seconds, settings.max_connections),
        "timeout_keep_alive": settings.idle_seconds,
        "timeout_graceful_shutdown": settings.stop_seconds,
        "loop": f"codesearch.cli.connections:{'ServingLoop' if workers == 1 else 'SharingLoop'}",
        "backlog": BACKLOG,
    }
    with closing(Workers(_count_workers(settings, jobs))):
        if workers == 1:
            uvicorn.run(_application(assembly), **options)
        else:
            config = uvicorn.Config("codesearch.cli.serve:application", factory=True, workers=workers, **options)
            with share_metrics(settings):
                run_workers(config)


def _count_workers(settings: Settings, asked: int | None) -> int:
    """Return how many workers are started: none where they could not even take their place."""
    count = settings.worker_jobs if asked is None else asked
    if count and settings.data_dir.exists() and not os.access(settings.data_dir, os.W_OK):
        logger.warning("no jobs are done here: the data folder %s cannot be written", settings.data_dir)
        return 0
    return count


def _index_first(assembly: Assembly, folder: Path) -> None:
    """Index each folder in this one when nothing else was ever indexed; one that fails does not keep the rest away."""
    from codesearch.cli.examples import index_as_examples, list_folders, list_others

    folders = list_folders(folder)
    # The first key is created after this: without one, an earlier first run may have been cut short.
    cut_short = not assembly.catalog.list_keys() and not list_others(assembly, folders)
    if assembly.catalog.list_sources() and not cut_short:
        return
    try:
        index_as_examples(assembly, folders, only_missing=True)
    except SourceError as error:
        output.print_error(describe_error(error))


def _create_first_key(assembly: Assembly) -> NewKey:
    """Make a key that reads everything; its secret is shown on a terminal alone, elsewhere it goes to a private file.

    What is no terminal is likely a log, which is kept and read by others.
    """
    from codesearch.cli.welcome import NewKey
    from codesearch.core.trust import write_private_file

    key, secret = assembly.catalog.create_key("first", source_ids=None, is_admin=False, expires_at=None)
    if sys.stdout.isatty():
        return NewKey(secret)
    path = assembly.settings.data_dir.resolve() / FIRST_KEY_FILE
    try:
        assembly.require_data_dir()
        write_private_file(path, f"{secret}\n".encode())
    except OSError as error:
        # Nobody has it: the next start makes another.
        assembly.catalog.revoke_key(key.id)
        raise ConfigurationError(f"The first key cannot be written to {path}: {error.strerror}.") from error
    return NewKey(secret, path)


def application() -> ASGIApp:
    """Build the service from the environment: what a server process of several calls."""
    # The process that started this one has said what does not count.
    return _application(open_logging_assembly(lambda _: None))


def _application(assembly: Assembly) -> ASGIApp:
    # Threads that compute let go of the interpreter after this: the event loop needs it for every request, at once.
    sys.setswitchinterval(SWITCH_SECONDS)
    from codesearch.access.opening import open_audit_log, open_door
    from codesearch.api.app import create_app
    from codesearch.api.deps import Services
    from codesearch.cli.freshening import open_job_freshener
    from codesearch.cli.management.opening import open_management

    stopping = Stopping(assembly.settings.drain_seconds)

    def open_services(_: Settings) -> Services:
        retriever = assembly.retriever
        management = open_management(assembly)
        freshener = retriever.freshener = open_job_freshener(assembly.catalog, assembly.settings, management.jobs)
        door = open_door(assembly.settings, assembly.catalog)
        audit = open_audit_log(assembly.settings)

        telemetry = assembly.open_telemetry()

        # The last one first. Whatever one of them raises, the others are closed, and the audit log is written out.
        parts = ExitStack()
        parts.callback(assembly.close)
        if audit is not None:
            parts.callback(audit.close)
        for part in (door, telemetry, freshener):
            parts.callback(part.close)

        return Services(
            retriever,
            assembly.catalog,
            parts.close,
            assembly.toolbox,
            retriever.turns,
            management,
            door,
            audit,
            peer_desk=assembly.open_peer_desk(),
            lookup_desk=assembly.open_lookup_desk(),
            is_stopping=lambda: stopping.has_begun,
            telemetry=telemetry,
        )

    return stopping.around(create_app(assembly.settings, open_services))
