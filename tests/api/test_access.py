"""Tokens, and keys of people, at every door of the service: what they read, what they are refused, what they learn."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from itsdangerous import URLSafeTimedSerializer

from codesearch.access.audit_log import WRITTEN_EVERY_SECONDS
from tests.api import mcp_requests
from tests.api.api_client import bearer, read_error
from tests.api.page_visitor import PageVisitor, problem_in
from tests.api.served_fixtures import NARROW, ServedFixtures, serve_fixtures
from tests.e2e.service import copy_index, index_fixtures
from tests.patience import PATIENCE_SECONDS
from tests.unit.access.issuer import AUDIENCE, ISSUER, forge, key_set, make_key, pem_of, public_jwk, sign

OTHER = "orders-service"
SEARCHES = ("/retrieval", "/dify/retrieval", "/api/knowledge-retrieval/dify/retrieval", "/api/search_code")


@dataclass(frozen=True)
class Served:
    """The service, and the file that says what users may read."""

    fixtures: ServedFixtures
    permissions: Path

    def permit(self, **users: list[str]) -> None:
        """Write down what users may read."""
        other = self.permissions.with_suffix(".new")
        other.write_text(json.dumps(users), encoding="utf-8")
        other.replace(self.permissions)

    def post(self, path: str, secret: str, body: object) -> httpx.Response:
        return self.fixtures.client.request("POST", path, json=body, headers=bearer(secret))

    def ask(self, secret: str, knowledge_id: str = NARROW, path: str = "/retrieval") -> httpx.Response:
        return self.post(path, secret, {"knowledge_id": knowledge_id, "query": "balance of an account"})

    def list_names(self, secret: str) -> set[str]:
        answer = self.post("/api/tools/get_data_sources", secret, {})
        assert answer.status_code == 200, answer.text
        return {item["name"] for item in answer.json()["obj"]["data_sources"]}


def token(user: str = "alice", *groups: str, **changes: Any) -> str:
    return sign(make_key("RSA"), sub=user, groups=list(groups), **changes)


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("access")
    data_dir = copy_index(index_fixtures(tmp_path_factory), folder / "data")
    (folder / "jwks.json").write_bytes(key_set(public_jwk(make_key("RSA"), "one")))
    (folder / "permissions.json").write_text("{}", encoding="utf-8")
    given: dict[str, Any] = {
        "oidc_issuer": ISSUER,
        "oidc_audience": (AUDIENCE,),
        "oidc_jwks": str(folder / "jwks.json"),
        "oidc_groups_claim": "groups",
        "permissions_file": folder / "permissions.json",
        "permissions_max_age_seconds": 0.001,
        "audit_log": folder / "audit.jsonl",
    }
    with serve_fixtures(data_dir, **given) as fixtures:
        catalog = fixtures.assembly.catalog
        catalog.create_group("team", [NARROW, OTHER])
        catalog.create_workspace("mixed", [NARROW, OTHER])
        catalog.add_source(id="f" * 24, location="/srv/never", name="never-indexed")
        yield Served(fixtures, folder / "permissions.json")


@pytest.fixture
def served(everything: Served) -> Served:
    everything.permit(alice=[NARROW])
    return everything


@pytest.mark.parametrize("path", SEARCHES)
def test_a_token_searches_what_its_user_may_read(served: Served, path: str) -> None:
    for asked in (NARROW, "mixed"):
        records = served.ask(token("alice", "team"), asked, path).json()["records"]
        assert {record["metadata"]["data_source_name"] for record in records} == {NARROW}
    assert read_error(served.ask(token("alice", "team"), OTHER, path))[:2] == (403, 1002)
    assert read_error(served.ask(token("alice", "others"), NARROW, path))[:2] == (403, 1002)
    assert read_error(served.ask(token("bob", "team"), NARROW, path))[:2] == (403, 1002)


def test_tools_and_mcp_see_the_same(served: Served) -> None:
    secret = token("alice", "team")
    assert served.list_names(secret) == {NARROW, "mixed"}
    assert served.list_names(token("bob", "team")) == set()
    client = served.fixtures.client
    found = mcp_requests.read_text(mcp_requests.call(client, "grep_search", {"query": "balance"}, key=secret))
    assert "ledger" in found
    denied = mcp_requests.call(client, "read_file", {"data_source": OTHER, "path": "x"}, key=secret)
    assert "may not read" in mcp_requests.read_text(denied, is_error=True)


def test_who_has_a_token_signs_in_to_the_page_for_as_long_as_it_counts(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = served.fixtures.client
    visitor = PageVisitor(client)
    assert "API key or token" in visitor.get("/login").text
    secret = token("alice", "team", "x" * 3_900)
    answer = visitor.sign_in(f"Bearer {secret}", "/sources")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sources")
    (seconds,) = re.findall(r"Max-Age=(\d+)", answer.headers["set-cookie"])
    assert 250 < int(seconds) <= 300
    # Nothing of the token itself, nor of groups that nobody knows.
    value = answer.headers["set-cookie"].partition("=")[2].partition(";")[0]
    _, said = URLSafeTimedSerializer("whatever").loads_unsafe(value)
    assert (said["key"], said["bearer"]["user"], said["bearer"]["groups"]) == (None, "alice", ["team"])
    text = visitor.get("/sources").text
    assert (NARROW in text, OTHER in text) == (True, False)
    assert visitor.get("/manage").status_code == 403
    catalog = served.fixtures.assembly.catalog
    catalog.remove_from_group("team", [NARROW])
    assert NARROW not in visitor.get("/sources").text
    catalog.add_to_group("team", [NARROW])
    # The issuer is another one by now.
    with monkeypatch.context() as patched:
        patched.setattr("codesearch.access.tokens.TokenVerifier.issuer", "https://new.example.org")
        assert visitor.get("/sources").status_code == 303
    assert visitor.get("/sources").status_code == 200
    monkeypatch.setattr(client.app.state.sessions, "_clock", lambda: time.time() + 301)
    sent = visitor.get("/sources")
    assert (sent.status_code, sent.headers["location"].partition("?")[0]) == (303, "/login")


@pytest.mark.parametrize("kind", ["expired", "signed by a stranger"])
def test_a_token_that_does_not_count_signs_nobody_in(served: Served, kind: str) -> None:
    visitor = PageVisitor(served.fixtures.client)
    refused = visitor.sign_in(BAD_TOKENS[kind]())
    assert (refused.status_code, problem_in(refused.text).startswith("The token")) == (401, True)
    assert visitor.get("/sources").status_code == 303


def test_what_is_taken_away_is_gone_at_once(served: Served) -> None:
    catalog, secret = served.fixtures.assembly.catalog, token("alice", "team")
    assert served.ask(secret).status_code == 200
    catalog.remove_from_group("team", [NARROW])
    assert read_error(served.ask(secret))[:2] == (403, 1002)
    catalog.add_to_group("team", [NARROW])
    assert served.ask(secret).status_code == 200
    served.permit(alice=[])
    assert read_error(served.ask(secret))[:2] == (403, 1002)
    assert served.list_names(secret) == set()


BAD_TOKENS: dict[str, Callable[[], str]] = {
    "expired": lambda: token(exp=1),
    "of another issuer": lambda: token(iss="https://elsewhere.example.org"),
    "for others": lambda: token(aud="another"),
    "signed by a stranger": lambda: sign(make_key("RSA", 2)),
    "with no signature": lambda: forge({"alg": "none", "kid": "one"}),
    "signed with the public key": lambda: forge({"alg": "HS256", "kid": "one"}, pem_of(make_key("RSA"))),
    "no token": lambda: "a.b.c",
}


@pytest.mark.parametrize("kind", BAD_TOKENS)
def test_a_token_that_does_not_count_opens_no_door(served: Served, kind: str) -> None:
    secret = BAD_TOKENS[kind]()
    for path in (*SEARCHES, "/api/tools/get_data_sources", "/mcp"):
        response = served.post(path, secret, {})
        assert read_error(response)[:2] == (401, 1004)
        assert response.headers["www-authenticate"] == "Bearer"
        assert "elsewhere" not in response.text


def test_errors_keep_their_order_and_tell_no_names(served: Served) -> None:
    secret, client = token("alice", "team"), served.fixtures.client
    assert read_error(served.post("/retrieval", token(exp=1), {"query": 7}))[:2] == (401, 1004)
    assert read_error(served.post("/retrieval", secret, {"query": 7}))[:2] == (400, 1001)
    catalog = served.fixtures.assembly.catalog
    source = catalog.get_source(OTHER)
    for hidden in ("never-indexed", "f" * 24, "no-such-repository"):
        assert read_error(served.ask(secret, hidden))[:2] == (404, 1003)
    for asked in (source.id, source.id.upper(), OTHER.upper()):
        status, code, message = read_error(served.ask(secret, asked))
        assert (status, code) == (403, 1002)
        assert OTHER not in message
    assert client.get("/healthz").status_code == 200


def test_while_permissions_are_unknown_nothing_is_read_and_that_is_said(served: Served) -> None:
    secret = token("alice", "team")
    served.permissions.write_text("{", encoding="utf-8")
    status, code, message = read_error(served.ask(secret))
    assert (status, code) == (403, 1002)
    assert "cannot be found out now" in message
    assert read_error(served.ask(secret, "no-such-repository"))[:2] == (404, 1003)
    assert read_error(served.post("/retrieval", secret, {}))[:2] == (400, 1001)
    for tool in ("get_data_sources", "grep_search"):
        answer = served.post(f"/api/tools/{tool}", secret, {"query": "balance"})
        assert read_error(answer)[:2] == (403, 1002)
    text = mcp_requests.read_text(
        mcp_requests.call(served.fixtures.client, "get_data_sources", key=secret), is_error=True
    )
    assert "cannot be found out now" in text
    assert served.ask(served.fixtures.keys["narrow"]).status_code == 200
    served.permit(alice=[NARROW])
    assert served.ask(secret).status_code == 200


def test_a_key_of_a_user_is_bounded_at_every_door(served: Served) -> None:
    catalog, client = served.fixtures.assembly.catalog, served.fixtures.client
    key, secret = catalog.create_key("hers", user="alice")
    try:
        assert served.list_names(secret) == {NARROW, "mixed"}
        assert read_error(served.ask(secret, OTHER))[:2] == (403, 1002)
        visitor = PageVisitor(client)
        assert visitor.sign_in(secret).status_code == 303
        page = visitor.get("/sources").text
        assert NARROW in page
        assert OTHER not in page
        served.permit(alice=[OTHER])
        page = visitor.get("/sources").text
        assert OTHER in page
        assert NARROW not in page
        served.permissions.write_text("{", encoding="utf-8")
        for path in ("/", "/sources", "/exact"):
            response = visitor.get(path)
            assert (response.status_code, "cannot be found out now" in response.text) == (403, True)
    finally:
        catalog.revoke_key(key.id)


def test_the_audit_log_names_users_and_what_was_searched(served: Served) -> None:
    catalog, path = served.fixtures.assembly.catalog, served.permissions.with_name("audit.jsonl")
    ids = {name: catalog.get_source(name).id for name in (NARROW, OTHER)}

    def read_last(count: int) -> list[dict[str, Any]]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(lines := path.read_text(encoding="ascii").splitlines()) < before + count:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return [json.loads(line) for line in lines[before:]]

    time.sleep(2 * WRITTEN_EVERY_SECONDS)
    before = len(path.read_text(encoding="ascii").splitlines())
    served.ask(token("alice", "team"), "mixed")
    served.ask(served.fixtures.keys["all"], "mixed")
    served.ask(token("alice", "team"), OTHER)
    served.post("/api/tools/grep_search", token("alice", "team"), {"query": "balance", "data_sources": [NARROW]})
    hers, all_of_it, refused, searched = read_last(4)
    assert (hers["user"], hers["sources"], "key_id" in hers) == ("alice", [ids[NARROW]], False)
    assert (all_of_it["key"], all_of_it["sources"]) == ("all", sorted(ids.values()))
    assert (refused["code"], refused["asked"], refused["sources"]) == (1002, [OTHER], [])
    assert (searched["tool"], searched["sources"], searched["count"] > 0) == ("grep_search", [ids[NARROW]], True)
    assert not any("query" in entry for entry in (hers, all_of_it, refused, searched))
