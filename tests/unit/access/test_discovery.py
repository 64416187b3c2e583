"""Keys at the address that an issuer's description names, over real HTTP: when it is read, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from codesearch.access.discovery import DiscoveredKeys, read_keys_address
from codesearch.access.key_document import REFRESH_SECONDS
from codesearch.access.opening import open_door
from codesearch.access.tokens import SigningKeys, TokenRules, TokenVerifier, read_keys
from codesearch.core.catalog.catalog import open_catalog
from codesearch.core.config import load_settings
from codesearch.core.errors import AuthenticationError, ConfigurationError
from tests.unit.access.issuer import AUDIENCE, key_set, make_key, public_jwk, sign
from tests.unit.access.key_server import KeyServer, serve_keys

DESCRIPTION = "/realm/.well-known/openid-configuration"
KEYS, LATER = (key_set(public_jwk(make_key("RSA", number), str(number))) for number in (1, 2))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyServer]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serve_keys() as running:
        describe(running, "/certs")
        running.contents["/certs"] = KEYS
        yield running


@pytest.fixture
def now() -> list[float]:
    return [1_000.0]


@pytest.fixture
def document(server: KeyServer, now: list[float]) -> DiscoveredKeys[SigningKeys]:
    return DiscoveredKeys(issuer_of(server), read_keys, lambda: now[0])


def issuer_of(server: KeyServer) -> str:
    return server.address.replace("/keys", "/realm")


def describe(server: KeyServer, path: str, **changes: object) -> None:
    """Have the server say that its keys are at a path of it."""
    address = server.address.replace("/keys", path)
    said = {"issuer": issuer_of(server), "jwks_uri": address, **changes}
    server.contents[DESCRIPTION] = json.dumps(said).encode()


def verifier(server: KeyServer, document: DiscoveredKeys[SigningKeys]) -> TokenVerifier:
    return TokenVerifier(TokenRules(issuer_of(server), (AUDIENCE,), "sub", None, 0.0), document)


def test_a_token_is_checked_against_the_keys_that_the_issuer_names(
    document: DiscoveredKeys[SigningKeys], server: KeyServer, now: list[float]
) -> None:
    assert server.asked == 0
    verify = verifier(server, document).verify
    token = sign(make_key("RSA", 1), kid="1", iss=issuer_of(server))
    assert [verify(token).user for _ in range(5)] == ["alice"] * 5
    # One look at each is remembered.
    assert server.asked == 2
    with pytest.raises(AuthenticationError, match="another issuer"):
        verify(sign(make_key("RSA", 1), kid="1"))
    # The issuer moves its keys, and says so: it is noticed by a key that nobody knows yet, once a minute at most.
    describe(server, "/new-certs")
    server.contents["/new-certs"] = LATER
    moved = sign(make_key("RSA", 2), kid="2", iss=issuer_of(server))
    with pytest.raises(AuthenticationError, match="does not have"):
        verify(moved)
    now[0] += 61
    assert verify(moved).user == "alice"
    with pytest.raises(AuthenticationError, match="does not have"):
        verify(token)


def test_the_description_is_read_again_after_a_while(
    document: DiscoveredKeys[SigningKeys], server: KeyServer, now: list[float]
) -> None:
    assert set(document.read()) == {"1"}
    describe(server, "/new-certs")
    server.contents["/new-certs"] = LATER
    now[0] += REFRESH_SECONDS - 1
    assert set(document.read()) == {"1"}
    now[0] += 2
    assert set(document.read()) == {"2"}
    # While it is away, what was read counts.
    server.status = 503
    now[0] += REFRESH_SECONDS + 1
    assert set(document.read()) == {"2"}


def test_an_issuer_that_is_away_keeps_nobody_from_starting_and_is_found_later(
    document: DiscoveredKeys[SigningKeys], server: KeyServer, now: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    server.status = 503
    checks = verifier(server, document)
    token = sign(make_key("RSA", 1), kid="1", iss=issuer_of(server))
    with pytest.raises(AuthenticationError, match="cannot be checked now"):
        checks.verify(token)
    assert f"CODESEARCH_OIDC_ISSUER: {document.place} cannot be read: it answers with HTTP 503." in caplog.text
    with pytest.raises(ConfigurationError, match="HTTP 503"):
        checks.examine()
    server.status = 200
    now[0] += 61
    assert checks.verify(token).user == "alice"
    assert "1 keys of" in checks.examine()


def test_a_service_starts_with_an_issuer_alone(tmp_path: Path) -> None:
    given = {"oidc_issuer": "http://127.0.0.1:9/realm", "oidc_audience": (AUDIENCE,), "oidc_groups_claim": "groups"}
    with open_catalog(f"sqlite:///{tmp_path / 'catalog.sqlite3'}") as catalog:
        door = open_door(load_settings(**given), catalog)
        with pytest.raises(AuthenticationError, match="cannot be checked now"):
            door.authenticate(sign(make_key("RSA"), iss=given["oidc_issuer"]))
        with pytest.raises(ConfigurationError, match="no https address"):
            open_door(load_settings(**{**given, "oidc_issuer": "http://id.example.org"}), catalog)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>", "no description"),
        (b"[]", "no description"),
        (b'{"issuer": "https://id"}', "no description"),
        (b'{"issuer": "https://other", "jwks_uri": "https://id/k"}', "calls itself 'https://other'"),
        (b'{"issuer": "https://id/", "jwks_uri": "https://id/k"}', "calls itself"),
        (b'{"issuer": "https://id", "jwks_uri": "http://id/k"}', "no https address"),
        (b'{"issuer": "https://id", "jwks_uri": "https://a:b@id/k"}', "no https address"),
        (b'{"issuer": "https://id", "jwks_uri": "/etc/keys"}', "no https address"),
        (b'{"issuer": "https://id", "jwks_uri": 7}', "no https address"),
    ],
)
def test_what_is_no_description_of_the_issuer_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_keys_address(content, "https://id")
