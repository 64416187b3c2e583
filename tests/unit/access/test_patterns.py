"""Patterns of repositories: what they mean, and that they mean nothing else."""

from __future__ import annotations

import pytest

from codesearch.access.patterns import MAX_PATTERN_LENGTH, Patterns, place_of
from codesearch.core.errors import InvalidRequestError

ID = "0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("https://github.com/acme/shop.git", "github.com/acme/shop"),
        ("https://GitHub.com/acme/shop/", "github.com/acme/shop"),
        ("https://alice@github.com/acme/shop", "github.com/acme/shop"),
        ("ssh://git@code.example.org:2222/acme/shop.git", "code.example.org/acme/shop"),
        ("http://code.example.org:3000/acme/shop.git", "code.example.org:3000/acme/shop"),
        ("git@github.com:acme/shop.git", "github.com/acme/shop"),
        ("/srv/code/shop", "/srv/code/shop"),
        ("/srv/code/shop.git/", "/srv/code/shop"),
        ("file:///srv/code/shop", "file:///srv/code/shop"),
        ("C:\\code\\shop", "C:\\code\\shop"),
        ("orders", "orders"),
        ("team: orders", "team: orders"),
        ("/", "/"),
        ("", ""),
    ],
)
def test_an_address_is_its_host_and_path(address: str, place: str) -> None:
    assert place_of(address) == place


@pytest.mark.parametrize(
    ("pattern", "is_meant"),
    [
        (ID, True),
        ("Shop", True),
        ("shop", True),
        ("github.com/acme/shop", True),
        ("https://github.com/acme/shop.git", True),
        ("git@github.com:acme/shop", True),
        ("github.com/acme/*", True),
        ("github.com/*/shop", True),
        ("github.com/**", True),
        ("https://github.com/acme/*", True),
        ("sh?p", True),
        ("SH*", True),
        ("*", True),
        ("**", True),
        ("acme/shop", False),
        ("github.com/acme", False),
        ("github.com/acme/", False),
        ("github.com/*", False),
        ("github.com/acme/sho", False),
        ("github.com/acme/shop/more", False),
        ("github.com/ACME/shop", False),
        ("github.comXacme/shop", False),
        ("gitlab.com/acme/shop", False),
        ("evil.org/github.com/acme/shop", False),
        ("s.op", False),
        ("sh[o]p", False),
        (".*", False),
        ("0123456789abcdef0123456?", False),
        ("", False),
        ("()", False),
    ],
)
def test_a_pattern_means_an_id_a_name_or_a_place(pattern: str, is_meant: bool) -> None:
    patterns = Patterns([pattern, "something else"])
    assert patterns.match(ID, "Shop", "https://github.com/acme/shop.git") is is_meant


def test_no_pattern_means_nothing() -> None:
    assert not Patterns([]).match(ID, "shop", "/srv/shop")
    assert not Patterns(["", "  "]).match(ID, "shop", "/srv/shop")


def test_many_wildcards_take_no_long_time() -> None:
    patterns = Patterns(["**a" * 30 + "b"] * 2 + [f"host/{number}/*" for number in range(5_000)])
    assert not patterns.match(ID, "a" * 100, "host/4999x/a")
    assert patterns.match(ID, "name", "host/4999/a")


def test_what_is_too_long_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="characters"):
        Patterns(["x" * (MAX_PATTERN_LENGTH + 1)])
