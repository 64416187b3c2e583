"""Changing one table of a TOML file: what it holds afterwards, and what of its text stays."""

from __future__ import annotations

import sys

import pytest

from codesearch.mcp.clients.toml import BrokenTomlError, remove_table, set_table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PATH = ("mcp_servers", "codesearch")
ENTRY = {"command": "/usr/bin/codesearch", "args": ["mcp"], "env": {"A": "b"}}
TEXTS = [
    "",
    '# mine\nmodel = "x" # note\n',
    '[mcp_servers.a]\ncommand = "b"\n\n[mcp_servers.a.env]\nX = "1"\n\n# other things\n[other]\ny = 1\n',
    'mcp_servers.a.command = "x"\n',
    '[mcp_servers.a]\ncommand = "x"\n[z]\ny = 1\n[mcp_servers.b]\ncommand = "x"\n',
    'text = """\n[mcp_servers.b]\n"""\n',
]


@pytest.mark.parametrize("text", TEXTS)
def test_the_table_is_there_and_all_else_as_before(text: str) -> None:
    before = tomllib.loads(text)
    changed = set_table(text, PATH, ENTRY)
    assert tomllib.loads(changed) == {**before, PATH[0]: {**before.get(PATH[0], {}), PATH[1]: ENTRY}}
    assert changed.startswith(text.rstrip())
    assert set_table(changed, PATH, ENTRY) == changed
    assert remove_table(changed, PATH) == text


def test_lines_of_another_system_stay() -> None:
    text = '# mine\r\nmodel = "x"\r\n'
    changed = set_table(text, PATH, ENTRY)
    assert changed.startswith(text)
    assert changed.count("\r\n") == changed.count("\n")
    assert remove_table(changed, PATH) == text


def test_a_comment_on_the_next_table_stays_with_it() -> None:
    text = (
        '[mcp_servers.codesearch]\ncommand = "old" # ours\n[mcp_servers.codesearch.env]\nX = "1"\n\n'
        "# theirs\n[z]\ny = 1\n"
    )
    assert set_table(text, PATH, {"command": "new"}) == (
        '[mcp_servers.codesearch]\ncommand = "new"\n\n# theirs\n[z]\ny = 1\n'
    )
    assert remove_table(text, PATH) == "# theirs\n[z]\ny = 1\n"


def test_a_table_that_is_there_gets_the_new_values() -> None:
    text = '[mcp_servers.codesearch]\ncommand = "old"\n\n[mcp_servers.b]\ncommand = "x" # keep\n'
    changed = set_table(text, PATH, ENTRY)
    assert tomllib.loads(changed)[PATH[0]] == {"codesearch": ENTRY, "b": {"command": "x"}}
    assert "# keep" in changed


def test_what_is_no_toml_is_refused() -> None:
    with pytest.raises(BrokenTomlError, match="not TOML"):
        set_table("[a\n", PATH, ENTRY)
    with pytest.raises(BrokenTomlError, match="no table"):
        set_table("mcp_servers = 1\n", PATH, ENTRY)


@pytest.mark.parametrize(
    "text",
    [
        'mcp_servers = { codesearch = { command = "old" } }\n',
        'mcp_servers.codesearch.command = "old"\n',
        'text = """\n[mcp_servers.codesearch]\n"""\nmcp_servers.codesearch.command = "old"\n',
    ],
)
def test_what_cannot_be_changed_by_lines_is_refused(text: str) -> None:
    said = r"mcp_servers\.codesearch is not written as a table of its own lines"
    with pytest.raises(BrokenTomlError, match=said):
        set_table(text, PATH, ENTRY)
    with pytest.raises(BrokenTomlError, match=said):
        remove_table(text, PATH)
