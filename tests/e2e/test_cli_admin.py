"""The commands that look after data sources, workspaces and keys, with and without --json."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.service import copy_index, index_fixtures, run_cli, source_ids


@pytest.fixture
def data_dir(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The indexed fixtures, to be changed freely."""
    return copy_index(index_fixtures(tmp_path_factory), tmp_path / "data")


def test_remove_takes_rows_mirror_and_membership(data_dir: Path) -> None:
    identifier = source_ids(data_dir)["ledger-go"]
    mirror = data_dir / "mirrors" / identifier
    (mirror / "objects").mkdir(parents=True)
    assert list((data_dir / "search" / identifier).glob("*.segment"))
    assert run_cli(data_dir, "workspace", "create", "pair", "ledger-go", "ops-scripts").status == 0
    key = run_cli(data_dir, "key", "create", "narrow", "--source", "ledger-go", "--json").json
    assert key["sources"] == [identifier]
    outcome = run_cli(data_dir, "remove", "ledger-go")
    assert (outcome.status, outcome.out) == (0, f"Removed ledger-go ({identifier}).\n")
    assert not mirror.exists()
    assert not (data_dir / "search" / identifier).exists()
    assert "ledger-go" not in source_ids(data_dir)
    (workspace,) = run_cli(data_dir, "workspace", "list", "--json").json["workspaces"]
    assert [member["name"] for member in workspace["members"]] == ["ops-scripts"]
    assert "ledger-go" in run_cli(data_dir, "search", "ledger-go", "balance").error
    (left,) = run_cli(data_dir, "key", "list", "--json").json["keys"]
    assert left["sources"] == []
    found = run_cli(data_dir, "search", "pair", "balance", "--top-k", "100", "--json").json["records"]
    assert {record["metadata"]["data_source_name"] for record in found} == {"ops-scripts"}
    as_json = run_cli(data_dir, "remove", "ops-scripts", "--json")
    assert list(as_json.json) == ["removed"]
    assert "No such repository" in run_cli(data_dir, "remove", "ops-scripts").error


def test_what_was_removed_is_indexed_anew(data_dir: Path) -> None:
    before = run_cli(data_dir, "list", "--json").json["sources"]
    location = next(item["location"] for item in before if item["name"] == "ops-scripts")
    assert run_cli(data_dir, "remove", "ops-scripts").status == 0
    report = run_cli(data_dir, "index", location, "--json").json
    assert report["changed_files"] == report["files"] > 10
    assert report["id"] == next(item["id"] for item in before if item["name"] == "ops-scripts")


def test_workspaces_are_created_listed_searched_and_removed(data_dir: Path) -> None:
    assert "codesearch workspace create" in run_cli(data_dir, "workspace", "list").out
    ids = source_ids(data_dir)
    outcome = run_cli(data_dir, "workspace", "create", "money", ids["ledger-go"], "orders-service")
    assert outcome.status == 0
    head, row = outcome.out.splitlines()
    assert head.split() == ["id", "name", "members"]
    assert re.fullmatch(r"[0-9a-f]{24}  money  ledger-go, orders-service", row)
    identifier = row.split()[0]
    assert run_cli(data_dir, "workspace", "list").out == outcome.out
    made = run_cli(data_dir, "workspace", "create", "scripts", "ops-scripts", "--json").json
    assert (made["name"], [member["name"] for member in made["members"]]) == ("scripts", ["ops-scripts"])
    assert run_cli(data_dir, "workspace", "remove", made["id"]).status == 0
    listed = run_cli(data_dir, "workspace", "list", "--json").json["workspaces"]
    assert [(item["id"], item["name"], len(item["members"])) for item in listed] == [(identifier, "money", 2)]
    for asked in (identifier, "money", "MONEY"):
        found = run_cli(data_dir, "search", asked, "money", "--top-k", "50", "--json").json["records"]
        assert {record["metadata"]["data_source_name"] for record in found} == {"ledger-go", "orders-service"}
    taken = run_cli(data_dir, "workspace", "create", "money", "ops-scripts")
    assert (taken.status, "taken" in taken.error) == (1, True)
    assert "taken" in run_cli(data_dir, "workspace", "create", "ledger-go", "ops-scripts").error
    unknown = run_cli(data_dir, "workspace", "create", "other", "nope")
    assert (unknown.status, "nope" in unknown.error) == (1, True)
    assert run_cli(data_dir, "workspace", "remove", "money").out == "Removed the workspace money.\n"
    assert "No such workspace" in run_cli(data_dir, "workspace", "remove", "money").error
    assert "ledger-go" in source_ids(data_dir)


def test_a_secret_is_shown_once_and_alone_on_stdout(data_dir: Path) -> None:
    outcome = run_cli(data_dir, "key", "create", "dify")
    assert outcome.status == 0
    assert re.fullmatch(r"cs_[A-Za-z0-9_-]{40,}\n", outcome.out)
    assert "cannot be shown again" in outcome.err
    secret = outcome.out.strip()
    for shown in (run_cli(data_dir, "key", "list"), run_cli(data_dir, "key", "list", "--json")):
        assert secret not in shown.out
        assert secret[:8] in shown.out
    for file in data_dir.glob("catalog*"):
        assert secret.encode() not in file.read_bytes()


def test_keys_show_what_they_read_and_until_when(data_dir: Path) -> None:
    assert "codesearch key create" in run_cli(data_dir, "key", "list").out
    created = run_cli(data_dir, "key", "create", "narrow", "--source", "ledger-go", "--expires", "7", "--json").json
    assert created["name"] == "narrow"
    assert created["secret"].startswith(created["prefix"])
    assert created["sources"] == [source_ids(data_dir)["ledger-go"]]
    assert created["expires_at"] > created["created_at"]
    slow = run_cli(data_dir, "key", "create", "slow", "--rate", "30", "--json").json
    assert slow["requests_per_minute"] == 30
    assert "30 requests a minute" in run_cli(data_dir, "key", "list").out
    run_cli(data_dir, "key", "revoke", "slow")
    assert run_cli(data_dir, "key", "create", "chief", "--admin").status == 0
    assert run_cli(data_dir, "key", "create", "gone").status == 0
    assert run_cli(data_dir, "key", "revoke", "gone").out == "Revoked the key gone.\n"
    rows = {row.split()[1]: row for row in run_cli(data_dir, "key", "list").out.splitlines()[1:]}
    assert "everything (admin)" in rows["chief"]
    assert rows["chief"].endswith("usable")
    assert source_ids(data_dir)["ledger-go"] in rows["narrow"]
    assert re.search(r"until \d{4}-\d\d-\d\d \d\d:\d\d UTC$", rows["narrow"])
    assert rows["gone"].endswith("revoked")
    keys = {item["name"]: item for item in run_cli(data_dir, "key", "list", "--json").json["keys"]}
    assert keys["chief"]["admin"] is True
    assert "revoked_at" in keys["gone"]
    assert "revoked_at" not in keys["chief"]


def test_a_key_is_revoked_once_by_name_id_prefix_or_secret(data_dir: Path) -> None:
    for given in ("name", "id", "prefix", "secret"):
        created = run_cli(data_dir, "key", "create", f"by {given}", "--json").json
        revoked = run_cli(data_dir, "key", "revoke", created[given], "--json")
        assert revoked.json == {"revoked": created["id"]}
    outcome = run_cli(data_dir, "key", "revoke", "by name")
    assert outcome.status == 1
    assert "revoked already" in outcome.error


def test_names_of_keys_are_unique_among_the_living(data_dir: Path) -> None:
    assert run_cli(data_dir, "key", "create", "one").status == 0
    assert "already" in run_cli(data_dir, "key", "create", "One").error
    assert run_cli(data_dir, "key", "revoke", "one").status == 0
    assert run_cli(data_dir, "key", "create", "one").status == 0


def test_what_cannot_be_meant_is_refused(data_dir: Path) -> None:
    outcome = run_cli(data_dir, "key", "create", "x", "--admin", "--source", "ledger-go")
    assert (outcome.status, "--source" in outcome.err) == (2, True)
    assert run_cli(data_dir, "key", "create", "x", "--source", "nope").status == 1
    assert run_cli(data_dir, "key", "create", "x", "--expires", "0").status == 2
    assert run_cli(data_dir, "key", "create", " ").status == 1
    assert run_cli(data_dir, "key", "list", "--json").json == {"keys": []}
