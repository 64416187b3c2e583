"""What there is and what was found: data sources, workspaces, keys, doctor's findings, as tables or JSON."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from codesearch.cli.output import print_json, print_table
from codesearch.core.ages import say_age
from codesearch.core.conditions import Condition
from codesearch.core.counts import say_bytes
from codesearch.core.index.usage import DiskUsage
from codesearch.core.keys import ApiKey
from codesearch.core.redaction import redact
from codesearch.core.types import DataSource, SourceState, Workspace

if TYPE_CHECKING:
    from codesearch.cli.finding import Finding
    from codesearch.core.catalog.totals import RunTotals
    from codesearch.core.trust import Trust


# `codesearch doctor` and --json show the whole of it.
SHOWN_MESSAGE = 80


def source_as_json(source: DataSource) -> dict[str, object]:
    """Return the JSON form of a data source; absent values are left out."""
    value = {
        "id": source.id,
        "name": source.name,
        "type": source.type,
        "location": redact(source.location),
        "branch": source.named_branch,
        "committed": True if source.is_as_committed else None,
        "subdir": source.subdir,
        "state": source.state.value,
        "commit": source.commit,
        "work_tree": True if source.uncommitted_count is not None else None,
        "uncommitted_files": source.uncommitted_count,
        "files": source.file_count,
        "chunks": source.chunk_count,
        "indexed_at": source.indexed_at,
        "message": source.message,
    }
    return {key: item for key, item in value.items() if item is not None}


@dataclass(frozen=True, slots=True)
class ListedSource:
    """A data source to be listed: how it stands, how far it is, what its segments take, and what its runs came to."""

    source: DataSource
    condition: Condition
    progress: str
    usage: DiskUsage
    totals: RunTotals


def print_sources(sources: Sequence[ListedSource], *, as_json: bool) -> None:
    """Print the data sources."""
    if as_json:
        print_json({"sources": [_listed_as_json(item) for item in sources]})
        return
    if not sources:
        print("Nothing is indexed yet. Run `codesearch index SOURCE`.")
        return
    now = datetime.now(timezone.utc)
    rows = [
        (
            item.source.id,
            item.source.name,
            _describe_state(item),
            (item.source.commit or "")[:12],
            f"{item.source.file_count:,}",
            f"{item.source.chunk_count:,}",
            _describe_usage(item.usage),
            "" if item.source.indexed_at is None else say_age(item.source.indexed_at, now),
            _describe_location(item.source),
        )
        for item in sources
    ]
    print_table(("id", "name", "state", "commit", "files", "chunks", "index", "age", "location"), rows)


def _listed_as_json(item: ListedSource) -> dict[str, object]:
    source = item.source
    scheduled = {
        "refresh_minutes": source.refresh_minutes,
        "paused": True if source.is_paused else None,
        "remote_commit": source.remote_commit,
    }
    return {
        **source_as_json(source),
        "state": item.condition.value,
        "progress": item.progress,
        **asdict(item.usage),
        "runs": {**asdict(item.totals), "seconds": round(item.totals.seconds, 3)},
        **{name: value for name, value in scheduled.items() if value is not None},
    }


def _describe_usage(usage: DiskUsage) -> str:
    shared = f", {say_bytes(usage.shared_bytes)} shared" if usage.shared_bytes else ""
    return f"{say_bytes(usage.index_bytes)}{shared}" if usage.segments else ""


def _describe_state(item: ListedSource) -> str:
    source = item.source
    if source.message:
        message = source.message if len(source.message) <= SHOWN_MESSAGE else f"{source.message[:SHOWN_MESSAGE]}…"
        return f"{item.condition.value}; last run failed: {message}"
    return item.condition.value if source.state is SourceState.READY else item.progress


def _describe_location(source: DataSource) -> str:
    how = describe_tree(source)
    if source.branch:
        how = ", as committed" if source.is_as_committed else f", branch {source.named_branch}"
    return f"{redact(source.location)}{how}{f', folder {source.subdir}' if source.subdir else ''}"


def describe_tree(source: DataSource) -> str:
    """Return `, on disk` and how many files are not as in the commit, of a work tree; of anything else nothing."""
    if source.uncommitted_count is None:
        return ""
    return f", on disk, {source.uncommitted_count:,} uncommitted" if source.uncommitted_count else ", on disk"


def workspace_as_json(workspace: Workspace) -> dict[str, object]:
    """Return the JSON form of a workspace."""
    members = [{"id": member.id, "name": member.name} for member in workspace.members]
    return {"id": workspace.id, "name": workspace.name, "members": members}


def print_workspace(workspace: Workspace, *, as_json: bool) -> None:
    """Print the one workspace that was made."""
    if as_json:
        print_json(workspace_as_json(workspace))
    else:
        print_workspaces([workspace], as_json=False)


def print_workspaces(workspaces: Sequence[Workspace], *, as_json: bool) -> None:
    """Print workspaces with their members."""
    if as_json:
        print_json({"workspaces": [workspace_as_json(item) for item in workspaces]})
        return
    if not workspaces:
        print("There is no workspace. Run `codesearch workspace create NAME ID...`.")
        return
    rows = [(item.id, item.name, ", ".join(member.name for member in item.members)) for item in workspaces]
    print_table(("id", "name", "members"), rows)


def print_new_key(key: ApiKey, secret: str, *, as_json: bool) -> None:
    """Print a new key with its secret, which is shown this once."""
    if as_json:
        print_json({**_key_as_json(key), "secret": secret})
        return
    print(secret)
    print(f"That is the key {key.name!r}. It is stored hashed and cannot be shown again.", file=sys.stderr)


def print_keys(keys: Sequence[ApiKey], *, as_json: bool) -> None:
    """Print keys without secrets."""
    if as_json:
        print_json({"keys": [_key_as_json(key) for key in keys]})
        return
    if not keys:
        print("There is no key. Run `codesearch key create NAME`.")
        return
    rows: list[tuple[str, ...]] = []
    now = datetime.now(timezone.utc)
    for key in keys:
        reads = "everything (admin)" if key.is_admin else "everything"
        if not key.is_admin and key.source_ids is not None:
            groups = [f"group {name}" for name in key.group_names]
            reads = ", ".join([*groups, *sorted(key.source_ids)]) or "nothing"
        if key.user is not None:
            reads += f", as far as {key.user} may"
        if key.requests_per_minute is not None:
            reads += f", {key.requests_per_minute:,} requests a minute" if key.requests_per_minute else ", at any rate"
        state = "revoked" if key.revoked_at else "usable" if key.is_usable(now) else "expired"
        if state == "usable" and key.expires_at:
            state = f"until {key.expires_at:%Y-%m-%d %H:%M} UTC"
        rows.append((key.id, key.name, key.prefix, reads, f"{key.created_at:%Y-%m-%d}", state))
    print_table(("id", "name", "starts with", "reads", "created", "state"), rows)


def _key_as_json(key: ApiKey) -> dict[str, object]:
    value = {
        "id": key.id,
        "name": key.name,
        "prefix": key.prefix,
        "admin": key.is_admin,
        "sources": None if key.source_ids is None else sorted(key.source_ids),
        "groups": list(key.group_names) or None,
        "user": key.user,
        "requests_per_minute": key.requests_per_minute,
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
    return {name: item for name, item in value.items() if item is not None}


def trusted_names(trust: Trust) -> list[str]:
    """Return what of a trusted folder counts."""
    from codesearch.core.trust import CONFIG_FILE, DATA_FOLDER

    names = ((CONFIG_FILE, trust.settings_hash), (DATA_FOLDER, trust.mark_hash))
    return [name for name, trusted in names if trusted is not None]


def print_trusted(folders: Mapping[str, Trust], *, as_json: bool) -> None:
    """Print the trusted folders, in path order, with what counts of each."""
    items = [(path, trusted_names(folders[path]), folders[path].trusted_at) for path in sorted(folders)]
    if as_json:
        shown = [{"folder": path, "trusted": names, "trusted_at": at} for path, names, at in items]
        print_json({"folders": shown})
        return
    if not items:
        print("No folder is trusted. Run `codesearch init` or `codesearch trust` in one.")
        return
    print_table(("folder", "counts", "since"), [(path, ", ".join(names), at) for path, names, at in items])


def print_findings(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print what doctor found; for a person, what to do stands once, below the first that needs it."""
    if as_json:
        items = [
            {"subject": item.subject, "ok": item.is_good, "found": item.found, "advice": item.advice}
            for item in findings
        ]
        print_json({"ok": all(item.is_good for item in findings), "findings": items})
        return
    said = set[str]()
    for item in findings:
        print(f"{'ok ' if item.is_good else 'BAD'}  {item.subject}: {item.found}")
        if item.advice and item.advice not in said:
            print(f"     -> {item.advice}")
        said.add(item.advice)
