"""`codesearch mcp install` and `uninstall`: which clients, what their files will say, and doing it."""

from __future__ import annotations

import difflib
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from codesearch.cli import output
from codesearch.cli.wording import describe_error
from codesearch.core.counts import say_count
from codesearch.core.errors import CodesearchError, ConfigurationError
from codesearch.mcp.clients.changes import Change, make_change, plan_install, plan_uninstall
from codesearch.mcp.clients.client import Client, Endpoint, Launch, Place
from codesearch.mcp.clients.table import CLIENTS

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAMES = [client.name for client in CLIENTS]


def install_clients(
    names: Sequence[str], *, url: str | None, key_variable: str, in_project: bool, with_rules: bool, dry_run: bool
) -> None:
    """Make clients know the server, all those that are here where none is named. Raises ConfigurationError."""
    server = _find_endpoint(url, key_variable) if url else find_launch()
    clients = _choose(names, in_project=in_project)
    failures = []
    for client in clients:
        try:
            place = _place_of(client, in_project=in_project)
            changes = plan_install(client, place, server, with_rules=with_rules)
            _make(client, changes, dry_run=dry_run)
        except CodesearchError as error:
            failures.append(error.message)
            output.print_error(describe_error(error))
            continue
        if client.note and isinstance(server, Launch) and not in_project:
            print(f"  {client.note}.")
    if isinstance(server, Endpoint) and len(failures) < len(clients):
        print(
            f"The key is read from the variable {server.key_variable} of the environment that a client is started in."
        )
    elif len(failures) < len(clients) and not dry_run:
        print("Start the client anew in the folder of a project, and ask it where something is done.")
    _end(failures, clients)


def uninstall_clients(names: Sequence[str], *, in_project: bool, dry_run: bool) -> None:
    """Make clients know the server no longer, all of them where none is named. Raises ConfigurationError."""
    clients = _choose(names or _NAMES, in_project=in_project)
    failures, found = [], False
    for client in clients:
        try:
            root = Path.cwd() if in_project else Path.home()
            changes = plan_uninstall(client, _place_of(client, in_project=in_project), root)
            wanted = [change for change in changes if change.verb != "unchanged"]
            found = found or bool(wanted)
            if wanted or names:
                _make(client, wanted, dry_run=dry_run)
        except CodesearchError as error:
            failures.append(error.message)
            output.print_error(describe_error(error))
    if not found and not failures and not names:
        print("No client has it.")
    _end(failures, clients)


def find_launch() -> Launch:
    """Return how clients start this codesearch: by its absolute path, for they have another PATH than a shell."""
    from codesearch.core.config import load_settings
    from codesearch.core.settings.places import find_default_data_dir

    data_dir = load_settings(lambda _: None).data_dir.resolve()
    # What the environment of this shell says does not reach a client.
    environment = () if data_dir == find_default_data_dir() else (("CODESEARCH_DATA_DIR", str(data_dir)),)
    return Launch(str(_find_program()), ("mcp",), environment)


def _find_program() -> Path:
    called = Path(sys.argv[0])
    ending = ".exe" if sys.platform == "win32" else ""
    beside = Path(sys.executable).parent / f"codesearch{ending}"
    if called.stem == "codesearch" and called.is_file():
        return called.absolute()
    found = beside if beside.is_file() else shutil.which("codesearch")
    if not found:
        raise ConfigurationError("The program `codesearch` is not installed: `pip install` the package, then run this.")
    return Path(found).absolute()


def _find_endpoint(url: str, key_variable: str) -> Endpoint:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise ConfigurationError("--url is the address of a service, such as https://search.example.com/mcp.")
    if not _VARIABLE.fullmatch(key_variable):
        raise ConfigurationError("--key-variable is the name of a variable of the environment, never a key itself.")
    # Clients that do not see this ending look for an older protocol first.
    path = parts.path.rstrip("/")
    return Endpoint(parts._replace(path=path if path.endswith("/mcp") else f"{path}/mcp").geturl(), key_variable)


def _choose(names: Sequence[str], *, in_project: bool) -> list[Client]:
    by_name = {client.name: client for client in CLIENTS}
    if names:
        unknown = [name for name in names if name not in by_name]
        if unknown:
            raise ConfigurationError(f"There is no client {unknown[0]!r}; there are: {', '.join(_NAMES)}.")
        chosen = [by_name[name] for name in dict.fromkeys(names)]
        return [item for item in chosen if not (in_project and item.for_project is None and len(names) == len(_NAMES))]
    found = [client for client in CLIENTS if any(sign.exists() for sign in client.signs(Path.home()))]
    if in_project:
        found = [client for client in found if client.for_project is not None]
    if not found:
        raise ConfigurationError(f"No client was found here. Name one: {', '.join(_NAMES)}.")
    return found


def _place_of(client: Client, *, in_project: bool) -> Place:
    if not in_project:
        return client.for_user(Path.home())
    if client.for_project is None:
        raise ConfigurationError(f"{client.title} has no configuration of a project; leave out --project for it.")
    return client.for_project(Path.cwd())


def _make(client: Client, changes: Sequence[Change], *, dry_run: bool) -> None:
    if all(change.verb == "unchanged" for change in changes):
        print(f"{client.title}: nothing to do.")
        return
    print(f"{client.title}:")
    for change in changes:
        if dry_run:
            print(f"  would {change.verb} {change.path}" if change.verb != "unchanged" else f"  {change.path} stays")
            if not change.is_copy:
                _print_difference(change)
            continue
        make_change(change)
        done = {"create": "created", "change": "changed", "delete": "deleted", "unchanged": "unchanged"}[change.verb]
        print(f"  {done} {output.visible(str(change.path))}")


def _print_difference(change: Change) -> None:
    before, after = (
        (content or b"").decode("utf-8", "replace").splitlines() for content in (change.before, change.after)
    )
    # Without lines around: the files hold keys of others.
    for line in list(difflib.unified_diff(before, after, lineterm="", n=0))[2:]:
        if not line.startswith("@@"):
            print(f"    {output.visible(line)}")


def _end(failures: Sequence[str], clients: Sequence[Client]) -> None:
    if failures:
        of = say_count(len(clients), "client was left as it is", "clients were left as they are")
        raise ConfigurationError(f"{len(failures)} of {of}.")
