"""Plans changes of clients' files and makes them: each whole or not at all, what was there kept beside it."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codesearch.core.errors import ConfigurationError
from codesearch.mcp.clients.client import Client, Endpoint, Format, Launch, Place, Rules
from codesearch.mcp.clients.jsonc import BrokenJsonError, find_member, parse_jsonc, remove_value, set_value
from codesearch.mcp.clients.rules import drop_rules, put_rules

SERVER_NAME = "codesearch"
BACKUP_ENDING = ".before-codesearch"
_MOST_BYTES = 32 << 20
# What an older entry may have that a new one of the other kind must not.
_KINDS = ("type", "command", "args", "env", "environment", "url", "serverUrl", "httpUrl", "headers")
_OWN_FIELDS = frozenset({*_KINDS, "bearer_token_env_var", "source", "tools", "enabled"})


@dataclass(frozen=True, slots=True)
class Change:
    """A file as it is to be; `before` None: it is not there yet, `after` None: nothing is left of it."""

    path: Path
    before: bytes | None
    after: bytes | None

    @property
    def verb(self) -> str:
        """What it does, in a word."""
        if self.before == self.after:
            return "unchanged"
        return "create" if self.before is None else "delete" if self.after is None else "change"


def plan_install(client: Client, place: Place, server: Launch | Endpoint, *, with_rules: bool) -> list[Change]:
    """Return what has to be changed so that a client knows the server. Raises ConfigurationError; changes nothing."""
    if isinstance(server, Launch):
        entry = client.as_stdio(server)
    elif client.as_http is not None:
        entry = client.as_http(server)
    else:
        raise ConfigurationError(
            f"{client.title} cannot ask a service with a key from the environment; leave out --url for it."
        )
    changes = [_plan(place.configuration, lambda text: _set_entry(client, text, entry))]
    if with_rules and place.rules is not None:
        changes.append(_plan_rules(place.rules, put_rules))
    return changes


def plan_uninstall(client: Client, place: Place) -> list[Change]:
    """Return what has to be changed so that a client no longer knows the server. Raises as `plan_install` does."""
    changes = [_plan(place.configuration, lambda text: _remove_entry(client, text))]
    if place.rules is not None:
        changes.append(_plan_rules(place.rules, drop_rules))
    return [change for change in changes if change.before is not None]


def make_change(change: Change) -> None:
    """Put a file in the place of what it was when the change was planned; what was there is kept with BACKUP_ENDING.

    Raises ConfigurationError where it cannot be written, or is another one by now.
    """
    if change.verb == "unchanged":
        return
    # A link to where somebody keeps such files stays one.
    path = change.path.resolve()
    try:
        if _read(path) != change.before:
            raise ConfigurationError(f"{change.path} was changed by another program just now; run this again.")
        backup = path.with_name(path.name + BACKUP_ENDING)
        if change.after is None:
            # It held nothing but what was written here.
            path.unlink()
            return
        if change.before is not None and _read(backup) != change.after:
            shutil.copy2(path, backup)
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, change.after)
        if _read(backup) == change.after:
            backup.unlink()
    except OSError as error:
        raise ConfigurationError(f"{change.path} cannot be written: {error.strerror or error}.") from error


def _plan(path: Path, edit: Callable[[str], str]) -> Change:
    try:
        before = _read(path.resolve())
    except (OSError, RuntimeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}; it is left as it is.") from error
    try:
        after = edit((before or b"").decode("utf-8"))
    except ValueError as error:
        reason = "it is not UTF-8" if isinstance(error, UnicodeError) else str(error)
        raise ConfigurationError(f"{path} is left as it is: {reason}. Mend it, then run this again.") from error
    if before is not None and after.encode() == before:
        return Change(path, before, before)
    return Change(path, before, after.encode() if after.strip() else None)


def _plan_rules(rules: Rules, edit: Callable[[str, str], str]) -> Change:
    return _plan(rules.path, lambda text: edit(text, rules.head))


def _read(path: Path) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    if len(content) > _MOST_BYTES:
        raise ConfigurationError(f"{path} has more than {_MOST_BYTES >> 20} MiB; it is left as it is.")
    return content


def _set_entry(client: Client, text: str, entry: dict[str, Any]) -> str:
    path = _path_of(client, text)
    old = _value_at(_values(client, text), path)
    # What somebody added to the entry stays: a timeout, tools that are let in.
    kept = {name: value for name, value in old.items() if name not in _OWN_FIELDS} if isinstance(old, dict) else {}
    entry = {**entry, **kept}
    if old == entry:
        return text
    if client.form is Format.TOML:
        from codesearch.mcp.clients.toml import set_table

        changed = set_table(text, path, entry)
    else:
        changed = set_value(text, path, entry)
    _require(client, changed, _with_value(_values(client, text), path, entry))
    return changed


def _remove_entry(client: Client, text: str) -> str:
    path = _path_of(client, text)
    values = _values(client, text)
    if _value_at(values, path) is None:
        return text
    if client.form is Format.TOML:
        from codesearch.mcp.clients.toml import remove_table

        return remove_table(text, path)
    changed = text
    for end in range(len(path), 0, -1):
        # What only held the entry goes with it.
        if end == len(path) or _value_at(parse_jsonc(changed).value, path[:end]) == {}:
            changed = remove_value(changed, path[:end])
    return "" if json.dumps(parse_jsonc(changed).value) == "{}" and not _has_comments(changed) else changed


def _has_comments(text: str) -> bool:
    return bool(text.strip("\ufeff \t\r\n{}"))


def _path_of(client: Client, text: str) -> tuple[str, ...]:
    """Return where the entry stands. opencode 2 has servers one level deeper, and reads the older form as well."""
    if client.name == "opencode" and text.strip():
        found = find_member(parse_jsonc(text), "mcp")
        servers = find_member(found.node, "servers") if found is not None else None
        if servers is not None and isinstance(servers.node.value, dict) and "type" not in servers.node.value:
            return (*client.path, "servers", SERVER_NAME)
    return (*client.path, SERVER_NAME)


def _values(client: Client, text: str) -> Any:
    if client.form is Format.TOML:
        from codesearch.mcp.clients.toml import read_toml

        return read_toml(text)
    return parse_jsonc(text).value


def _value_at(values: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        if not isinstance(values, dict) or name not in values:
            return None
        values = values[name]
    return values


def _with_value(values: Any, path: tuple[str, ...], value: Any) -> Any:
    if not path:
        return value
    return {**(values or {}), path[0]: _with_value((values or {}).get(path[0]), path[1:], value)}


def _require(client: Client, changed: str, wanted: Any) -> None:
    """Hold that nothing else was changed, whatever the text looks like."""
    if _values(client, changed) != wanted:
        raise BrokenJsonError("it is written in a way that cannot be changed safely")


def _replace(path: Path, content: bytes) -> None:
    """Write a file beside the one that is there, with its mode, and put it in its place."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, name)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
