"""What a job's process says of itself on stdout, line by line: how far it is, and at the end what it did."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from codesearch.api.management import JobProgress
from codesearch.core.counts import say_count


class Reports:
    """The last of what was said. Lines come from one thread, others may look."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self._started = clock()
        self.progress = JobProgress()
        self.summary = ""
        self.failures: tuple[str, ...] = ()
        self.may_pass = False
        self.is_crowded = False

    def add(self, line: str) -> None:
        """Take a line; what is no JSON object of ours is passed over."""
        try:
            said = json.loads(line)
        except ValueError:
            return
        if not isinstance(said, dict):
            return
        if "may_pass" in said:
            self.may_pass = bool(said["may_pass"])
        elif "phase" in said:
            self._take_progress(said)
        elif "summary" in said:
            self.summary = str(said["summary"])
        else:
            self._take_report(said)

    def _take_progress(self, said: Mapping[str, Any]) -> None:
        before = self.progress
        if (said["source"], said["phase"]) != (before.source, before.phase):
            self._started = self._clock()
        done, seconds = int(said["files_done"]), self._clock() - self._started
        rate = round(done / seconds, 1) if done and seconds >= 1 else None
        self.progress = JobProgress(
            str(said["source"]), str(said["phase"]), done, said["files_total"], int(said["chunks_done"]), rate
        )

    def _take_report(self, said: Mapping[str, Any]) -> None:
        """Take what `codesearch index --json` prints: the report of one source, or a list for several."""
        self.failures = tuple(str(failure) for failure in said.get("failures", ()))
        reports = said.get("sources", [said])
        self.is_crowded = any(report.get("crowded") for report in reports)
        changed = sum(report["changed_files"] for report in reports)
        removed = sum(report["removed_files"] for report in reports)
        shared = dict.fromkeys(report["shared_with"] for report in reports if report.get("shared_with"))
        what = f"Nothing to index, shared with {', '.join(shared)}" if shared else "Nothing changed"
        if changed or removed:
            what = f"{say_count(changed, 'file')} indexed, {removed:,} removed"
        several = f" in {say_count(len(reports), 'source')}" if "sources" in said else ""
        warnings = " ".join(warning for report in reports for warning in report["warnings"])
        self.summary = f"{what}{several}. {warnings}".rstrip()
