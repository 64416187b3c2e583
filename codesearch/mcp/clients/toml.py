"""Changes one table of a TOML file and leaves the rest as it is written, line by line. Pure.

Libraries that keep comments keep them with the table above: a comment on the next one would move or go.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_HEAD = re.compile(r"^[ \t]*\[", re.MULTILINE)
_END_OF_BODY = re.compile(r"(?:^[ \t]*(?:#[^\n]*)?\n?)*\Z", re.MULTILINE)


class BrokenTomlError(ValueError):
    """The text is no TOML, or not written so that a table of it can be changed; says which."""


def read_toml(text: str) -> dict[str, Any]:
    """Return the values of a text. Raises BrokenTomlError."""
    try:
        return tomllib.loads(text.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        raise BrokenTomlError(f"it is not TOML: {error}") from error


def set_table(text: str, path: Sequence[str], values: Mapping[str, Any]) -> str:
    """Return the text with a table of these values at a path, in the place of an older one, else at the end.

    Raises BrokenTomlError.
    """
    line_end = "\r\n" if "\r\n" in text else "\n"
    plain = text.replace("\r\n", "\n")
    wanted = _with_value(read_toml(plain), path, dict(values))
    table = "".join([f"[{'.'.join(path)}]\n", *(f"{name} = {_write(value)}\n" for name, value in values.items())])
    found = _find(plain, path)
    if found is not None:
        changed = plain[: found[0]] + table + plain[found[1] :]
    else:
        changed = f"{plain.rstrip()}\n\n{table}" if plain.strip() else table
    _require(changed, wanted, path)
    return changed.replace("\n", line_end)


def remove_table(text: str, path: Sequence[str]) -> str:
    """Return the text without the table at a path; as it is where there is none. Raises BrokenTomlError."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    plain = text.replace("\r\n", "\n")
    values = read_toml(plain)
    if path[-1] not in _value_at(values, path[:-1]):
        return text
    found = _find(plain, path)
    before, after = (plain, "") if found is None else (plain[: found[0]], plain[found[1] :])
    changed = (
        f"{before.rstrip()}\n\n{after.lstrip()}" if before.strip() and after.strip() else before + after.lstrip("\n")
    )
    changed = changed.rstrip() + "\n" if changed.strip() else ""
    _require(changed, _without_value(values, path), path)
    return changed.replace("\n", line_end)


def _find(text: str, path: Sequence[str]) -> tuple[int, int] | None:
    """Return where a table's lines are, with those of tables below it, without the comments on what follows."""
    name = r"[ \t]*\.[ \t]*".join(f'(?:{re.escape(part)}|"{re.escape(part)}")' for part in path)
    heads = list(re.finditer(rf"^[ \t]*\[[ \t]*{name}[ \t]*(?:\.[^\]\n]*)?\][^\n]*\n?", text, re.MULTILINE))
    if not heads:
        return None
    following = _HEAD.search(text, heads[-1].end())
    end = len(text) if following is None else following.start()
    body = text[heads[-1].end() : end]
    rest = _END_OF_BODY.search(body)
    return heads[0].start(), end - (len(rest.group()) if rest else 0)


def _write(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_write(item)}" for name, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_write(item) for item in value) + "]"
    # A string, a whole number or a boolean is written as in JSON.
    return json.dumps(value, ensure_ascii=False)


def _value_at(values: Any, path: Sequence[str]) -> Mapping[str, Any]:
    for name in path:
        values = values.get(name, {}) if isinstance(values, Mapping) else {}
    return values if isinstance(values, Mapping) else {}


def _with_value(values: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    if not isinstance(values, Mapping):
        raise BrokenTomlError("what holds the servers is no table")
    return {**values, path[0]: _with_value(values.get(path[0], {}), path[1:], value)}


def _without_value(values: Mapping[str, Any], path: Sequence[str]) -> dict[str, Any]:
    kept = dict(values)
    if len(path) == 1:
        del kept[path[0]]
        return kept
    below = _without_value(kept[path[0]], path[1:])
    return {**kept, path[0]: below}


def _require(changed: str, wanted: Mapping[str, Any], path: Sequence[str]) -> None:
    """Hold that this table was changed and nothing else, whatever the text looks like."""
    try:
        values = read_toml(changed)
    except BrokenTomlError:
        values = {}
    # A table that holds nothing any more need not be there.
    if values not in (wanted, {name: value for name, value in wanted.items() if name != path[0] or value}):
        raise BrokenTomlError(f"{'.'.join(path)} is not written as a table of its own lines")
