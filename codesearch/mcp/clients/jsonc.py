"""Reads JSON with comments, and changes one value of it without touching the rest of the text. Pure.

Editors take comments and commas at the end in their settings, and people have both there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_SPACE = re.compile(r"(?:[ \t\r\n]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_SCALAR = re.compile(r"-?\d[\d.eE+-]*|true|false|null")
_REST_OF_LINE = re.compile(r"[ \t]*(?://[^\r\n]*|/\*[^\n]*?\*/[ \t]*)?")


class BrokenJsonError(ValueError):
    """The text is no JSON, with comments or without; says where."""


@dataclass(slots=True)
class Node:
    """A value and where it stands. `members` are those of an object, in order, a later one of a name last."""

    value: Any
    start: int
    end: int
    members: list[Member] = field(default_factory=list)
    has_last_comma: bool = False


@dataclass(slots=True)
class Member:
    """A member of an object: where its name begins, and its value."""

    name: str
    start: int
    node: Node


def parse_jsonc(text: str) -> Node:
    """Return the root of a text; of an empty one an empty object. Raises BrokenJsonError."""
    reader = _Reader(text)
    try:
        return reader.read_all()
    except RecursionError as error:
        raise BrokenJsonError("it is nested too deeply") from error


def set_value(text: str, path: Sequence[str], value: Any) -> str:
    """Return the text with a value at a path of object members, which are made where they are missing.

    Raises BrokenJsonError, also where something else than an object is on the way.
    """
    if not text.strip():
        return json.dumps(_nest(path, value), indent=2, ensure_ascii=False) + "\n"
    root = parse_jsonc(text)
    parent, depth = root, 0
    while depth < len(path) - 1 and (found := find_member(parent, path[depth])) is not None:
        parent, depth = found.node, depth + 1
    if not isinstance(parent.value, dict):
        raise BrokenJsonError(f"{'.'.join(path[:depth]) or 'the whole'} is no object")
    line_end, unit = _line_end_of(text), _indent_unit_of(text, root)
    existing = find_member(parent, path[depth]) if depth == len(path) - 1 else None
    if existing is not None:
        indent = _indent_at(text, existing.start)
        return text[: existing.node.start] + _dump(value, indent, unit, line_end) + text[existing.node.end :]
    return _insert(text, parent, path[depth], _nest(path[depth + 1 :], value), unit, line_end)


def remove_value(text: str, path: Sequence[str]) -> str:
    """Return the text without the member at a path; as it is where there is none. Raises BrokenJsonError."""
    parent = parse_jsonc(text)
    for name in path[:-1]:
        found = find_member(parent, name)
        if found is None:
            return text
        parent = found.node
    member = find_member(parent, path[-1])
    if member is None:
        return text
    start, end = member.start, member.node.end
    comma = _SPACE.match(text, end)
    after = comma.end() if comma else end
    has_comma = text[after : after + 1] == ","
    end = after + 1 if has_comma else end
    previous = [other for other in parent.members if other.start < member.start]
    before = _behind_comma(text, previous[-1]) if previous else parent.start + 1
    shares_line = not text[before:start].strip(" \t")
    if has_comma and shares_line:
        # What stood before and behind it has one of the two blanks between.
        rest = text[end:] if previous else text[end:].lstrip(" \t")
        return text[:before] + rest
    if previous and not has_comma:
        # The comma before it goes, what stands between the two stays.
        if shares_line:
            return text[: before - 1] + text[end:]
        return text[: before - 1] + _cut_line(text, start, end, offset=before)
    return text[: _line_start(text, start)] + text[_line_rest(text, start, end) :]


def find_member(node: Node, name: str) -> Member | None:
    """Return the member that counts: of several with a name, the last."""
    return next((member for member in reversed(node.members) if member.name == name), None)


def _behind_comma(text: str, member: Member) -> int:
    """Return the place behind the comma that follows a member."""
    match = _SPACE.match(text, member.node.end)
    return (match.end() if match else member.node.end) + 1


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 1 if text.startswith("\ufeff") else 0

    def read_all(self) -> Node:
        self._skip()
        if self._at == len(self._text):
            return Node({}, self._at, self._at)
        node = self._read()
        self._skip()
        if self._at != len(self._text):
            raise self._broken()
        return node

    def _read(self) -> Node:
        start = self._at
        character = self._text[start : start + 1]
        if character == "{":
            return self._read_object(start)
        if character == "[":
            return self._read_array(start)
        match = (_STRING if character == '"' else _SCALAR).match(self._text, start)
        if match is None:
            raise self._broken()
        self._at = match.end()
        return Node(self._load(match.group(), start), start, match.end())

    def _read_object(self, start: int) -> Node:
        node = Node({}, start, start)
        self._take("{")
        while not self._next_is("}"):
            name_start = self._at
            name = self._read().value
            if not isinstance(name, str):
                self._at = name_start
                raise self._broken()
            self._skip()
            self._take(":")
            self._skip()
            value = self._read()
            node.members.append(Member(name, name_start, value))
            node.value[name] = value.value
            node.has_last_comma = self._take_comma("}")
        self._take("}")
        node.end = self._at
        return node

    def _read_array(self, start: int) -> Node:
        node = Node([], start, start)
        self._take("[")
        while not self._next_is("]"):
            node.value.append(self._read().value)
            node.has_last_comma = self._take_comma("]")
        self._take("]")
        node.end = self._at
        return node

    def _take_comma(self, closing: str) -> bool:
        self._skip()
        if self._text[self._at : self._at + 1] == ",":
            self._at += 1
            return True
        if self._text[self._at : self._at + 1] != closing:
            raise self._broken()
        return False

    def _next_is(self, character: str) -> bool:
        self._skip()
        return self._text[self._at : self._at + 1] == character

    def _take(self, character: str) -> None:
        if self._text[self._at : self._at + 1] != character:
            raise self._broken()
        self._at += 1

    def _skip(self) -> None:
        if match := _SPACE.match(self._text, self._at):
            self._at = match.end()

    def _load(self, token: str, start: int) -> Any:
        try:
            return json.loads(token)
        except ValueError as error:
            self._at = start
            raise self._broken() from error

    def _broken(self) -> BrokenJsonError:
        line = self._text.count("\n", 0, self._at) + 1
        return BrokenJsonError(f"it is not JSON from line {line} on")


def _insert(text: str, parent: Node, name: str, value: Any, unit: str, line_end: str) -> str:
    """Add a member behind the last one, in the way in which the object is written."""
    if parent.members:
        last = parent.members[-1]
        if "\n" not in text[parent.start : parent.end]:
            place = last.node.end
            member = f", {json.dumps(name, ensure_ascii=False)}: {json.dumps(value, ensure_ascii=False)}"
            return text[:place] + member + text[place:]
        indent = _indent_at(text, last.start)
        member = f"{json.dumps(name, ensure_ascii=False)}: {_dump(value, indent, unit, line_end)}"
        comma = last.node.end
        if parent.has_last_comma:
            match = _SPACE.match(text, comma)
            comma = match.end() if match else comma
            place = _rest_of_line(text, comma + 1)
            return f"{text[:place]}{line_end}{indent}{member},{text[place:]}"
        place = _rest_of_line(text, comma)
        return f"{text[:comma]},{text[comma:place]}{line_end}{indent}{member}{text[place:]}"
    outer = _indent_at(text, parent.start)
    indent = outer + unit
    member = f"{json.dumps(name, ensure_ascii=False)}: {_dump(value, indent, unit, line_end)}"
    if parent.start == parent.end:  # comments and nothing else
        return f"{text.rstrip()}{line_end}{{{line_end}{unit}{member}{line_end}}}{line_end}"
    inside = text[parent.start + 1 : parent.end - 1].rstrip()
    return f"{text[: parent.start + 1]}{inside}{line_end}{indent}{member}{line_end}{outer}{text[parent.end - 1 :]}"


def _nest(path: Sequence[str], value: Any) -> Any:
    for name in reversed(path):
        value = {name: value}
    return value


def _dump(value: Any, indent: str, unit: str, line_end: str) -> str:
    return json.dumps(value, indent=unit, ensure_ascii=False).replace("\n", line_end + indent)


def _line_end_of(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _indent_unit_of(text: str, root: Node) -> str:
    return (_indent_at(text, root.members[0].start) if root.members else "") or "  "


def _indent_at(text: str, place: int) -> str:
    line = text[text.rfind("\n", 0, place) + 1 : place]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _rest_of_line(text: str, place: int) -> int:
    """Return the place behind a comment that follows on the same line."""
    match = _REST_OF_LINE.match(text, place)
    if match is None or text[match.end() : match.end() + 1] not in ("\n", "\r", ""):
        return place
    return match.end()


def _line_start(text: str, place: int) -> int:
    """Return where the line of a place begins, if only blanks stand before it; else the place."""
    start = text.rfind("\n", 0, place) + 1
    return start if not text[start:place].strip() else place


def _line_rest(text: str, start: int, end: int) -> int:
    """Return where the next line begins, if nothing but a comment follows and the first line goes as well."""
    if _line_start(text, start) == start and start and text[start - 1] != "\n":
        return end
    place = _rest_of_line(text, end)
    if place == end and text[end : end + 1] not in ("\n", "\r", ""):
        return end
    match = re.compile(r"\r?\n").match(text, place)
    return match.end() if match else place


def _cut_line(text: str, start: int, end: int, offset: int) -> str:
    return text[offset : _line_start(text, start)] + text[_line_rest(text, start, end) :]
