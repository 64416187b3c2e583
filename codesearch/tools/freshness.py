"""Of which commit an index is, of when, and whether its source is known to have moved on: a line for each answer. Pure.

Times are absolute: the same request on the same index gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from codesearch.core.catalog.runs import index_command
from codesearch.core.counts import say_count
from codesearch.core.types import DataSource, Principal
from codesearch.retrieval.freshening import Freshened, State

SHOWN_COMMIT = 10
_SHOWN_PATHS = 5


@dataclass(frozen=True, slots=True)
class Observation:
    """What a data source's place says now, as far as it is known without the network; None for what is not known."""

    commit: str | None = None
    branch: str | None = None
    is_remote: bool = False


@dataclass(frozen=True, slots=True)
class Freshness:
    """What an answer says of one data source's index. `warnings` are sentences, `changed` paths of files.

    `state` is how it stands where the call wanted it to be fresh.
    """

    source: DataSource
    branch: str | None
    warnings: tuple[str, ...]
    changed: tuple[str, ...]
    state: State | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it for programs; a key without a value is absent."""
        source = self.source
        values: dict[str, Any] = {
            "data_source": source.name,
            "commit": source.commit,
            "branch": self.branch,
            "state": self.state.value if self.state is not None else None,
            "uncommitted_files": source.uncommitted_count,
            "indexed_at": indexed_at_of(source),
            "warnings": list(self.warnings) or None,
            "changed_paths": list(self.changed) or None,
        }
        return {key: value for key, value in values.items() if value is not None}


def indexed_at_of(source: DataSource) -> str | None:
    """Return when the index was finished, in ISO 8601 and UTC, to the second."""
    moment = source.indexed_at
    return None if moment is None else moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def assess(
    source: DataSource,
    observed: Observation,
    principal: Principal,
    changed: Sequence[str] = (),
    freshened: Freshened | None = None,
) -> Freshness:
    """Say how an index stands to its source. `changed` are files of the answer that are not as they were indexed.

    `freshened` is what came of it where the call wanted it to be up to date.
    """
    warnings = []
    if observed.commit and source.commit and observed.commit != source.commit:
        now = f"{observed.commit[:SHOWN_COMMIT]}{f' (branch {observed.branch})' if observed.branch else ''}"
        where = "was at its remote when that was last asked" if observed.is_remote else "is checked out now"
        warnings.append(f"The source has moved on: {source.commit[:SHOWN_COMMIT]} was indexed, {now} {where}.")
    if freshened is not None and freshened.state is not State.FRESH:
        is_behind = freshened.state is State.BEHIND
        stands = "It is behind its source." if is_behind else "Whether it is up to date is not known."
        warnings.append(f"{stands} {freshened.message}")
    if changed:
        more = f" and {len(changed) - _SHOWN_PATHS} more" if len(changed) > _SHOWN_PATHS else ""
        warnings.append(f"Not as indexed any more: {', '.join(changed[:_SHOWN_PATHS])}{more}.")
    if source.message is not None:
        warnings.append("The last run to bring this index up to date failed.")
    if warnings:
        warnings.append(_remedy(source, principal))
    state = freshened.state if freshened is not None else None
    return Freshness(source, source.named_branch or observed.branch, tuple(warnings), tuple(changed), state)


def render(items: Iterable[Freshness]) -> str:
    """Return a line for each data source, with its warnings behind it."""
    return "\n".join(_render(item) for item in items)


def _render(item: Freshness) -> str:
    source = item.source
    of = f"commit {source.commit[:SHOWN_COMMIT]}" if source.commit else "a folder without commits"
    if source.uncommitted_count:
        of += f" and {say_count(source.uncommitted_count, 'uncommitted file')}"
    when = f", indexed {source.indexed_at:%Y-%m-%d %H:%M} UTC" if source.indexed_at else ""
    line = f"[{source.name}: {of}{when}]"
    return "\n".join([line, *(f"[{source.name}: WARNING: {warning}]" for warning in item.warnings)])


def _remedy(source: DataSource, principal: Principal) -> str:
    # Where it lies is for those who run the service.
    if principal.is_admin:
        return f"To bring it up to date: `{index_command(source)}`."
    return "Whoever runs the service can bring it up to date."
