"""Every address of a repository is the same place; those of others are not."""

from __future__ import annotations

import pytest

from codesearch.api.webhooks.addresses import Place, find_place
from codesearch.api.webhooks.matching import SourceMap
from codesearch.api.webhooks.push import Push
from codesearch.core.types import DataSource

SHOP = Place("git.example.org", "team/shop")


def source_at(location: str, branch: str | None = None, number: int = 0) -> DataSource:
    return DataSource(id=f"{number:024x}", name=f"s{number}", type="repository", location=location, branch=branch)


@pytest.mark.parametrize(
    "address",
    [
        "https://git.example.org/team/shop.git",
        "https://git.example.org/team/shop/",
        "http://www.git.example.org:3000/Team/Shop",
        "https://me:hush@GIT.example.org/team/shop.git",
        "ssh://git@git.example.org:2222/team/shop.git",
        "git@git.example.org:team/shop.git",
        "git.example.org:team/shop",
        "git://git.example.org/team/shop",
        "https://git.example.org/scm/TEAM/shop.git",
        "ssh://git@git.example.org:7999/team/shop.git",
        "https://git.example.org/projects/TEAM/repos/shop/browse",
    ],
)
def test_addresses_of_one_repository_are_one_place(address: str) -> None:
    assert find_place(address) == SHOP


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("https://git.example.org/scm/shop", Place("git.example.org", "scm/shop")),
        ("https://git.example.org/code/scm/team/shop", Place("git.example.org", "code/team/shop")),
        ("ssh://git@ssh.github.com:443/a/b.git", Place("github.com", "a/b")),
        ("file:///srv/Shop.git", Place("", "srv/shop")),
        ("/srv/shop", Place("", "srv/shop")),
        ("https://git.example.org/a%20b/c", Place("git.example.org", "a b/c")),
        ("https://git.example.org/", None),
        ("https://[::1/x", None),
        ("", None),
    ],
)
def test_other_places(address: str, place: Place | None) -> None:
    assert find_place(address) == place


def test_a_push_finds_what_follows_its_branch_and_no_other() -> None:
    url = "https://git.example.org/team/shop"
    sources = [
        source_at(url, None, 1),
        source_at("git@git.example.org:team/shop.git", "main", 2),
        source_at(url, "next", 3),
        source_at(url, "v1", 4),
        source_at("https://git.example.org/team/shop2", None, 5),
        source_at("https://other.example.org/team/shop", None, 6),
    ]

    def find(reference: str, default: str | None) -> list[str]:
        push = Push(("https://git.example.org/team/shop.git",), (reference,), default)
        return [source.name for source in SourceMap(sources).find(push)]

    assert find("refs/heads/main", "main") == ["s1", "s2"]
    assert find("refs/heads/next", "main") == ["s3"]
    assert find("refs/heads/next", "next") == ["s1", "s3"]
    # Who does not say which is the default branch may mean any.
    assert find("refs/heads/other", None) == ["s1"]
    assert find("refs/tags/v1", None) == ["s4"]
    assert find("refs/heads/mai", "main") == []
    moved = Push(("https://git.example.org/team/shop",), concerns_default=True)
    assert [source.name for source in SourceMap(sources).find(moved)] == ["s1"]


def test_a_host_that_is_known_by_another_name_is_found_by_the_path() -> None:
    known = SourceMap([source_at("http://gitea:3000/team/shop.git", None, 1), source_at("/team", None, 2)])
    push = Push(("https://git.example.org/team/shop.git",), ("refs/heads/main",), "main")
    assert [source.name for source in known.find(push)] == ["s1"]
    assert known.find(Push(("https://git.example.org/team",), ("refs/heads/main",), "main")) == []
