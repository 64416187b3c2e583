"""`codesearch dify push`: mirrors data sources into native knowledge bases, for a Dify that cannot reach us."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from codesearch.assembly import Assembly
from codesearch.cli.answers import note
from codesearch.cli.completion import complete_sources
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.dify.opening import INCOMPLETE, dry_run_option, knowledge_api, permission_option
from codesearch.cli.output import print_json, visible
from codesearch.cli.sources import all_option, choose_ready, choose_sources
from codesearch.core.errors import ConfigurationError
from codesearch.core.types import DataSource

if TYPE_CHECKING:
    from codesearch.dify.knowledge_api import KnowledgeApi
    from codesearch.dify.mirroring.documents import SourceDocuments
    from codesearch.dify.mirroring.journal import Journal
    from codesearch.dify.mirroring.plan import Plan
    from codesearch.dify.mirroring.push import PushResult
    from codesearch.dify.values import KnowledgeBase

TECHNIQUES = ("high_quality", "economy")
_SHOWN = 10
_LINE_SECONDS = 5.0
_CLEAR_LINE = "\r\x1b[K"


@click.command()
@click.argument("named", nargs=-1, metavar="[SOURCE]...", shell_complete=complete_sources)
@all_option
@click.option(
    "--technique",
    type=click.Choice(TECHNIQUES),
    help="How Dify indexes a new knowledge base: high_quality (the default) needs an embedding model, economy none.",
)
@permission_option
@click.option(
    "--max-tokens",
    type=click.IntRange(200, 1_000_000),
    help="Largest piece, in bytes; the default 4000 is what Dify takes unless it is set up otherwise.",
)
@click.option(
    "--timeout",
    "stall_seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=600.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up when Dify's indexing makes no progress for so long.",
)
@dry_run_option
@as_json_option
@click.pass_context
def push(
    context: click.Context,
    named: tuple[str, ...],
    everything: bool,
    technique: str | None,
    permission: str | None,
    max_tokens: int | None,
    stall_seconds: float,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Copy what is indexed of each SOURCE into a knowledge base of Dify's own, and keep the copy up to date.

    For a Dify that cannot reach codesearch; where it can, `connect` answers better. Only what has changed is sent. A
    push that was stopped goes on where it was; the knowledge base itself tells what it has. Documents that a push did
    not make are left alone. Exit status 1 where something could not be brought up to date.
    """
    from codesearch.dify.mirroring.base import HIGH_QUALITY, create_pushed, find_pushed, keep_max_tokens

    holder: LazyAssembly = context.obj
    assembly = holder.get()
    sources = choose_ready(assembly, choose_sources(holder, named, everything=everything), everything=everything)
    outcomes: list[dict[str, Any]] = []
    with knowledge_api(holder) as api:
        bases = api.list_knowledge_bases()
        for source in sources:
            base = find_pushed(bases, source.id)
            if base is not None and technique not in {None, base.indexing_technique or technique}:
                raise ConfigurationError(
                    f"The knowledge base {base.name!r} is indexed as {base.indexing_technique}, which stays as it is: "
                    f"run `codesearch dify remove {source.id} --kind pushed` first."
                )
            if base is None and not dry_run:
                base = create_pushed(
                    api,
                    bases,
                    source,
                    technique=technique or HIGH_QUALITY,
                    permission=permission or "only_me",
                    max_tokens=max_tokens,
                )
            documents = open_documents(assembly, source, base, max_tokens)
            if base is not None and not dry_run:
                keep_max_tokens(api, base, source, max_tokens)
            outcome = (
                _show_plan(api, assembly, source, base, documents, as_json=as_json)
                if dry_run or base is None
                else _push_one(api, assembly, source, base, documents, stall_seconds, as_json=as_json)
            )
            outcomes.append(outcome)
    if as_json:
        print_json({"dry_run": dry_run, "pushes": outcomes})
    if not dry_run and any(not outcome["complete"] for outcome in outcomes):
        context.exit(INCOMPLETE)


def open_documents(
    assembly: Assembly, source: DataSource, base: KnowledgeBase | None, max_tokens: int | None = None
) -> SourceDocuments:
    """Return the documents that a data source is to have in Dify, in pieces as large as asked, or as before."""
    from codesearch.dify.marks import read_mark
    from codesearch.dify.mirroring.documents import SourceDocuments
    from codesearch.dify.mirroring.texts import DEFAULT_MAX_TOKENS

    mark = read_mark(base) if base is not None else None
    kept = mark.max_tokens if mark is not None else None
    index = assembly.search_indexes.get(source.id, source.run_id)
    return SourceDocuments(source, index, max_tokens or kept or DEFAULT_MAX_TOKENS)


def open_journal(assembly: Assembly, base: KnowledgeBase) -> Journal:
    """Return the journal of the pushes into a knowledge base."""
    from codesearch.core.paths import file_name_of
    from codesearch.dify.mirroring.journal import Journal

    return Journal(assembly.settings.data_dir / "dify" / f"{file_name_of(base.id)}.journal")


def plan_one(
    api: KnowledgeApi, assembly: Assembly, source: DataSource, base: KnowledgeBase | None, documents: SourceDocuments
) -> Plan:
    """Return what a push would do; without a knowledge base, as into an empty one."""
    from codesearch.dify.mirroring.plan import plan_push

    there = api.list_documents(base.id) if base is not None else []
    begun = open_journal(assembly, base).read() if base is not None else frozenset()
    return plan_push(source.id, documents.list_wanted(), there, begun)


def _push_one(
    api: KnowledgeApi,
    assembly: Assembly,
    source: DataSource,
    base: KnowledgeBase,
    documents: SourceDocuments,
    stall_seconds: float,
    *,
    as_json: bool,
) -> dict[str, Any]:
    from filelock import Timeout

    from codesearch.core.locks import file_lock
    from codesearch.dify.mirroring.base import HIGH_QUALITY
    from codesearch.dify.mirroring.push import Push

    lock = file_lock(assembly.settings.data_dir / "locks" / f"dify-{source.id}.lock", timeout_seconds=0)
    try:
        with lock:
            result = Push(
                api,
                base.id,
                documents,
                open_journal(assembly, base),
                indexing_technique=base.indexing_technique or HIGH_QUALITY,
                stall_seconds=stall_seconds,
                report=_line_progress(source.name),
            ).run()
    except Timeout as error:
        raise ConfigurationError(
            f"Another push of {source.name} is running on this machine; let it end first."
        ) from error
    finally:
        if sys.stderr.isatty():
            print(_CLEAR_LINE, end="", file=sys.stderr, flush=True)
    if not as_json:
        _print_result(source, base, result)
    return {
        "source": source.id,
        "source_name": source.name,
        "knowledge_base": base.id,
        "name": base.name,
        "complete": result.is_complete,
        "created": result.created,
        "updated": result.updated,
        "deleted": result.deleted,
        "unchanged": result.unchanged,
        "failed": result.failed,
        "blocked": result.blocked,
        "left_alone": result.foreign,
    }


def _print_result(source: DataSource, base: KnowledgeBase, result: PushResult) -> None:
    counts = f"{result.created:,} created, {result.updated:,} updated, {result.deleted:,} deleted"
    print(visible(f"{source.name} in {base.name!r}: {counts}, {result.unchanged:,} unchanged."))
    for reasons in (result.failed, result.blocked):
        for name in sorted(reasons)[:_SHOWN]:
            note(f"{name}: {reasons[name]}.")
        if len(reasons) > _SHOWN:
            note(f"and {len(reasons) - _SHOWN:,} more documents like these; --json has them all.")
    if result.foreign:
        note(f"{len(result.foreign):,} documents that no push made were left alone, such as {result.foreign[0]!r}.")


def _show_plan(
    api: KnowledgeApi,
    assembly: Assembly,
    source: DataSource,
    base: KnowledgeBase | None,
    documents: SourceDocuments,
    *,
    as_json: bool,
) -> dict[str, Any]:
    plan = plan_one(api, assembly, source, base, documents)
    changes = {
        "create": [wanted.name for wanted in plan.create],
        "update": [wanted.name for _, wanted in (*plan.update, *plan.replace)],
        "delete": [document.name for document in plan.delete],
    }
    if not as_json:
        where = f"in {base.name!r}" if base is not None else "in a new knowledge base"
        for action, names in changes.items():
            for name in names:
                print(visible(f"{action} {name}"))
        counts = ", ".join(f"{len(names):,} to {action}" for action, names in changes.items())
        print(visible(f"{source.name} {where}: {counts}, {len(plan.unchanged):,} unchanged."))
    return {
        "source": source.id,
        "source_name": source.name,
        "knowledge_base": base.id if base is not None else None,
        "complete": not plan.write_count and not plan.blocked and not plan.unfinished,
        **changes,
        "unchanged": len(plan.unchanged),
        "unfinished": [document.name for document in plan.unfinished],
        "blocked": dict(plan.blocked),
        "left_alone": [document.name for document in plan.foreign],
    }


def _line_progress(name: str) -> Callable[[str, int, int], None]:
    """Return what shows on stderr how far a push is: a line that changes on a terminal, now and then one elsewhere."""
    is_terminal = sys.stderr.isatty()
    last = time.monotonic()

    def report(phase: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        line = visible(f"{name}: {phase} {done:,} of {total:,}")
        if is_terminal:
            print(f"{_CLEAR_LINE}{line}", end="", file=sys.stderr, flush=True)
        elif now - last >= _LINE_SECONDS:
            last = now
            print(line, file=sys.stderr, flush=True)

    return report
