"""The issuer's keys over HTTP: how often they are asked for, how long they count, what is not followed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from codesearch.access import key_document
from codesearch.access.key_document import MAX_AGE_SECONDS, MAX_BYTES, REFRESH_SECONDS, KeyDocument
from codesearch.core.errors import ConfigurationError
from tests.unit.access.key_server import KeyServer, serve_keys


def parse(content: bytes) -> bytes:
    if content == b"broken":
        raise ConfigurationError("That is no set of keys.")
    return content


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyServer]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with serve_keys() as running:
        yield running


@pytest.fixture
def now() -> list[float]:
    return [1_000.0]


@pytest.fixture
def document(server: KeyServer, now: list[float]) -> KeyDocument[bytes]:
    return KeyDocument(server.address, parse, lambda: now[0])


def test_an_unknown_key_makes_it_be_asked_for_once_a_minute_at_most(
    document: KeyDocument[bytes], server: KeyServer, now: list[float]
) -> None:
    assert server.asked == 0
    assert document.read() == b"first"
    server.content = b"second"
    for _ in range(5):
        assert document.read_again() == b"first"
    now[0] += 61
    assert document.read_again() == b"second"
    now[0] += 61
    assert document.read_again() == b"second"
    assert server.asked == 3


def test_it_is_asked_for_again_after_a_while(document: KeyDocument[bytes], server: KeyServer, now: list[float]) -> None:
    document.read()
    server.content = b"second"
    now[0] += REFRESH_SECONDS - 1
    assert document.read() == b"first"
    now[0] += 2
    assert document.read() == b"second"
    assert server.asked == 2


def test_what_was_read_counts_for_a_day_while_there_is_no_answer(
    document: KeyDocument[bytes], server: KeyServer, now: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    document.read()
    server.status, server.content = 503, b"busy"
    now[0] += MAX_AGE_SECONDS - 1
    assert document.read() == b"first"
    assert "HTTP 503" in caplog.text
    now[0] += 61
    with pytest.raises(ConfigurationError, match="no keys"):
        document.read()
    server.status, server.content = 200, b"first"
    now[0] += 61
    assert document.read() == b"first"


def test_a_failure_is_not_tried_again_at_once(
    document: KeyDocument[bytes], server: KeyServer, now: list[float]
) -> None:
    server.status = 500
    for _ in range(5):
        with pytest.raises(ConfigurationError, match="no keys"):
            document.read()
    assert server.asked == 1
    server.status = 200
    now[0] += 61
    assert document.read() == b"first"


def test_what_cannot_be_read_takes_no_place(document: KeyDocument[bytes], server: KeyServer, now: list[float]) -> None:
    document.read()
    server.content = b"broken"
    now[0] += 61
    assert document.read_again() == b"first"
    now[0] += MAX_AGE_SECONDS
    with pytest.raises(ConfigurationError, match="no keys"):
        document.read()


def test_a_document_that_comes_byte_by_byte_is_not_waited_for(
    document: KeyDocument[bytes], server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_document, "FETCH_SECONDS", 0.3)
    server.content, server.pause_seconds = b"x" * 100, 0.05
    with pytest.raises(ConfigurationError, match="did not come within"):
        document.fetch()
    assert server.sent_count < len(server.content) / 2


@pytest.mark.parametrize("status", [301, 302, 307, 404, 500])
def test_no_redirect_is_followed_and_no_failure_read(
    document: KeyDocument[bytes], server: KeyServer, status: int
) -> None:
    server.status = status
    with pytest.raises(ConfigurationError, match=f"HTTP {status}"):
        document.fetch()
    assert server.asked == 1


def test_a_document_without_end_is_not_read_to_it(
    document: KeyDocument[bytes], server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_document, "MAX_BYTES", 1_000)
    server.content = b"x" * 100_000
    with pytest.raises(ConfigurationError, match="over 1000 bytes"):
        document.fetch()
    assert MAX_BYTES == 1 << 20


def test_nobody_at_the_address_is_said() -> None:
    with pytest.raises(ConfigurationError, match="cannot be asked"):
        KeyDocument("http://127.0.0.1:1/keys", parse).fetch()


@pytest.mark.parametrize(
    "address",
    ["http://id.example.org/jwks", "ftp://id.example.org/jwks", "https://user:secret@id.example.org/jwks", "http://[/x",
     "http://127.0.0.1.example.org/jwks", "file:///etc/jwks"],
)  # fmt: skip
def test_keys_do_not_come_by_ways_that_others_can_change(address: str) -> None:
    with pytest.raises(ConfigurationError, match="https address without a login") as caught:
        KeyDocument(address, parse)
    assert "secret" not in caught.value.message
