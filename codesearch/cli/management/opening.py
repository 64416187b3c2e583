"""Opens what is behind the pages and addresses for admins, and what does jobs."""

from __future__ import annotations

import threading
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.api.management import IndexSize, Management
from codesearch.cli.management.addresses import check_address, check_organisation
from codesearch.cli.management.kept_process import KeptProcess
from codesearch.cli.programs import command_of
from codesearch.core.index.usage import measure_segments
from codesearch.core.locks import delete_path

if TYPE_CHECKING:
    from codesearch.assembly import Assembly


def open_management(assembly: Assembly) -> Management:
    """Return the parts, which are closed with the assembly. Contacts nobody."""
    from codesearch.assembly import SEARCH_FOLDER

    takes_paths = assembly.settings.page_paths
    return Management(
        catalog=assembly.catalog,
        jobs=assembly.jobs,
        check_address=partial(check_address, takes_paths=takes_paths),
        check_organisation=check_organisation,
        note_removal=lambda source_id: assembly.removals.note(source_id),
        takes_paths=takes_paths,
        default_refresh_minutes=assembly.settings.refresh_minutes,
        measure_index=partial(_measure_index, assembly.settings.data_dir / SEARCH_FOLDER),
    )


def _measure_index(folder: Path, source_id: str) -> IndexSize:
    usage = measure_segments(folder / source_id)
    return IndexSize(usage.segments, usage.index_bytes)


def work(assembly: Assembly, is_over: threading.Event) -> None:
    """Do jobs until the event is set. Raises ConfigurationError, JobsUnavailableError."""
    from codesearch.jobs.places import WorkerPlace
    from codesearch.jobs.worker import Worker

    assembly.require_data_dir()
    # What waited in files of earlier versions.
    with suppress(OSError):
        delete_path(assembly.settings.data_dir / "page-jobs")
    place = WorkerPlace(assembly.settings.data_dir)
    process = KeptProcess(command_of("codesearch.cli.management.job_process"))
    minutes = assembly.settings.refresh_minutes
    Worker(assembly.job_database, place, assembly.catalog, process.start, default_minutes=minutes).run(is_over)
