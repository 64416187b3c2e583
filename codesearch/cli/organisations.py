"""`codesearch organisation`: groups and users of code hosts whose repositories are data sources."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import click

from codesearch.cli import output
from codesearch.cli.completion import complete_organisations
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.sources import require_catalog
from codesearch.core.ages import say_age
from codesearch.core.errors import CodeHostError
from codesearch.core.types import MOST_MINUTES, HostKind, Organisation

if TYPE_CHECKING:
    from codesearch.cli.management.discovery import Discovery

_organisation_argument = click.argument("organisation_id", metavar="ID", shell_complete=complete_organisations)


@click.group()
def organisation() -> None:
    """Groups and users of GitHub, GitLab, Gitea or Forgejo whose repositories are indexed."""


@organisation.command("add")
@click.argument("location", metavar="URL")
@click.option("--kind", type=click.Choice([kind.value for kind in HostKind]), help="Whose API the host speaks.")
@click.option("--name", help="What it is called; the default is host and path.")
@click.option("--include", multiple=True, metavar="PATTERN", help="Only repositories like this; may be repeated.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="No repository like this; may be repeated.")
@click.option("--archived", is_flag=True, help="Archived repositories, too.")
@click.option("--forks", is_flag=True, help="Forks, too.")
@click.option("--prune", is_flag=True, help="Remove the data sources of repositories that are gone.")
@click.option(
    "--discover-minutes", type=click.IntRange(0, MOST_MINUTES), default=1440, help="Look again so often; 0: never."
)
@click.option(
    "--refresh-minutes",
    type=click.IntRange(0, MOST_MINUTES),
    default=60,
    help="Refresh what is new so often; 0: never.",
)
@as_json_option
@click.pass_obj
def add_organisation(
    holder: LazyAssembly,
    location: str,
    kind: str | None,
    name: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    archived: bool,
    forks: bool,
    prune: bool,
    discover_minutes: int,
    refresh_minutes: int,
    as_json: bool,
) -> None:
    """Add the group or user at URL, such as https://github.com/pallets, and look for its repositories.

    They become data sources; a service that runs indexes them, or `codesearch index --all` does.
    """
    from codesearch.hosts.address import read_address

    address = read_address(location, kind)
    wanted = Organisation(
        id="",
        name=name or address.suggested_name,
        kind=address.kind,
        host_url=address.host_url,
        path=address.path,
        include=include,
        exclude=exclude,
        takes_archived=archived,
        takes_forks=forks,
        prunes=prune,
        discover_minutes=discover_minutes or None,
        refresh_minutes=refresh_minutes,
    )
    added = holder.get().catalog.add_organisation(wanted)
    try:
        _discover(holder, added.id, as_json=as_json)
    except CodeHostError as error:
        command = shlex.join(["codesearch", "organisation", "discover", added.name])
        raise CodeHostError(f"{added.name} was added, but: {error.message} Then run `{command}`.") from error


@organisation.command("list")
@as_json_option
@click.pass_obj
def list_organisations(holder: LazyAssembly, as_json: bool) -> None:
    """List the organisations with their repositories and what came of the last look."""
    assembly = holder.get()
    found = assembly.catalog.list_organisations() if assembly.has_catalog() else []
    if as_json:
        output.print_json({"organisations": [_organisation_as_json(item) for item in found]})
    elif found:
        _print_organisations(found)
    else:
        print("There is no organisation. Run `codesearch organisation add URL`.")


@organisation.command("discover")
@_organisation_argument
@as_json_option
@click.pass_obj
def discover_organisation(holder: LazyAssembly, organisation_id: str, as_json: bool) -> None:
    """Look for the repositories of an organisation now."""
    require_catalog(holder.get(), "organisation", organisation_id)
    _discover(holder, organisation_id, as_json=as_json)


@organisation.command("remove")
@_organisation_argument
@click.option("--prune", is_flag=True, help="Remove its data sources, too; else they stay.")
@as_json_option
@click.pass_obj
def remove_organisation(holder: LazyAssembly, organisation_id: str, prune: bool, as_json: bool) -> None:
    """Look for the repositories of an organisation no more. Its data sources stay, unless --prune says otherwise."""
    from codesearch.cli.admin import remove_source

    assembly = require_catalog(holder.get(), "organisation", organisation_id)
    catalog = assembly.catalog
    removed = catalog.remove_organisation(organisation_id)
    others = {item.source_id for other in catalog.list_organisations() for item in other.repositories}
    gone = [item.source_id for item in removed.repositories if prune and item.source_id not in others]
    lines = [f"Removed the organisation {removed.name}."]
    lines += [remove_source(assembly, source) for source in catalog.list_sources() if source.id in gone]
    output.print_done("\n".join(lines), {"removed": removed.id, "sources": gone}, as_json=as_json)


def _discover(holder: LazyAssembly, organisation_id: str, *, as_json: bool) -> None:
    from codesearch.cli.management.discovery import discover

    found = discover(holder.get(), organisation_id)
    if as_json:
        output.print_json(_discovery_as_json(found))
        return
    print(f"{found.organisation.name} ({found.organisation.id}): {found.summary}")
    for what, names in (("new", found.added), ("renamed", found.renamed), ("gone", found.gone)):
        for name in names:
            print(f"  {what}: {name}")
    if found.added:
        print("A service that runs indexes what is new; without one, run `codesearch index --all`.")


def _discovery_as_json(found: Discovery) -> dict[str, object]:
    return {
        "id": found.organisation.id,
        "name": found.organisation.name,
        "found": found.found,
        "added": list(found.added),
        "renamed": list(found.renamed),
        "gone": list(found.gone),
        "removed": list(found.removed),
        "waiting": found.waiting,
        "summary": found.summary,
    }


def _print_organisations(found: Sequence[Organisation]) -> None:
    now = datetime.now(timezone.utc)
    rows = [
        (
            item.id,
            item.name,
            item.kind.value,
            f"{sum(not repository.is_gone for repository in item.repositories):,}",
            f"{sum(repository.is_gone for repository in item.repositories):,}",
            "" if item.discovered_at is None else say_age(item.discovered_at, now),
            f"failed: {item.message}" if item.has_failed else item.message or "not looked at yet",
        )
        for item in found
    ]
    output.print_table(("id", "name", "kind", "repositories", "gone", "looked", "what came of it"), rows)


def _organisation_as_json(item: Organisation) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": item.id,
        "name": item.name,
        "kind": item.kind.value,
        "location": item.location,
        "include": list(item.include),
        "exclude": list(item.exclude),
        "archived": item.takes_archived,
        "forks": item.takes_forks,
        "prune": item.prunes,
        "discover_minutes": item.discover_minutes,
        "refresh_minutes": item.refresh_minutes,
        "discovered_at": item.discovered_at,
        "failed": item.has_failed,
        "message": item.message,
        "repositories": [
            {
                "source_id": repository.source_id,
                "name": repository.source_name,
                "full_name": repository.full_name,
                "gone": repository.is_gone,
            }
            for repository in item.repositories
        ],
    }
    return {name: value for name, value in values.items() if value is not None}
