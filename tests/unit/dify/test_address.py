"""Addresses with and without /v1, and keys of the wrong kind."""

from __future__ import annotations

import pytest

from codesearch.core.errors import ConfigurationError
from codesearch.dify.address import read_base_url, require_key


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://api.dify.ai/v1", "https://api.dify.ai/v1"),
        ("https://api.dify.ai", "https://api.dify.ai/v1"),
        (" http://dify.example:8080/ ", "http://dify.example:8080/v1"),
        ("http://dify.example/v1/v1/", "http://dify.example/v1"),
        ("http://dify.example/apps/dify/v1?x=1#y", "http://dify.example/apps/dify/v1"),
        ("http://[::1]:80", "http://[::1]:80/v1"),
        ("http://dify.example/v10", "http://dify.example/v10/v1"),
    ],
)
def test_the_address_ends_in_one_version(given: str, expected: str) -> None:
    assert read_base_url(given) == expected


@pytest.mark.parametrize(
    "given", [None, "", " ", "dify.example", "ftp://x", "http://", "http://x:y", "http://a b", "http://x:0"]
)
def test_what_is_no_address(given: str | None) -> None:
    with pytest.raises(ConfigurationError, match="CODESEARCH_DIFY_URL"):
        read_base_url(given)


def test_a_login_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigurationError) as caught:
        read_base_url("https://user:sesame@dify.example")
    assert "sesame" not in caught.value.message


def test_keys() -> None:
    assert require_key(" dataset-abc ", "dataset") == "dataset-abc"
    # Dify may give its keys another form one day.
    assert require_key("kb-abc", "dataset") == "kb-abc"
    for value, kind, part in (
        (None, "dataset", "Set CODESEARCH_DIFY_KEY"),
        ("", "app", "Set CODESEARCH_DIFY_APP_KEY"),
        ("app-sesame", "dataset", "belongs into CODESEARCH_DIFY_APP_KEY"),
        ("dataset-sesame", "app", "belongs into CODESEARCH_DIFY_KEY"),
        ("dataset-se\nsame", "dataset", "blanks or signs"),
    ):
        with pytest.raises(ConfigurationError, match=part) as caught:
            require_key(value, kind)
        assert "same" not in caught.value.message
