"""What an index run has done, or would do, for people and as JSON."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from enum import Enum
from typing import Any, Protocol

from codesearch.cli.listings import describe_tree, source_as_json
from codesearch.cli.output import print_json, visible
from codesearch.cli.wording import name_options
from codesearch.core.counts import count_contents, say_count
from codesearch.core.redaction import redact
from codesearch.core.types import DataSource

SHOWN_UNPARSED = 5
# Of less text, the time goes into all that a run does besides.
LEAST_RATED_CHARACTERS = 1_000_000


class UnparsedLike(Protocol):
    """What is shown of a file that was not read by its syntax."""

    @property
    def path(self) -> str: ...

    @property
    def reason(self) -> Enum: ...

    @property
    def is_left_out(self) -> bool: ...


class ReportLike(Protocol):
    """What is shown of an index run."""

    @property
    def source(self) -> DataSource: ...

    @property
    def changed(self) -> int: ...

    @property
    def unchanged(self) -> int: ...

    @property
    def removed(self) -> int: ...

    @property
    def embedded_chunks(self) -> int: ...

    @property
    def characters(self) -> int: ...

    @property
    def seconds(self) -> float: ...

    @property
    def is_crowded(self) -> bool: ...

    @property
    def skipped(self) -> dict[str, int]: ...

    @property
    def unparsed(self) -> Sequence[UnparsedLike]: ...

    @property
    def warnings(self) -> tuple[str, ...]: ...

    @property
    def wrote(self) -> bool: ...

    @property
    def shared_with(self) -> str | None: ...


class PreviewLike(Protocol):
    """What is shown of a dry run."""

    @property
    def location(self) -> str: ...

    @property
    def commit(self) -> str | None: ...

    @property
    def is_work_tree(self) -> bool: ...

    @property
    def files(self) -> tuple[tuple[str, int], ...]: ...

    @property
    def skipped(self) -> tuple[Any, ...]: ...

    @property
    def counts(self) -> dict[str, int]: ...

    @property
    def warnings(self) -> tuple[str, ...]: ...


def print_report(report: ReportLike) -> None:
    """Print the end of an index run: the id, what changed, what was skipped, how long it took."""
    source = report.source
    counts = count_contents(source)
    commit = source.commit[:12] if source.commit else ""
    if source.uncommitted_count is None:
        print(f"{source.id}  {source.name}{f' at {commit}' if commit else ''}: {counts}")
    else:
        print(f"{source.id}  {source.name}: {counts}{describe_tree(source)}{f', over {commit}' if commit else ''}")
    # Of a moment's work, or of little text, a rate says nothing.
    is_rated = report.seconds >= 1 and report.characters >= LEAST_RATED_CHARACTERS
    rate = f" ({report.characters / 1e6 / report.seconds:.1f} MB/s)" if is_rated else ""
    shared = f", shared with {visible(report.shared_with)}" if report.shared_with else ""
    if report.wrote:
        print(
            f"  {say_count(report.changed, 'file')} indexed ({say_count(report.embedded_chunks, 'chunk')}), "
            f"{report.unchanged:,} unchanged{shared}, {report.removed:,} removed in {report.seconds:.1f} s{rate}"
        )
    elif shared:
        print(f"  nothing to index: {say_count(report.unchanged, 'file')}{shared} ({report.seconds:.1f} s)")
    else:
        print(f"  nothing changed ({report.seconds:.1f} s)")
    if report.skipped:
        print(f"  skipped: {_list_counts(report.skipped)}")
    for is_left_out, what in ((False, "read as lines, their syntax being too much"), (True, "left out, too much")):
        files = [item for item in report.unparsed if item.is_left_out == is_left_out]
        if files:
            named = ", ".join(f"{visible(item.path)} ({item.reason.value})" for item in files[:SHOWN_UNPARSED])
            more = f" and {len(files) - SHOWN_UNPARSED:,} more" if len(files) > SHOWN_UNPARSED else ""
            print(f"  {what}: {len(files):,}: {named}{more}")
    print_warnings(report.warnings)


def print_warnings(warnings: Sequence[str]) -> None:
    """Print each warning on a line of stderr."""
    for warning in warnings:
        print(f"codesearch: warning: {visible(name_options(warning))}", file=sys.stderr)


def _list_counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in counts.items())


def reports_as_json(reports: Sequence[ReportLike], failures: Sequence[str]) -> dict[str, object]:
    """Return the JSON form of an index command: the report itself for one source, a list for several."""
    items: list[dict[str, object]] = [
        {
            **source_as_json(report.source),
            "changed_files": report.changed,
            "unchanged_files": report.unchanged,
            "removed_files": report.removed,
            "embedded_chunks": report.embedded_chunks,
            "characters": report.characters,
            "seconds": round(report.seconds, 3),
            "skipped": report.skipped,
            "unparsed": [
                {"path": item.path, "reason": item.reason.value, "left_out": item.is_left_out}
                for item in report.unparsed
            ],
            "warnings": list(map(name_options, report.warnings)),
            **({"crowded": True} if report.is_crowded else {}),
            **({"shared_with": report.shared_with} if report.shared_with else {}),
        }
        for report in reports
    ]
    if len(items) == 1 and not failures:
        return items[0]
    return {"sources": items, "failures": [redact(failure) for failure in failures]}


def print_previews(previews: Sequence[PreviewLike], *, as_json: bool) -> None:
    """Print what an index run would take, what not, and why."""
    if as_json:
        items = [
            {
                "location": item.location,
                "commit": item.commit,
                **({"work_tree": True} if item.is_work_tree else {}),
                "files": [{"path": path, "characters": size} for path, size in item.files],
                "skipped": [
                    {
                        "path": skip.path,
                        "reason": skip.reason.value,
                        "detail": skip.detail,
                        **({"override": skip.override} if skip.override else {}),
                    }
                    for skip in item.skipped
                ],
                "counts": item.counts,
                "warnings": list(map(name_options, item.warnings)),
            }
            for item in previews
        ]
        print_json(items[0] if len(items) == 1 else {"sources": items})
        return
    for item in previews:
        for path, size in item.files:
            print(f"index  {visible(path)}  ({say_count(size, 'character')})")
        for skip in item.skipped:
            print(visible(f"skip   {skip.path}  ({skip.reason.value.replace('_', ' ')}: {skip.detail})"))
        overrides = {skip.reason.value: skip.override for skip in reversed(item.skipped) if skip.override}
        for reason in item.counts:
            if reason in overrides:
                print(visible(f"to index what is {reason.replace('_', ' ')}: {overrides[reason]}"))
        total = sum(size for _, size in item.files)
        where = f"{item.location}, on disk" if item.is_work_tree else item.location
        print(
            f"{where}: would index {say_count(len(item.files), 'file')} with {say_count(total, 'character')}; "
            f"would skip {_list_counts(item.counts) or 'nothing'}"
        )
        print_warnings(item.warnings)
