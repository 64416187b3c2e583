"""`codesearch key`: what opens the API, for whom, and until when."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import click

from codesearch.cli import listings, output
from codesearch.cli.completion import complete_groups, complete_repositories
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.sources import find_named, require_catalog


@click.group()
def key() -> None:
    """API keys."""


@key.command("create")
@click.argument("name")
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="ID",
    shell_complete=complete_repositories,
    help="Only this data source; may be repeated.",
)
@click.option(
    "--group",
    "groups",
    multiple=True,
    metavar="GROUP",
    shell_complete=complete_groups,
    help="What this group reads; may be repeated.",
)
@click.option("--user", metavar="USER", help="Of that, only what the code host lets this person read.")
@click.option("--admin", is_flag=True, help="May read everything and use what is for admins.")
@click.option(
    "--expires", "days", type=click.IntRange(1, 36500), metavar="DAYS", help="Stops working after so many days."
)
@click.option(
    "--rate",
    type=click.IntRange(0, 1_000_000),
    metavar="COUNT",
    help="So many requests a minute, in the place of the service's limit; 0: any number.",
)
@as_json_option
@click.pass_obj
def create_key(
    holder: LazyAssembly,
    name: str,
    sources: tuple[str, ...],
    groups: tuple[str, ...],
    user: str | None,
    admin: bool,
    days: int | None,
    rate: int | None,
    as_json: bool,
) -> None:
    """Create the API key NAME and show its secret, this once."""
    if admin and (sources or groups or user is not None):
        raise click.UsageError("--admin reads every data source; leave out --source, --group and --user.")
    assembly = holder.get()
    source_ids = frozenset(find_named(assembly, source).id for source in sources) if sources else None
    expires_at = datetime.now(timezone.utc) + timedelta(days=days) if days else None
    created, secret = assembly.catalog.create_key(
        name,
        source_ids=source_ids,
        groups=groups,
        user=user,
        is_admin=admin,
        expires_at=expires_at,
        requests_per_minute=rate,
    )
    listings.print_new_key(created, secret, as_json=as_json)
    settings = assembly.settings
    if user is not None and settings.permissions_file is None and not settings.permissions_command:
        output.print_error(
            f"Nothing says yet what {created.user} may read, so the key reads nothing: set "
            "CODESEARCH_PERMISSIONS_FILE or CODESEARCH_PERMISSIONS_COMMAND for the service."
        )


@key.command("list")
@as_json_option
@click.pass_obj
def list_keys(holder: LazyAssembly, as_json: bool) -> None:
    """List the keys, without their secrets."""
    assembly = holder.get()
    listings.print_keys(assembly.catalog.list_keys() if assembly.has_catalog() else [], as_json=as_json)


@key.command("revoke")
@click.argument("key_id", metavar="ID")
@as_json_option
@click.pass_obj
def revoke_key(holder: LazyAssembly, key_id: str, as_json: bool) -> None:
    """Revoke a key (id, name or prefix), at once, also in a running service."""
    assembly = require_catalog(holder.get(), "key", key_id)
    revoked = assembly.catalog.revoke_key(key_id)
    output.print_done(f"Revoked the key {revoked.name}.", {"revoked": revoked.id}, as_json=as_json)
