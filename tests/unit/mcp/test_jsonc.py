"""Changing one value of JSON with comments: what it holds afterwards, and what of its text stays."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.mcp.clients.jsonc import BrokenJsonError, parse_jsonc, remove_value, set_value

PATH = ("mcpServers", "codesearch")
ENTRY = {"command": "/usr/bin/codesearch", "args": ["mcp"]}
WITH_COMMENTS = """\
// My settings, "with quotes" and { braces }
{
    "theme": "dark", // not light
    /* all of them */
    "mcpServers": {
        "other": {"command": "x", "url": "http://a//b"} // keep this one
    },
    "last": [1, 2,],
}
"""

names = st.text(st.characters(codec="utf-8"), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(names, children, max_size=3),
    max_leaves=8,
)


def with_entry(value: Any) -> dict[str, Any]:
    servers = value.get(PATH[0])
    return {**value, PATH[0]: {**(servers or {}), PATH[1]: ENTRY}}


@given(st.dictionaries(names, values, max_size=4), st.sampled_from([None, 1, 2, "\t"]), st.booleans())
def test_what_is_set_is_there_and_all_else_as_before(value: dict[str, Any], indent: Any, has_servers: bool) -> None:
    if has_servers:
        value = {**value, PATH[0]: {"other": value}}
    text = json.dumps(value, indent=indent)
    changed = set_value(text, PATH, ENTRY)
    assert json.loads(changed) == with_entry(value)
    removed = json.loads(remove_value(changed, PATH))
    assert removed == {**value, PATH[0]: value.get(PATH[0], {})}


def test_comments_and_layout_stay() -> None:
    changed = set_value(WITH_COMMENTS, PATH, ENTRY)
    added = [line for line in changed.splitlines() if line not in WITH_COMMENTS.splitlines()]
    assert changed.splitlines()[5] == '        "other": {"command": "x", "url": "http://a//b"}, // keep this one'
    assert added[1:] == [
        '        "codesearch": {',
        '            "command": "/usr/bin/codesearch",',
        '            "args": [',
        '                "mcp"',
        "            ]",
        "        }",
    ]
    assert remove_value(changed, PATH) == WITH_COMMENTS


def test_a_value_that_is_there_is_replaced_where_it_stands() -> None:
    text = '{\r\n  "mcpServers": {\r\n    "codesearch": {"command": "old"}, // mine\r\n    "z": {}\r\n  }\r\n}\r\n'
    changed = set_value(text, PATH, {"command": "new"})
    assert changed == text.replace('{"command": "old"}', '{\r\n      "command": "new"\r\n    }')


@pytest.mark.parametrize(
    "text", ["", "\n", "{}", "{\n}\n", "// nothing yet\n", "\ufeff{}", '{"a": 1,}', '{"mcpServers": {\n}}']
)
def test_small_texts_get_the_entry(text: str) -> None:
    value = parse_jsonc(set_value(text, PATH, ENTRY)).value
    assert value["mcpServers"] == {"codesearch": ENTRY}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        '{"a" 1}',
        '{"a": 1} x',
        "{'a': 1}",
        '{"a": 1 "b": 2}',
        '{"a": tru}',
        "[1",
        '"open',
        "{,}",
        '{"a": 01}',
        "{/* open",
    ],
)
def test_what_is_no_json_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(BrokenJsonError, match="not JSON from line 1 on"):
        set_value(text, PATH, ENTRY)


@pytest.mark.parametrize("text", ["[]", "1", '{"mcpServers": []}', '{"mcpServers": null}'])
def test_what_has_no_room_for_it_is_refused(text: str) -> None:
    with pytest.raises(BrokenJsonError, match="is no object"):
        set_value(text, PATH, ENTRY)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(BrokenJsonError, match="nested too deeply"):
        parse_jsonc("[" * 20_000)


def test_what_is_not_there_is_not_removed() -> None:
    for text in ("", "{}", WITH_COMMENTS, '{"mcpServers": {}}'):
        assert remove_value(text, PATH) == text
