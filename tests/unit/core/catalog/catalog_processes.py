"""What processes do beside one another with a catalog. They import this alone, without pytest."""

from __future__ import annotations

import multiprocessing
import os
from multiprocessing.synchronize import Event

from codesearch.core.catalog.catalog import open_catalog

LOCATION = "https://example.org/acme/shop.git"


def make_id(number: int) -> str:
    """Return an id as sources have it."""
    return f"{number:024x}"


def run_process(target: object, *arguments: object) -> multiprocessing.process.BaseProcess:
    """Start a function in a process of its own, which inherits nothing."""
    process = multiprocessing.get_context("spawn").Process(target=target, args=arguments)  # type: ignore[arg-type]
    process.start()
    return process


def start_and_die(database_url: str, source_id: str) -> None:
    """Start a run, and end without a word in its middle."""
    catalog = open_catalog(database_url)
    run_id = catalog.start_run(source_id)
    catalog.report_progress(run_id, phase="chunking", files_done=40, files_total=120)
    os._exit(9)


def write(database_url: str, number: int) -> None:
    """Add a source of all writers and one of its own, and publish twenty runs."""
    runs = []
    with open_catalog(database_url) as catalog:
        catalog.add_source(id=make_id(1), suggested_names=["shared"], location=LOCATION)
        own = catalog.add_source(id=make_id(100 + number), suggested_names=["own"], location=LOCATION)
        for _ in range(20):
            run_id = catalog.start_run(own.id)
            runs.append(run_id)
            for done in range(5):
                catalog.report_progress(run_id, phase="chunking", files_done=done, files_total=5)
            catalog.finish_run(run_id, commit=f"c{run_id}", file_count=run_id, chunk_count=run_id)
    assert runs == sorted(set(runs))


def read(database_url: str, secret: str, is_over: Event) -> None:
    """Read until it is over; fail at half of a publication."""
    published: dict[str, int] = {}
    while not is_over.is_set():
        # Opened anew, for opening and closing are what locks a SQLite file.
        with open_catalog(database_url) as catalog:
            for _ in range(20):
                assert catalog.authenticate(secret).name == "reader"
                for source in catalog.list_sources():
                    # A half-published source would show here; so would one that went back in time.
                    assert source.file_count == source.chunk_count == source.run_id
                    assert source.commit == (f"c{source.run_id}" if source.run_id else None)
                    assert source.run_id >= published.get(source.id, 0)
                    published[source.id] = source.run_id


def open_and_add(database_url: str, number: int) -> None:
    """Open the catalog, which may not be there, and add a source."""
    with open_catalog(database_url) as catalog:
        catalog.add_source(id=make_id(number), suggested_names=["shop"], location=LOCATION)
