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

_HEAD = re.compile(r"^\ufeff?[ \t]*\[", re.MULTILINE)
_END_OF_BODY = re.compile(r"(?:^[ \t]*(?:#[^\n]*)?\r?\n?)*\Z", re.MULTILINE)
_BLANK_LINE_END = re.compile(r"(?:(?<=\n)|\A)\r?\n\Z")


class BrokenTomlError(ValueError):
    """The text is no TOML, or not written so that a table of it can be changed; says which."""


def read_toml(text: str) -> dict[str, Any]:
    """Return the values of a text. Raises BrokenTomlError."""
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise BrokenTomlError(f"it is not TOML: {error}") from error


def set_table(text: str, path: Sequence[str], values: Mapping[str, Any]) -> str:
    """Return the text with a table of these values at a path, in the place of an older one, else at the end.

    Raises BrokenTomlError.
    """
    line_end = "\r\n" if "\r\n" in text else "\n"
    wanted = _with_value(read_toml(text), path, dict(values))
    lines = [f"[{'.'.join(path)}]", *(f"{name} = {_write(value)}" for name, value in values.items())]
    table = "".join(f"{line}{line_end}" for line in lines)
    found = _find(text, path)
    if found is not None:
        changed = text[: found[0]] + table + text[found[1] :]
    elif text.strip("\ufeff \t\r\n"):
        changed = f"{text}{'' if text.endswith(chr(10)) else line_end}{line_end}{table}"
    else:
        changed = text + table
    _require(changed, wanted, path)
    return changed


def remove_table(text: str, path: Sequence[str]) -> str:
    """Return the text without the table at a path; as it is where there is none. Raises BrokenTomlError."""
    values = read_toml(text)
    if path[-1] not in _value_at(values, path[:-1]):
        return text
    found = _find(text, path)
    before, after = (text, "") if found is None else (text[: found[0]], text[found[1] :])
    # The blank line before it goes as well.
    changed = _BLANK_LINE_END.sub("", before) + after if before.strip() else before + after.lstrip("\r\n")
    _require(changed, _without_value(values, path), path)
    return changed


def _find(text: str, path: Sequence[str]) -> tuple[int, int] | None:
    """Return where a table's lines are, with those of tables below it, without the comments on what follows."""
    name = r"[ \t]*\.[ \t]*".join(f'(?:{re.escape(part)}|"{re.escape(part)}")' for part in path)
    heads = list(re.finditer(rf"^\ufeff?([ \t]*\[[ \t]*{name}[ \t]*(?:\.[^\]\n]*)?\][^\n]*\n?)", text, re.MULTILINE))
    if not heads:
        return None
    following = _HEAD.search(text, heads[-1].end())
    end = len(text) if following is None else following.start()
    body = text[heads[-1].end() : end]
    rest = _END_OF_BODY.search(body)
    return heads[0].start(1), end - (len(rest.group()) if rest else 0)


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
