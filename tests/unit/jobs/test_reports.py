"""What a job's process says of itself."""

from __future__ import annotations

import json

from codesearch.api.management import JobProgress
from codesearch.jobs.reports import Reports

REPORT = {"changed_files": 1200, "removed_files": 3, "warnings": []}


def phase(name: str, done: int = 0, total: int | None = None) -> str:
    return json.dumps({"source": "shop", "phase": name, "files_done": done, "files_total": total, "chunks_done": 2})


def test_the_rate_is_that_of_the_phase() -> None:
    moments = iter([0.0, 10.0, 10.0, 10.5, 14.0])
    reports = Reports(lambda: next(moments))
    reports.add(phase("indexing", 0, 40))
    assert reports.progress == JobProgress("shop", "indexing", 0, 40, 2, None)
    reports.add(phase("indexing", 4, 40))
    assert reports.progress.files_per_second is None
    reports.add(phase("indexing", 20, 40))
    assert reports.progress == JobProgress("shop", "indexing", 20, 40, 2, 5.0)


def test_a_report_is_told_in_a_line() -> None:
    reports = Reports()
    reports.add(json.dumps({**REPORT, "warnings": ["submodules are not followed."]}))
    assert reports.summary == "1,200 files indexed, 3 removed. submodules are not followed."
    reports.add(json.dumps({**REPORT, "changed_files": 0, "removed_files": 0}))
    assert (reports.summary, reports.is_crowded) == ("Nothing changed.", False)
    reports.add(json.dumps({**REPORT, "changed_files": 0, "removed_files": 0, "shared_with": "shop"}))
    assert reports.summary == "Nothing to index, shared with shop."
    reports.add(json.dumps({**REPORT, "crowded": True}))
    assert reports.is_crowded


def test_several_sources_are_summed_and_failures_kept() -> None:
    reports = Reports()
    reports.add(json.dumps({"sources": [REPORT, REPORT], "failures": ["shop: gone"]}))
    assert (reports.summary, reports.failures) == ("2,400 files indexed, 6 removed in 2 sources.", ("shop: gone",))


def test_what_is_no_report_is_passed_over() -> None:
    reports = Reports()
    for line in ("", "no JSON", "[1]", "7", "null"):
        reports.add(line)
    assert (reports.progress, reports.summary) == (JobProgress(), "")
