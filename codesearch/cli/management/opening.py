"""Opens what is behind the pages and addresses for admins."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from codesearch.api.management import IndexSize, JobRequest, Management
from codesearch.assembly import SEARCH_FOLDER, Assembly
from codesearch.cli.management.addresses import check_address
from codesearch.cli.management.runner import JobRunner
from codesearch.cli.programs import command_of
from codesearch.core.index.usage import measure_segments


def open_management(assembly: Assembly) -> tuple[Management, JobRunner]:
    """Return the parts, and who does the jobs: to be started, and closed before the assembly is."""
    takes_paths = assembly.settings.page_paths
    runner = JobRunner(assembly.settings.data_dir, _job_command)
    management = Management(
        catalog=assembly.catalog,
        jobs=runner,
        check_address=partial(check_address, takes_paths=takes_paths),
        note_removal=lambda source_id: assembly.removals.note(source_id),
        takes_paths=takes_paths,
        measure_index=partial(_measure_index, assembly.settings.data_dir / SEARCH_FOLDER),
    )
    return management, runner


def _measure_index(folder: Path, source_id: str) -> IndexSize:
    usage = measure_segments(folder / source_id)
    return IndexSize(usage.segments, usage.index_bytes)


def _job_command(request: JobRequest) -> Sequence[str]:
    return command_of("codesearch.cli.management.job_process", json.dumps(asdict(request)))
