"""`codesearch group`, and keys that are bound to groups and people."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.core.catalog.catalog import open_catalog
from tests.e2e.service import run_cli

IDS = {name: f"{number:024x}" for number, name in enumerate(("shop", "ledger"), start=1)}


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A catalog that knows two repositories and a workspace of one of them."""
    with open_catalog(f"sqlite:///{tmp_path / 'data' / 'catalog.sqlite3'}") as catalog:
        for name, source_id in IDS.items():
            catalog.add_source(id=source_id, location=f"https://example.org/acme/{name}.git", name=name)
        catalog.create_workspace("money", ["ledger"])
    return tmp_path / "data"


def test_groups_are_made_filled_emptied_and_deleted(data_dir: Path) -> None:
    assert "codesearch group create" in run_cli(data_dir, "group", "list").out
    made = run_cli(data_dir, "group", "create", "payments", "money", "--json").json
    assert [(member["name"], member["type"]) for member in made["members"]] == [("money", "workspace")]
    key = run_cli(data_dir, "key", "create", "bot", "--group", "payments", "--json").json
    assert (key["groups"], key["sources"]) == (["payments"], [])
    added = run_cli(data_dir, "group", "add", "PAYMENTS", "shop", "--json").json
    assert [member["name"] for member in added["members"]] == ["money", "shop"]
    head, row = run_cli(data_dir, "group", "list").out.splitlines()
    assert head.split() == ["id", "name", "reads", "keys"]
    assert row == f"{made['id']}  payments  money, shop  bot"
    unbound = run_cli(data_dir, "group", "remove", "payments", "money", "--key", "bot", "--json").json
    assert (unbound["keys"], [member["name"] for member in unbound["members"]]) == ([], ["shop"])
    assert run_cli(data_dir, "group", "add", made["id"], "--key", key["prefix"]).status == 0
    assert run_cli(data_dir, "group", "list", "--json").json["groups"][0]["keys"] == ["bot"]
    assert run_cli(data_dir, "group", "delete", "payments").out == "Deleted the group payments.\n"
    (left,) = run_cli(data_dir, "key", "list", "--json").json["keys"]
    assert left["sources"] == []
    assert "groups" not in left


def test_keys_show_their_groups_and_their_user(data_dir: Path) -> None:
    assert run_cli(data_dir, "group", "create", "payments").status == 0
    for arguments in (["both", "--group", "payments", "--source", "shop"], ["hers", "--user", "alice@example.org"]):
        assert run_cli(data_dir, "key", "create", *arguments).status == 0
    unknown = run_cli(data_dir, "key", "create", "his", "--user", "bob")
    assert (unknown.status, "Nothing says yet what bob may read" in unknown.err) == (0, True)
    known = run_cli(data_dir, "key", "create", "theirs", "--user", "bob", permissions_file="/permissions.json")
    assert "Nothing says" not in known.err
    listed = run_cli(data_dir, "key", "list").out
    assert f"group payments, {IDS['shop']}" in listed
    assert "everything, as far as alice@example.org may" in listed
    keys = {key["name"]: key for key in run_cli(data_dir, "key", "list", "--json").json["keys"]}
    assert (keys["hers"]["user"], "user" in keys["both"]) == ("alice@example.org", False)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["group", "create", "payments", "nope"], 1, "No such repository or workspace: 'nope'"),
        (["group", "add", "payments"], 2, "Give an ID of a data source or workspace, or --key."),
        (["group", "add", "payments", "shop"], 1, "No such group: 'payments'"),
        (["group", "delete", "payments"], 1, "No such group"),
        (["key", "create", "x", "--group", "payments"], 1, "No such group"),
        (["key", "create", "x", "--user", "-v"], 1, "cannot be a user"),
        (["key", "create", "x", "--admin", "--user", "alice"], 2, "leave out --source, --group and --user"),
    ],
)
def test_what_is_wrong_is_said(data_dir: Path, arguments: list[str], status: int, message: str) -> None:
    outcome = run_cli(data_dir, *arguments)
    assert (outcome.status, message in outcome.err) == (status, True), outcome.err
    assert run_cli(data_dir, "group", "list", "--json").json == {"groups": []}
