"""A real service of two processes that takes tokens, asks a command for permissions, and keeps an audit log."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.service import Service, copy_index, create_key, index_fixtures, read_error, run_cli, source_ids
from tests.unit.access.issuer import AUDIENCE, ISSUER, key_set, make_key, public_jwk, sign
from tests.unit.access.key_server import serve_keys

OPEN, CLOSED = "ledger-go", "orders-service"
ASK = """
import pathlib, sys
permissions = pathlib.Path(sys.argv[1])
if not permissions.exists(): sys.exit("the code host is away")
print(*[line.split()[1] for line in permissions.read_text().splitlines() if line.split()[0] == sys.argv[2]], sep="\\n")
"""


def test_tokens_permissions_groups_and_the_audit_log(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path / "data")
    ids = source_ids(data_dir)
    script, permissions, audit = tmp_path / "ask.py", tmp_path / "permissions", tmp_path / "audit.jsonl"
    script.write_text(ASK, encoding="utf-8")
    permissions.write_text(f"alice {OPEN}\nalice nothing-here\nbob {CLOSED}\n", encoding="utf-8")
    assert run_cli(data_dir, "group", "create", "team", OPEN, CLOSED).status == 0
    plain = create_key(data_dir, "plain")
    hers = create_key(data_dir, "hers", "--user", "alice")

    def token(user: str, *groups: str) -> str:
        return sign(make_key("RSA"), sub=user, groups=list(groups))

    with serve_keys() as keys:
        keys.content = key_set(public_jwk(make_key("RSA"), "one"))
        given: dict[str, Any] = {
            "oidc_issuer": ISSUER,
            "oidc_audience": AUDIENCE,
            "oidc_jwks": keys.address,
            "oidc_groups_claim": "groups",
            "permissions_command": f"{sys.executable} {script} {permissions}",
            "permissions_seconds": "60",
            "permissions_max_age_seconds": "600",
            "audit_log": str(audit),
            "workers": "2",
        }
        with Service(data_dir, plain, **given) as service:
            alice, bob = token("alice", "team"), token("bob", "team")
            for secret in (alice, hers):
                assert service.ask(OPEN, key=secret).json()["records"]
                assert read_error(service.ask(CLOSED, key=secret))[:2] == (403, 1002)
            assert service.ask(CLOSED, key=bob).json()["records"]
            assert read_error(service.ask(OPEN, key=sign(make_key("RSA", 2), sub="alice")))[:2] == (401, 1004)
            assert service.ask(CLOSED).json()["records"]
            assert run_cli(data_dir, "group", "remove", "team", OPEN).status == 0
            for _ in range(4):
                assert read_error(service.ask(OPEN, key=alice))[:2] == (403, 1002)
            permissions.unlink()
            # Of bob enough is known for a while, of carol nothing.
            assert service.ask(CLOSED, key=bob).status_code == 200
            status, code, message = read_error(service.ask(CLOSED, key=token("carol", "team")))
            assert (status, code, "cannot be found out now" in message) == (403, 1002, True)
            assert "the code host is away" in service.logged
            assert service.stop() == 0
    entries = [json.loads(line) for line in audit.read_text(encoding="ascii").splitlines()]
    assert len(entries) == 13
    shown = {(entry.get("key"), entry.get("user"), entry.get("code"), *entry["sources"]) for entry in entries}
    assert {
        (None, "alice", None, ids[OPEN]),
        (None, "alice", 1002),
        ("hers", "alice", None, ids[OPEN]),
        (None, "bob", None, ids[CLOSED]),
        ("plain", None, None, ids[CLOSED]),
        (None, None, 1004),
        (None, "carol", 1002),
    } <= shown
    assert "how does it work" not in audit.read_text(encoding="ascii")
