"""The entry of this server in the text of a client's configuration: put in, taken out, all else as it is. Pure."""

from __future__ import annotations

from typing import Any

from codesearch.mcp.clients.client import Client, Format
from codesearch.mcp.clients.jsonc import BrokenJsonError, find_member, parse_jsonc, remove_value, set_value

SERVER_NAME = "codesearch"
# What an older entry may have that a new one of the other kind must not.
_KINDS = ("type", "command", "args", "env", "environment", "url", "serverUrl", "httpUrl", "headers")
_OWN_FIELDS = frozenset({*_KINDS, "bearer_token_env_var", "source", "tools", "enabled"})


def read_entry(client: Client, text: str) -> Any:
    """Return the entry, None where there is none. Raises BrokenJsonError, BrokenTomlError."""
    return _value_at(_values(client, text), _path_of(client, text))


def put_entry(client: Client, text: str, entry: dict[str, Any]) -> str:
    """Return the text with the entry; what somebody added to an older one stays: a timeout, tools that are let in.

    Raises as `read_entry` does, also where nothing can be put in safely.
    """
    path = _path_of(client, text)
    old = _value_at(_values(client, text), path)
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


def drop_entry(client: Client, text: str) -> str:
    """Return the text without the entry and what only held it. Raises as `put_entry` does."""
    path = _path_of(client, text)
    values = _values(client, text)
    if _value_at(values, path) is None:
        return text
    if client.form is Format.TOML:
        from codesearch.mcp.clients.toml import remove_table

        return remove_table(text, path)
    changed = text
    for end in range(len(path), 0, -1):
        if end == len(path) or _value_at(parse_jsonc(changed).value, path[:end]) == {}:
            changed = remove_value(changed, path[:end])
    if parse_jsonc(changed).value not in _without_value(values, path):
        raise BrokenJsonError("it is written in a way that cannot be changed safely")
    return changed


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


def _without_value(values: Any, path: tuple[str, ...]) -> list[Any]:
    """Return what may be left: without the last of a path, and without what then holds nothing."""
    if not path:
        return []
    rest = {name: value for name, value in values.items() if name != path[0]}
    if len(path) == 1:
        return [rest]
    below = _without_value(values[path[0]], path[1:])
    return [{**values, path[0]: left} for left in below] + ([rest] if {} in below else [])


def _require(client: Client, changed: str, wanted: Any) -> None:
    """Hold that nothing else was changed, whatever the text looks like."""
    if _values(client, changed) != wanted:
        raise BrokenJsonError("it is written in a way that cannot be changed safely")
