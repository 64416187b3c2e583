"""Which address the OpenAPI document names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.api.public_address import choose_public_url
from codesearch.core.config import load_settings
from codesearch.core.errors import ConfigurationError

LISTENING = ("127.0.0.1", 8000)


@pytest.mark.parametrize(
    ("scheme", "host", "url"),
    [
        ("http", "localhost:8000", "http://localhost:8000"),
        ("https", "search.example.com", "https://search.example.com"),
        ("http", "10.0.0.5:8000", "http://10.0.0.5:8000"),
        ("http", "[::1]:8000", "http://[::1]:8000"),
        ("http", "code_search:8000", "http://code_search:8000"),
        ("http", " host.docker.internal:8000 ", "http://host.docker.internal:8000"),
        ("ftp", "name", "http://name"),
    ],
)
def test_it_is_what_the_client_asked_for(scheme: str, host: str, url: str) -> None:
    assert choose_public_url(None, scheme, [host], LISTENING) == url


@pytest.mark.parametrize(
    "hosts", [[], ["a", "b"], [""], ["a/b"], ["me@a"], ["a:99999"], ["a:0"], ["a b"], ['"'], ["ü"]]
)
def test_a_host_that_is_none_is_not_repeated(hosts: list[str]) -> None:
    assert choose_public_url(None, "http", hosts, LISTENING) == "http://127.0.0.1:8000"


def test_the_server_may_listen_on_ipv6_or_a_socket() -> None:
    assert choose_public_url(None, "http", [], ("::1", 80)) == "http://[::1]:80"
    assert choose_public_url(None, "http", [], ("localhost", None)) == "http://localhost"


@given(st.text(max_size=20))
def test_the_setting_wins_over_any_host(host: str) -> None:
    assert choose_public_url("https://a.example/code", "http", [host], LISTENING) == "https://a.example/code"


@given(st.text(alphabet="az09.:-[]@/ ?#%\"'<>\\_\x00é", max_size=20))
def test_no_host_brings_more_into_the_address_than_a_host(host: str) -> None:
    url = choose_public_url(None, "http", [host], LISTENING)
    assert url.startswith("http://")
    assert not set(url.removeprefix("http://")) & set("@/ ?#%\"'<>\\\x00é")


@pytest.mark.parametrize(
    ("given_value", "kept"),
    [
        ("https://search.example.com", "https://search.example.com"),
        (" https://search.example.com:8443/code/ ", "https://search.example.com:8443/code"),
        ("http://[fd00::1]:8000", "http://[fd00::1]:8000"),
        ("", None),
    ],
)
def test_the_setting_is_an_address(given_value: str, kept: str | None) -> None:
    assert load_settings(public_url=given_value).public_url == kept


@pytest.mark.parametrize(
    "value",
    ["search.example.com", "ftp://a", "https://", "https://me:pw@a", "https://a?b", "https://a#b", "https://a b"],
)
def test_what_is_no_address_is_refused(value: str) -> None:
    with pytest.raises(ConfigurationError, match=r"public_url: .*https://search.example.com"):
        load_settings(public_url=value)
