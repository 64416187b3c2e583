"""Clients' files after the server was put in and taken out: the same bytes, no more files, links, read-only ones."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codesearch.core.errors import ConfigurationError
from codesearch.mcp.clients.changes import Change, make_change, plan_install, plan_uninstall
from codesearch.mcp.clients.client import Client, Endpoint, Format, Launch, Place, Rules
from codesearch.mcp.clients.files import copy_of
from codesearch.mcp.clients.table import CLIENTS

LAUNCH = Launch("/usr/bin/codesearch", ("mcp",), (("CODESEARCH_DATA_DIR", "/data"),))
SERVER_KEYS = sorted({client.path[0] for client in CLIENTS if client.form is Format.JSON})
by_name = pytest.mark.parametrize("client", CLIENTS, ids=[client.name for client in CLIENTS])

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)
objects = st.dictionaries(st.sampled_from(["a", "b", "ü"]), values, max_size=3)


def write_json(value: Any, indent: str | None, *, has_commas: bool, comment: str, depth: int = 0) -> str:
    """Return a value as people write it, with a comma behind every last member and a comment behind every comma."""
    if not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, ensure_ascii=False)
    named = value.items() if isinstance(value, dict) else (("", item) for item in value)
    start, end = ("", " ") if indent is None else ("\n" + indent * (depth + 1), "\n" + indent * depth)
    parts = []
    for name, item in named:
        written = write_json(item, indent, has_commas=has_commas, comment=comment, depth=depth + 1)
        parts.append(
            f"{start}{json.dumps(name, ensure_ascii=False)}: {written}" if isinstance(value, dict) else start + written
        )
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    behind = f" {comment}" if comment and (indent is not None or comment.endswith("*/")) else ""
    joined = f",{behind}{' ' if indent is None else ''}".join(parts)
    return f"{opening}{joined}{',' if has_commas else ''}{behind}{end}{closing}"


@st.composite
def json_files(draw: st.DrawFn) -> bytes:
    """Draw a configuration as bytes: any layout, comments, commas at the end, line ends, a mark of its encoding."""
    value = draw(objects)
    for key in draw(st.lists(st.sampled_from(SERVER_KEYS), max_size=2, unique=True)):
        value[key] = draw(st.dictionaries(st.sampled_from(["other", "x"]), objects, max_size=2))
    text = write_json(
        value,
        draw(st.sampled_from([None, "  ", "    ", "\t"])),
        has_commas=draw(st.booleans()),
        comment=draw(st.sampled_from(["", "// note", "/* note */"])),
    )
    text = (
        draw(st.sampled_from(["", "// mine\n", "\n"])) + text + draw(st.sampled_from(["", "\n", " \n\n", "\n// end"]))
    )
    text = draw(st.sampled_from([text, "", "{}", "{ }\n", "{\n}", "// nothing yet\n"]))
    return (
        draw(st.sampled_from(["", "\ufeff"])).encode()
        + text.replace("\n", draw(st.sampled_from(["\n", "\r\n"]))).encode()
    )


@st.composite
def toml_files(draw: st.DrawFn) -> bytes:
    """Draw a TOML configuration as bytes."""
    tables = ['model = "x" # note\n', "[a]\nb = 1\n", '\n[mcp_servers.other]\ncommand = "y"\n', "# end\n", "\n\n"]
    picked = draw(st.lists(st.sampled_from(range(len(tables))), unique=True))
    text = "".join(tables[place] for place in sorted(picked))
    text = text.rstrip("\n") if draw(st.booleans()) else text
    marks = draw(st.lists(st.sampled_from(["\n", "\r\n"]), min_size=len(text), max_size=len(text)))
    mixed = "".join(mark if sign == "\n" else sign for sign, mark in zip(text, marks, strict=True))
    return draw(st.sampled_from(["", "\ufeff"])).encode() + mixed.encode()


@contextmanager
def folder_of(client: Client, before: bytes | None, rules: bytes | None) -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as name:
        place = Place(Path(name).resolve() / "c" / "file", Rules(Path(name).resolve() / "r" / "RULES.md"))
        for path, content in ((place.configuration, before), (Path(name).resolve() / "r" / "RULES.md", rules)):
            if content is not None:
                path.parent.mkdir()
                path.write_bytes(content)
        yield place


def all_of(place: Place) -> dict[str, bytes | None]:
    root = place.configuration.parent.parent
    return {str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in root.rglob("*")}


def install(client: Client, place: Place, server: Launch | Endpoint = LAUNCH) -> None:
    for change in plan_install(client, place, server, with_rules=True):
        make_change(change)


def uninstall(client: Client, place: Place) -> list[Change]:
    changes = plan_uninstall(client, place, place.configuration.parent.parent)
    for change in changes:
        make_change(change)
    return changes


rules_files = st.none() | st.sampled_from(
    [b"", b"# Ours", b"# Ours\r\n\r\nBe kind.\n", b"\xef\xbb\xbf# Ours\n\n\n", b"\n"]
)


@by_name
@given(st.data())
@settings(max_examples=15)
def test_what_was_put_in_and_taken_out_is_as_before(client: Client, data: st.DataObject) -> None:
    before = data.draw(st.none() | (toml_files() if client.form is Format.TOML else json_files()))
    with folder_of(client, before, data.draw(rules_files)) as place:
        files = all_of(place)
        install(client, place)
        assert all_of(place) != files
        if data.draw(st.booleans()) and client.as_http is not None:
            # Set up anew in another way: what was there before both is still the one to go back to.
            install(client, place, Endpoint("https://a.example/mcp", "KEY"))
        uninstall(client, place)
        assert all_of(place) == files
        assert all(change.verb == "unchanged" for change in uninstall(client, place))


@pytest.mark.parametrize(
    "text",
    [
        '{\n  "a": 1,\n  "mcpServers": {\n    "x": {},\n  },\n}\n',
        '{"a": 1,}',
        '{"mcpServers": {"x": {},}}',
        '{\r\n\t"mcpServers": {\r\n\t\t"x": {} // last\r\n\t}\r\n}',
        '\ufeff{"a": 1}',
    ],
)
def test_without_the_copy_the_text_tells(text: str) -> None:
    client = next(client for client in CLIENTS if client.name == "cursor")
    with folder_of(client, text.encode(), None) as place:
        install(client, place)
        copy_of(place.configuration).unlink()
        uninstall(client, place)
        assert place.configuration.read_bytes() == text.encode()


def test_what_was_written_after_stays_and_no_copy_is_left() -> None:
    client = next(client for client in CLIENTS if client.name == "cursor")
    with folder_of(client, b'{"a": 1}', b"# Ours\n") as place:
        install(client, place)
        settings_now = json.loads(place.configuration.read_text())
        place.configuration.write_text(json.dumps({**settings_now, "b": 2}))
        rules = place.rules.path if place.rules else Path()
        rules.write_text(f"{rules.read_text()}\n# More\n")
        uninstall(client, place)
        assert all_of(place) == {
            "c": None,
            "c/file": b'{"a": 1, "b": 2}',
            "r": None,
            "r/RULES.md": b"# Ours\n\n# More\n",
        }


def test_an_entry_of_somebody_else_is_kept_beside_the_file() -> None:
    client = next(client for client in CLIENTS if client.name == "cursor")
    theirs = b'{"mcpServers": {"codesearch": {"command": "theirs"}}}'
    with folder_of(client, theirs, None) as place:
        install(client, place)
        assert copy_of(place.configuration).read_bytes() == theirs
        uninstall(client, place)
        assert all_of(place) == {"c": None, "c/file": b"{}"}


@pytest.mark.parametrize("what", ["file", "folder", "rules"])
def test_what_is_read_only_is_refused_and_nothing_is_changed(what: str) -> None:
    client = next(client for client in CLIENTS if client.name == "cursor")
    with folder_of(client, b'{"a": 1}', b"# Ours\n") as place:
        rules = place.rules.path if place.rules else Path()
        marked = {"file": place.configuration, "folder": place.configuration.parent, "rules": rules}[what]
        before = all_of(place)
        marked.chmod(0o555)
        with pytest.raises(
            ConfigurationError, match=r"is read-only.*Make it writable, then run this again\."
        ) as caught:
            install(client, place)
        assert str(marked) in caught.value.message
        assert all_of(place) == before
        marked.chmod(0o755)
        install(client, place)
        written = all_of(place)
        marked.chmod(0o555)
        with pytest.raises(ConfigurationError, match="is read-only"):
            uninstall(client, place)
        assert all_of(place) == written
        marked.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
@pytest.mark.parametrize("before", [b'{"a": 1,}\n', None])
def test_a_link_stays_and_its_target_is_written(before: bytes | None, tmp_path: Path) -> None:
    client = next(client for client in CLIENTS if client.name == "cursor")
    target = tmp_path / "dotfiles" / "mcp.json"
    target.parent.mkdir()
    if before is not None:
        target.write_bytes(before)
    place = Place(tmp_path / "c" / "mcp.json")
    place.configuration.parent.mkdir()
    place.configuration.symlink_to(target)
    install(client, place)
    assert place.configuration.is_symlink()
    assert b"codesearch" in target.read_bytes()
    uninstall(client, place)
    assert place.configuration.is_symlink()
    assert [path.name for path in target.parent.iterdir()] == (["mcp.json"] if before is not None else [])
    assert before is None or target.read_bytes() == before
