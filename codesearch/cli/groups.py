"""`codesearch group`: what is read together, and by which keys."""

from __future__ import annotations

from collections.abc import Sequence

import click

from codesearch.assembly import Assembly
from codesearch.cli import output
from codesearch.cli.completion import complete_groups, complete_sources
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.sources import require_catalog
from codesearch.core.types import Group

_keys_option = click.option("--key", "keys", multiple=True, metavar="KEY", help="This key, too; may be repeated.")
_members_argument = click.argument("members", nargs=-1, metavar="[ID]...", shell_complete=complete_sources)
_group_argument = click.argument("group_id", metavar="GROUP", shell_complete=complete_groups)


@click.group()
def group() -> None:
    """Groups of repositories and workspaces that keys, and the tokens of people, may read."""


@group.command("create")
@click.argument("name")
@_members_argument
@as_json_option
@click.pass_obj
def create_group(holder: LazyAssembly, name: str, members: tuple[str, ...], as_json: bool) -> None:
    """Create the group NAME that reads the data sources and workspaces ID... (ids or names)."""
    _print_group(holder.get().catalog.create_group(name, members), as_json=as_json)


@group.command("list")
@as_json_option
@click.pass_obj
def list_groups(holder: LazyAssembly, as_json: bool) -> None:
    """List the groups with what they read and their keys."""
    assembly = holder.get()
    found = assembly.catalog.list_groups() if assembly.has_catalog() else []
    if as_json:
        output.print_json({"groups": [_group_as_json(item) for item in found]})
    elif found:
        _print_groups(found)
    else:
        print("There is no group. Run `codesearch group create NAME ID...`.")


@group.command("add")
@_group_argument
@_members_argument
@_keys_option
@as_json_option
@click.pass_obj
def add_to_group(
    holder: LazyAssembly, group_id: str, members: tuple[str, ...], keys: tuple[str, ...], as_json: bool
) -> None:
    """Let GROUP read ID... as well, or bind keys to it."""
    assembly = _require_something(holder, group_id, members, keys)
    changed = assembly.catalog.add_to_group(group_id, members, _find_keys(assembly, keys))
    _print_group(changed, as_json=as_json)


@group.command("remove")
@_group_argument
@_members_argument
@_keys_option
@as_json_option
@click.pass_obj
def remove_from_group(
    holder: LazyAssembly, group_id: str, members: tuple[str, ...], keys: tuple[str, ...], as_json: bool
) -> None:
    """Take ID..., or keys, out of GROUP, at once, also in a running service."""
    assembly = _require_something(holder, group_id, members, keys)
    changed = assembly.catalog.remove_from_group(group_id, members, _find_keys(assembly, keys))
    _print_group(changed, as_json=as_json)


@group.command("delete")
@_group_argument
@as_json_option
@click.pass_obj
def delete_group(holder: LazyAssembly, group_id: str, as_json: bool) -> None:
    """Delete GROUP; what its keys read through it alone they read no more."""
    assembly = require_catalog(holder.get(), "group", group_id)
    deleted = assembly.catalog.delete_group(group_id)
    output.print_done(f"Deleted the group {deleted.name}.", {"deleted": deleted.id}, as_json=as_json)


def _require_something(holder: LazyAssembly, group_id: str, members: Sequence[str], keys: Sequence[str]) -> Assembly:
    if not members and not keys:
        raise click.UsageError("Give an ID of a data source or workspace, or --key.")
    return require_catalog(holder.get(), "group", group_id)


def _find_keys(assembly: Assembly, given: Sequence[str]) -> list[str]:
    return [assembly.catalog.find_key(key).id for key in given]


def _print_group(item: Group, *, as_json: bool) -> None:
    output.print_json(_group_as_json(item)) if as_json else _print_groups([item])


def _print_groups(found: Sequence[Group]) -> None:
    rows = [
        (item.id, item.name, ", ".join(member.name for member in item.members) or "nothing", ", ".join(item.key_names))
        for item in found
    ]
    output.print_table(("id", "name", "reads", "keys"), rows)


def _group_as_json(item: Group) -> dict[str, object]:
    members = [
        {"id": member.id, "name": member.name, "type": "workspace" if member.is_workspace else "repository"}
        for member in item.members
    ]
    return {"id": item.id, "name": item.name, "members": members, "keys": list(item.key_names)}
