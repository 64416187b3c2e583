"""Permissions and tokens at a shell: what `codesearch permissions` and `doctor` say, and settings that do not fit."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from codesearch.core.catalog.catalog import open_catalog
from tests.e2e.service import Outcome, run_cli
from tests.unit.access.issuer import key_set, make_key, public_jwk

SHOP = f"{1:024x}"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A catalog that knows two repositories, and a key of a user."""
    with open_catalog(f"sqlite:///{tmp_path / 'data' / 'catalog.sqlite3'}") as catalog:
        catalog.add_source(id=SHOP, location="git@code.example.org:acme/shop.git", name="shop")
        catalog.add_source(id=f"{2:024x}", location="/srv/ledger", name="ledger")
        catalog.create_key("hers", user="alice")
    return tmp_path / "data"


def findings_of(outcome: Outcome) -> dict[str, tuple[bool, str]]:
    return {item["subject"]: (item["ok"], item["found"]) for item in outcome.json["findings"]}


def test_what_a_user_may_read_is_shown(data_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "permissions.toml"
    file.write_text('alice = ["code.example.org/acme/*", "nothing"]\n', encoding="utf-8")
    outcome = run_cli(data_dir, "permissions", "alice", permissions_file=str(file))
    assert outcome.out.splitlines()[0] == "alice may read code.example.org/acme/*, nothing."
    assert f"{SHOP}  shop" in outcome.out
    assert "ledger" not in outcome.out
    assert run_cli(data_dir, "permissions", "alice", "--json", permissions_file=str(file)).json == {
        "user": "alice",
        "patterns": ["code.example.org/acme/*", "nothing"],
        "sources": [{"id": SHOP, "name": "shop"}],
    }
    nobody = run_cli(data_dir, "permissions", "bob", permissions_file=str(file))
    assert nobody.out == "bob may read nothing.\nNo data source here is meant by that.\n"


def test_a_command_is_asked(data_dir: Path, tmp_path: Path) -> None:
    script = tmp_path / "ask.py"
    script.write_text("import sys\nprint('ledger' if sys.argv[1] == 'alice' else sys.exit('who?'))", encoding="utf-8")
    command = f"{sys.executable} {script}"
    found = run_cli(data_dir, "permissions", "alice", "--json", permissions_command=command, permissions_seconds="20")
    assert [source["name"] for source in found.json["sources"]] == ["ledger"]
    failed = run_cli(data_dir, "permissions", "bob", permissions_command=command, permissions_seconds="20")
    assert (failed.status, "who?" in failed.err) == (1, True)
    assert findings_of(run_cli(data_dir, "doctor", "--json", permissions_command=command))["permissions"][0]
    missing = findings_of(run_cli(data_dir, "doctor", "--json", permissions_command="/no/such"))["permissions"]
    assert missing == (False, "/no/such is no program that can be run")


def test_what_is_not_set_or_wrong_is_said(data_dir: Path, tmp_path: Path) -> None:
    unset = run_cli(data_dir, "permissions", "alice")
    assert (unset.status, "CODESEARCH_PERMISSIONS_FILE" in unset.err) == (1, True)
    assert run_cli(data_dir, "permissions", "*").status == 1
    good, found = findings_of(run_cli(data_dir, "doctor", "--json"))["permissions"]
    assert (good, found) == (False, "nothing says what alice may read")
    lost = str(tmp_path / "lost.json")
    good, found = findings_of(run_cli(data_dir, "doctor", "--json", permissions_file=lost))["permissions"]
    assert (good, "lost.json cannot be read" in found) == (False, True)


def test_doctor_reads_the_keys_of_the_issuer(data_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    given = {
        "oidc_issuer": "https://id",
        "oidc_audience": "a, b",
        "oidc_jwks": str(path),
        "oidc_groups_claim": "groups",
    }
    good, found = findings_of(run_cli(data_dir, "doctor", "--json", **given))["tokens"]
    assert (good, "jwks.json cannot be read" in found) == (False, True)
    path.write_bytes(key_set(public_jwk(make_key("EC"), "one")))
    assert findings_of(run_cli(data_dir, "doctor", "--json", **given))["tokens"] == (
        True,
        f"1 keys of {path}, for tokens of https://id",
    )
    del given["oidc_groups_claim"]
    good, found = findings_of(run_cli(data_dir, "doctor", "--json", **given))["tokens"]
    assert (good, "nothing says what a user may read" in found) == (False, True)
    del given["oidc_audience"]
    outcome = run_cli(data_dir, "serve", "--port", "0", **given)
    assert (outcome.status, "CODESEARCH_OIDC_AUDIENCE" in outcome.err) == (1, True)


def test_doctor_looks_at_the_audit_log(data_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    assert findings_of(run_cli(data_dir, "doctor", "--json", audit_log=str(path)))["audit log"] == (True, str(path))
    assert not path.exists()
    path.write_text('{"time":"2026-01-02T03:04:05.000+00:00","lost":7}\n', encoding="ascii")
    good, found = findings_of(run_cli(data_dir, "doctor", "--json", audit_log=str(path)))["audit log"]
    assert (good, "lacks 7 lines" in found) == (False, True)
    lost = str(tmp_path / "none" / "audit.jsonl")
    assert findings_of(run_cli(data_dir, "doctor", "--json", audit_log=lost))["audit log"][0] is False
    outcome = run_cli(data_dir, "serve", "--port", "0", audit_log=lost)
    assert (outcome.status, "CODESEARCH_AUDIT_LOG" in outcome.err) == (1, True)
