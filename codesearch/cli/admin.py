"""The commands that look after the catalog: data sources, workspaces, doctor."""

from __future__ import annotations

import shlex
from contextlib import suppress

import click

from codesearch.api.manage.deeds import cancel_jobs_of
from codesearch.assembly import Assembly
from codesearch.cli import listings, output
from codesearch.cli.completion import complete_repositories, complete_workspaces
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.sources import find_named, list_known, require_catalog
from codesearch.core.errors import JobsUnavailableError, NotFoundError
from codesearch.core.types import DataSource, Workspace

# An indexer tells the catalog every second how far it is, and stops when its source is gone; a clone takes longer.
INDEXER_STOPS_SECONDS = 30.0


@click.command("list")
@as_json_option
@click.pass_obj
def list_sources(holder: LazyAssembly, as_json: bool) -> None:
    """List the data sources with state, commit, files, chunks, what their indexes take, and age."""
    from codesearch.api.manage.sightings import Sightings
    from codesearch.core.catalog.totals import RunTotals
    from codesearch.core.index.usage import measure_segments

    assembly = holder.get()
    search = assembly.settings.data_dir / "search"
    known = list_known(assembly)
    if not known:
        # Nor is a catalog made by looking.
        listings.print_sources([], as_json=as_json)
        return
    seen = Sightings(assembly.catalog, assembly.jobs.list_jobs)
    totals = assembly.catalog.read_run_totals()
    sources = [
        listings.ListedSource(
            source,
            seen.condition_of(source),
            assembly.catalog.describe_progress(source),
            measure_segments(search / source.id),
            totals.get(source.id, RunTotals()),
        )
        for source in known
    ]
    if not seen.has_jobs:
        output.print_error("The jobs are out of reach: what waits there is not known.")
    listings.print_sources(sources, as_json=as_json)


@click.command()
@click.argument("knowledge_id", metavar="[ID]", required=False, shell_complete=complete_repositories)
@click.option("--examples", is_flag=True, help="Remove every example that a first run or `make index` added.")
@as_json_option
@click.pass_obj
def remove(holder: LazyAssembly, knowledge_id: str | None, examples: bool, as_json: bool) -> None:
    """Remove a data source: its index, its mirror, its part in workspaces and keys."""
    if (knowledge_id is None) != examples:
        raise click.UsageError("Give one ID, or --examples.")
    assembly = holder.get()
    if knowledge_id is None:
        _remove_examples(assembly, as_json=as_json)
        return
    found = assembly.catalog.resolve(knowledge_id) if assembly.has_catalog() else None
    if isinstance(found, Workspace):
        raise NotFoundError(
            f"{found.name} is a workspace: `codesearch workspace remove {shlex.quote(found.name)}` removes it, and its "
            "repositories stay."
        )
    source = _find_removable(assembly, knowledge_id)
    output.print_done(remove_source(assembly, source), {"removed": source.id}, as_json=as_json)


def _remove_examples(assembly: Assembly, *, as_json: bool) -> None:
    from codesearch.cli.examples import find_removable_examples

    found, group = find_removable_examples(assembly) if assembly.has_catalog() else ([], None)
    lines = [remove_source(assembly, source) for source in found]
    if group is not None:
        assembly.catalog.remove_workspace(group.id)
        lines.append(f"Removed the workspace {group.name}.")
    message = "\n".join(lines) or "There are no examples."
    output.print_done(message, {"removed": [source.id for source in found]}, as_json=as_json)


def remove_source(assembly: Assembly, source: DataSource) -> str:
    """Remove a data source and say so in one line."""
    removals = assembly.removals
    removals.note(source.id)
    try:
        cancel_jobs_of(assembly.jobs, source.id)
    except JobsUnavailableError as error:
        output.print_error(f"{error.message} A job that waits there may add {source.name} again.")
    # First out of sight, then out of the store: a reader never meets half of it. An indexer that works on it stops.
    with suppress(NotFoundError):
        assembly.catalog.remove_source(source.id)
    if removals.finish(source.id, timeout_seconds=INDEXER_STOPS_SECONDS):
        return f"Removed {source.name} ({source.id})."
    return f"Removed {source.name} ({source.id}). A run still works on it: the next one deletes what that leaves."


def _find_removable(assembly: Assembly, knowledge_id: str) -> DataSource:
    """Return a data source of the catalog, or what is left of one that it no longer has. Raises NotFoundError."""
    from codesearch.core.catalog.names import is_id

    try:
        return find_named(assembly, knowledge_id)
    except NotFoundError:
        removals = assembly.removals
        left = is_id(knowledge_id) and (knowledge_id in removals.noted() or removals.files_of(knowledge_id))
        if left or (is_id(knowledge_id) and assembly.store.count(knowledge_id) != (0, 0)):
            return DataSource(id=knowledge_id, name="what was left of it", type="repository", location="")
        raise


@click.group()
def workspace() -> None:
    """Groups of repositories that are searched together."""


@workspace.command("create")
@click.argument("name")
@click.argument("sources", nargs=-1, required=True, metavar="ID...", shell_complete=complete_repositories)
@as_json_option
@click.pass_obj
def create_workspace(holder: LazyAssembly, name: str, sources: tuple[str, ...], as_json: bool) -> None:
    """Create the workspace NAME of the data sources ID... (ids or names)."""
    assembly = holder.get()
    # One after the other: the first that is not there is named, with what may be meant.
    members = [find_named(assembly, source).id for source in sources]
    created = assembly.catalog.create_workspace(name, members)
    listings.print_workspace(created, as_json=as_json)


@workspace.command("list")
@as_json_option
@click.pass_obj
def list_workspaces(holder: LazyAssembly, as_json: bool) -> None:
    """List the workspaces with their members."""
    assembly = holder.get()
    found = assembly.catalog.list_workspaces() if assembly.has_catalog() else []
    listings.print_workspaces(found, as_json=as_json)


@workspace.command("remove")
@click.argument("workspace_id", metavar="ID", shell_complete=complete_workspaces)
@as_json_option
@click.pass_obj
def remove_workspace(holder: LazyAssembly, workspace_id: str, as_json: bool) -> None:
    """Remove a workspace; its repositories stay."""
    assembly = require_catalog(holder.get(), "workspace", workspace_id)
    removed: Workspace = assembly.catalog.remove_workspace(workspace_id)
    output.print_done(f"Removed the workspace {removed.name}.", {"removed": removed.id}, as_json=as_json)


@click.command()
@click.option("--restore-catalog", is_flag=True, help="Put the catalog's backup in the place of a damaged one.")
@as_json_option
@click.pass_context
def doctor(context: click.Context, restore_catalog: bool, as_json: bool) -> None:
    """Say what is configured, what works, and what to do about the rest."""
    from codesearch.cli.doctor import examine

    holder: LazyAssembly = context.obj
    if restore_catalog:
        from codesearch.core.catalog.catalog import restore_catalog as restore

        done = restore(holder.get().settings.resolved_database_url)
        output.print_done(done, {"restored": done}, as_json=as_json)
        return
    findings = examine(holder.get)
    listings.print_findings(findings, as_json=as_json)
    if any(not finding.is_good for finding in findings):
        context.exit(1)
