"""What the command line shows: tables and highlighted code for people, one JSON object for programs."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from codesearch.api.records import build_record
from codesearch.core.keys import ApiKey
from codesearch.core.types import DataSource, Explanation, Hit, SourceState, Workspace

if TYPE_CHECKING:
    from rich.console import Console

    from codesearch.cli.doctor import Finding

SHOWN_LINES = 30
# `codesearch doctor` and --json show the whole of it.
SHOWN_MESSAGE = 80

# Code and file names come from strangers: none of it may steer the terminal.
_CONTROL_CHARACTERS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160)) if code != 9}


@cache
def _out() -> Console:
    # Imported when something is to be coloured: a run of the indexer need not wait for it.
    from rich.console import Console

    return Console()


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
    def skipped(self) -> dict[str, int]: ...

    @property
    def wrote(self) -> bool: ...


class PreviewLike(Protocol):
    """What is shown of a dry run."""

    @property
    def location(self) -> str: ...

    @property
    def commit(self) -> str | None: ...

    @property
    def files(self) -> tuple[tuple[str, int], ...]: ...

    @property
    def skipped(self) -> tuple[Any, ...]: ...

    @property
    def counts(self) -> dict[str, int]: ...


def print_error(message: str) -> None:
    """Print one line on stderr."""
    print(f"codesearch: {visible(' '.join(message.splitlines()))}", file=sys.stderr)


def visible(text: str) -> str:
    """Return the text with its control characters, line ends included, spelled out."""
    return text.translate(_CONTROL_CHARACTERS)


def print_json(value: object) -> None:
    """Print one JSON object on stdout."""
    has_all_characters = (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"
    print(json.dumps(value, ensure_ascii=not has_all_characters, default=_as_json))


def _as_json(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_done(message: str, value: object, *, as_json: bool) -> None:
    """Say that something was done."""
    print_json(value) if as_json else print(message)


def print_report(report: ReportLike) -> None:
    """Print the end of an index run: the id, what changed, what was skipped, how long it took."""
    source = report.source
    commit = f" at {source.commit[:12]}" if source.commit else ""
    print(f"{source.id}  {source.name}{commit}: {source.file_count:,} files, {source.chunk_count:,} chunks")
    # Of a moment's work, a rate says nothing.
    rate = f" ({report.characters / 1e6 / report.seconds:.1f} MB/s)" if report.seconds >= 1 else ""
    if report.wrote:
        print(
            f"  {report.changed:,} files indexed ({report.embedded_chunks:,} chunks), {report.unchanged:,} unchanged, "
            f"{report.removed:,} removed in {report.seconds:.1f} s{rate}"
        )
    else:
        print(f"  nothing changed ({report.seconds:.1f} s)")
    if report.skipped:
        print(f"  skipped: {_list_counts(report.skipped)}")
    if not source.chunk_count:
        print("  nothing in it can be indexed; `codesearch index --dry-run` says why")


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
        }
        for report in reports
    ]
    if len(items) == 1 and not failures:
        return items[0]
    return {"sources": items, "failures": list(failures)}


def print_previews(previews: Sequence[PreviewLike], *, as_json: bool) -> None:
    """Print what an index run would take, what not, and why."""
    if as_json:
        items = [
            {
                "location": item.location,
                "commit": item.commit,
                "files": [{"path": path, "characters": size} for path, size in item.files],
                "skipped": [
                    {"path": skip.path, "reason": skip.reason.value, "detail": skip.detail} for skip in item.skipped
                ],
                "counts": item.counts,
            }
            for item in previews
        ]
        print_json(items[0] if len(items) == 1 else {"sources": items})
        return
    for item in previews:
        for path, size in item.files:
            print(f"index  {visible(path)}  ({size:,} characters)")
        for skip in item.skipped:
            print(visible(f"skip   {skip.path}  ({skip.reason.value.replace('_', ' ')}: {skip.detail})"))
        total = sum(size for _, size in item.files)
        print(
            f"{item.location}: would index {len(item.files):,} files with {total:,} characters; "
            f"would skip {_list_counts(item.counts) or 'nothing'}"
        )


def print_hits(hits: Sequence[Hit], *, as_json: bool) -> None:
    """Print the records of a search: path:lines, score, and the code; in a pipe plain and never cut at a width."""
    if as_json:
        print_json({"records": [build_record(hit, with_location=False) for hit in hits]})
        return
    if not hits:
        print("Nothing found.")
    from rich.text import Text

    for number, hit in enumerate(hits, 1):
        chunk = hit.chunk
        place = Text.assemble(
            (str(number), "bold"),
            "  ",
            (visible(hit.source.name), "cyan"),
            "  ",
            (visible(f"{chunk.path}:{chunk.start_line}-{chunk.end_line}"), "bold green"),
            f"  {visible(chunk.symbol)}" if chunk.symbol else "",
            "  ",
            (f"{hit.score:.3f}", "yellow"),
        )
        _out().print(place, soft_wrap=True)
        lines = [visible(line.removesuffix("\r")) for line in chunk.content.split("\n")]
        _print_code(chunk.path, chunk.start_line, lines[:SHOWN_LINES])
        if len(lines) > SHOWN_LINES:
            _out().print(f"… {len(lines) - SHOWN_LINES} more lines", style="dim", highlight=False, soft_wrap=True)
        if hit.explanation is not None:
            _print_explanation(hit.explanation)
        print(flush=True)


def _print_explanation(explanation: Explanation) -> None:
    note = "" if explanation.factor == 1 else f", times {explanation.factor:.2g}: another record of this file is better"
    _out().print(f"log-odds {explanation.log_odds:+.2f}{note}", style="dim", highlight=False, soft_wrap=True)
    for sign in explanation.signs:
        line = f"  {sign.contribution:+6.2f}  {sign.name} = {sign.value:.3g}"
        _out().print(line, style="dim", highlight=False, soft_wrap=True)


def _print_code(path: str, start_line: int, lines: Sequence[str]) -> None:
    if not _out().is_terminal:
        width = len(str(start_line + len(lines) - 1))
        for number, line in enumerate(lines, start_line):
            print(f"{number:>{width}}  {line}".rstrip())
        return
    from rich.syntax import Syntax

    code = "\n".join(lines)
    lexer = Syntax.guess_lexer(path, code)
    _out().print(
        Syntax(code, lexer, line_numbers=True, start_line=start_line, word_wrap=True, background_color="default")
    )


def source_as_json(source: DataSource) -> dict[str, object]:
    """Return the JSON form of a data source; absent values are left out."""
    value = {
        "id": source.id,
        "name": source.name,
        "type": source.type,
        "location": source.location,
        "branch": source.branch,
        "subdir": source.subdir,
        "state": source.state.value,
        "commit": source.commit,
        "files": source.file_count,
        "chunks": source.chunk_count,
        "indexed_at": source.indexed_at,
        "message": source.message,
    }
    return {key: item for key, item in value.items() if item is not None}


def print_sources(sources: Sequence[tuple[DataSource, str]], *, as_json: bool) -> None:
    """Print the data sources, each with a phrase on its progress."""
    if as_json:
        print_json({"sources": [{**source_as_json(source), "progress": progress} for source, progress in sources]})
        return
    if not sources:
        print("Nothing is indexed yet. Run `codesearch index SOURCE`.")
        return
    rows = [
        (
            source.id,
            source.name,
            _describe_state(source, progress),
            (source.commit or "")[:12],
            f"{source.file_count:,}",
            f"{source.chunk_count:,}",
            _age(source.indexed_at),
            _place(source),
        )
        for source, progress in sources
    ]
    print_table(("id", "name", "state", "commit", "files", "chunks", "age", "location"), rows)


def _describe_state(source: DataSource, progress: str) -> str:
    if source.message:
        message = source.message if len(source.message) <= SHOWN_MESSAGE else f"{source.message[:SHOWN_MESSAGE]}…"
        return f"{source.state.value}; last run failed: {message}"
    return source.state.value if source.state is SourceState.READY else progress


def _place(source: DataSource) -> str:
    branch = f", branch {source.branch}" if source.branch else ""
    return f"{source.location}{branch}{f', folder {source.subdir}' if source.subdir else ''}"


def print_workspaces(workspaces: Sequence[Workspace], *, as_json: bool) -> None:
    """Print workspaces with their members."""
    if as_json:
        items = [
            {"id": item.id, "name": item.name, "members": [{"id": m.id, "name": m.name} for m in item.members]}
            for item in workspaces
        ]
        print_json({"workspaces": items})
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
            reads = ", ".join(sorted(key.source_ids)) or "nothing"
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
        "created_at": key.created_at,
        "expires_at": key.expires_at,
        "revoked_at": key.revoked_at,
    }
    return {name: item for name, item in value.items() if item is not None}


def print_findings(findings: Sequence[Finding], *, as_json: bool) -> None:
    """Print what doctor found."""
    if as_json:
        items = [
            {"subject": item.subject, "ok": item.is_good, "found": item.found, "advice": item.advice}
            for item in findings
        ]
        print_json({"ok": all(item.is_good for item in findings), "findings": items})
        return
    for item in findings:
        print(f"{'ok ' if item.is_good else 'BAD'}  {item.subject}: {item.found}")
        if item.advice:
            print(f"     -> {item.advice}")


def print_welcome(sources: Sequence[DataSource], workspaces: Sequence[Workspace], url: str, secret: str | None) -> None:
    """Print what a person needs for a first request: ids, the key and a line to paste."""
    print(f"codesearch answers on {url} (ctrl-C stops it)\n")
    for source in sources:
        print(visible(f"  {source.id}  {source.name}  {source.chunk_count:,} chunks"))
    for workspace in workspaces:
        print(visible(f"  {workspace.id}  {workspace.name}  workspace of {len(workspace.members)} repositories"))
    if not sources:
        print(f"  Nothing is indexed yet. In another shell: {_own_command()} index SOURCE")
    if secret:
        print(f"\nAPI key, shown this once: {secret}")
    ready = [source.id for source in sources if source.state is SourceState.READY]
    answering = [item.id for item in workspaces if any(member.id in ready for member in item.members)] + ready
    if answering:
        body = json.dumps({"knowledge_id": answering[0], "query": "how are failed requests retried?"})
        # In double quotes, so that the shell fills in the variable.
        headers = f'-H "Authorization: Bearer {secret or "$CODESEARCH_KEY"}" -H "Content-Type: application/json"'
        print(f"\n  curl -s {url}/retrieval {headers} -d '{body}'")
    if not secret:
        print(f"\nKeys are shown once only. To make one: export CODESEARCH_KEY=$({_own_command()} key create NAME)")
    print(flush=True)


def _own_command() -> str:
    """Return how this program is called here: in an environment that is not activated, by its path."""
    called = Path(sys.argv[0])
    return str(called) if called.name == "codesearch" and shutil.which("codesearch") is None else "codesearch"


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print aligned columns. What is wider than the terminal wraps there as a whole line, so that ids stay whole."""
    from rich.cells import cell_len
    from rich.text import Text

    shown = [list(columns), *([visible(cell) for cell in row] for row in rows)]
    widths = [max(cell_len(row[index]) for row in shown) for index in range(len(columns))]
    for number, row in enumerate(shown):
        cells = [cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True)]
        _out().print(Text("  ".join(cells).rstrip(), style="" if number else "bold"), soft_wrap=True)


def _age(moment: datetime | None) -> str:
    if moment is None:
        return ""
    seconds = max(0, int((datetime.now(timezone.utc) - moment).total_seconds()))
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
