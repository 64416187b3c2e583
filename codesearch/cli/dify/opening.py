"""What the commands of `codesearch dify` begin with: connections by the settings, and the targets that are meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from codesearch.assembly import LOCAL_PRINCIPAL
from codesearch.cli.context import LazyAssembly
from codesearch.cli.sources import choose_sources, list_known
from codesearch.core.errors import NotIndexedError
from codesearch.core.types import DataSource, Workspace

if TYPE_CHECKING:
    from codesearch.core.config import Settings
    from codesearch.dify.chat_api import ChatApi
    from codesearch.dify.connecting import Target
    from codesearch.dify.connection import DifyConnection
    from codesearch.dify.knowledge_api import KnowledgeApi

_ID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

PERMISSIONS = ("only_me", "all_team_members")
# What was asked for was not reached in full, though nothing is wrong with the command.
INCOMPLETE = 1

Command = TypeVar("Command", bound=Callable[..., object])


def dry_run_option(command: Command) -> Command:
    """Give a command the option --dry-run, as `dry_run`."""
    return click.option("--dry-run", is_flag=True, help="Show what would be done; change nothing.")(command)


def permission_option(command: Command) -> Command:
    """Give a command the option --permission."""
    return click.option(
        "--permission",
        type=click.Choice(PERMISSIONS),
        help="Who sees new knowledge bases in Dify; the default is only_me, the owner of the key's workspace.",
    )(command)


@contextmanager
def knowledge_api(holder: LazyAssembly) -> Iterator[KnowledgeApi]:
    """Yield Dify's Knowledge API. Raises ConfigurationError for settings that are missing or wrong."""
    from codesearch.dify.knowledge_api import KnowledgeApi

    settings = holder.get().settings
    secret = settings.dify_key.get_secret_value() if settings.dify_key else None
    with _connect(settings, secret, "dataset") as connection:
        yield KnowledgeApi(connection)


@contextmanager
def chat_api(holder: LazyAssembly) -> Iterator[ChatApi]:
    """Yield the API of an app of Dify. Raises ConfigurationError for settings that are missing or wrong."""
    from codesearch.dify.chat_api import ChatApi

    settings = holder.get().settings
    secret = settings.dify_app_key.get_secret_value() if settings.dify_app_key else None
    with _connect(settings, secret, "app") as connection:
        yield ChatApi(connection)


@contextmanager
def _connect(settings: Settings, secret: str | None, kind: str) -> Iterator[DifyConnection]:
    from codesearch.dify.address import read_base_url, require_key
    from codesearch.dify.connection import DifyConnection

    connection = DifyConnection(read_base_url(settings.dify_url), require_key(secret, kind))
    try:
        yield connection
    finally:
        connection.close()


def choose_targets(holder: LazyAssembly, named: Sequence[str], *, everything: bool) -> list[Target]:
    """Return what is to be connected, each once: with `everything` every workspace, too. Raises NotIndexedError."""
    from codesearch.dify.connecting import Target

    assembly = holder.get()
    chosen: list[DataSource | Workspace] = choose_sources(holder, named, everything=everything)
    if everything:
        chosen = [item for item in chosen if isinstance(item, DataSource) and assembly.retriever.is_ready(item)]
        chosen += assembly.catalog.list_workspaces()
    for item in chosen:
        if not everything:
            # Says how far it is where it cannot be asked yet.
            assembly.retriever.find_readable(LOCAL_PRINCIPAL, item.id)
    if not chosen:
        raise NotIndexedError("No data source has a finished index yet. `codesearch list` shows how far they are.")
    return list({item.id: Target(item.id, item.name) for item in chosen}.values())


def list_targets(holder: LazyAssembly) -> list[Target]:
    """Return every data source and workspace here."""
    from codesearch.dify.connecting import Target

    assembly = holder.get()
    workspaces = assembly.catalog.list_workspaces() if assembly.has_catalog() else []
    sources = [Target(source.id, source.name) for source in list_known(assembly)]
    return sources + [Target(workspace.id, workspace.name) for workspace in workspaces]


def is_dify_id(text: str) -> bool:
    """Say whether a text has the form of Dify's ids."""
    return _ID.fullmatch(text) is not None
