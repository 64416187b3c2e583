"""Jobs as files in the data folder, one each, so that every process of the service sees the same."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from codesearch.api.management import Job, JobKind, JobProgress, JobRequest, JobState
from codesearch.core.errors import NotFoundError
from codesearch.core.locks import require_folder
from codesearch.core.trust import write_private_file

logger = logging.getLogger(__name__)

# Jobs that are over, kept to be looked at.
KEPT = 30
_ID = re.compile(r"[0-9]{20}-[0-9a-f]{8}")
_SUFFIX, _CANCELLED = ".json", ".cancel"
_TIMES = ("requested_at", "started_at", "ended_at")


class JobFiles:
    """The jobs of one data folder. Each file is written whole; who may write which is up to the caller."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def create_id(self) -> str:
        """Return a new id; later ones are greater."""
        return f"{time.time_ns():020d}-{secrets.token_hex(4)}"

    def list_jobs(self) -> list[Job]:
        """Return all jobs, the oldest first."""
        if not self._folder.is_dir():
            return []
        names = sorted(path.name for path in self._folder.glob(f"*{_SUFFIX}"))
        found = (self._read(name.removesuffix(_SUFFIX)) for name in names)
        return [job for job in found if job is not None]

    def get(self, job_id: str) -> Job:
        """Return a job; accepts any string. Raises NotFoundError."""
        job = self._read(job_id)
        if job is None:
            raise NotFoundError("There is no such job, or it is over for long.")
        return job

    def write(self, job: Job) -> None:
        """Write a job. Raises OSError, ConfigurationError where the folder cannot be made."""
        require_folder(self._folder)
        write_private_file(self._path_of(job.id), json.dumps(_to_json(job)).encode())

    def mark_cancelled(self, job_id: str) -> None:
        """Say that a job is not wanted any more. Raises OSError."""
        self._path_of(job_id, _CANCELLED).touch(mode=0o600)

    def is_cancelled(self, job_id: str) -> bool:
        """Say whether somebody has said so."""
        return self._path_of(job_id, _CANCELLED).exists()

    def prune(self) -> None:
        """Delete the oldest jobs that are over, and marks of jobs that are gone. Raises OSError."""
        over = [job for job in self.list_jobs() if job.state.is_over]
        for job in over[:-KEPT]:
            self._path_of(job.id).unlink(missing_ok=True)
        for mark in self._folder.glob(f"*{_CANCELLED}"):
            if not mark.with_suffix(_SUFFIX).exists():
                mark.unlink(missing_ok=True)

    def _read(self, job_id: str) -> Job | None:
        """Return a job, None where there is none that can be read."""
        if not _ID.fullmatch(job_id):
            return None
        try:
            job = _from_json(json.loads(self._path_of(job_id).read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError) as error:
            logger.warning("the job %s cannot be read: %s", job_id, error)
            return None
        return job if job.id == job_id else None

    def _path_of(self, job_id: str, suffix: str = _SUFFIX) -> Path:
        return self._folder / f"{job_id}{suffix}"


def _to_json(job: Job) -> dict[str, object]:
    values = {item.name: getattr(job, item.name) for item in fields(job) if item.name != "is_stopping"}
    for name in _TIMES:
        values[name] = None if values[name] is None else values[name].isoformat()
    for name in ("request", "progress"):
        values[name] = {item.name: getattr(values[name], item.name) for item in fields(values[name])}
    return values


def _from_json(values: Mapping[str, Any]) -> Job:
    times = {name: None if values[name] is None else datetime.fromisoformat(values[name]) for name in _TIMES}
    request = JobRequest(**{**values["request"], "kind": JobKind(values["request"]["kind"])})
    made = {"request": request, "progress": JobProgress(**values["progress"]), "state": JobState(values["state"])}
    return Job(**{**values, **times, **made})
