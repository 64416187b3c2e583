"""What is taken as the address of an organisation."""

from __future__ import annotations

import pytest

from codesearch.core.errors import InvalidRequestError
from codesearch.core.types import HostKind
from codesearch.hosts.address import OrganisationAddress, read_address


@pytest.mark.parametrize(
    ("text", "kind", "expected"),
    [
        ("https://github.com/pallets", None, (HostKind.GITHUB, "https://github.com", "pallets")),
        (" github.com/pallets/ ", None, (HostKind.GITHUB, "https://github.com", "pallets")),
        (
            "https://GitLab.example.org:443/Team/shop",
            None,
            (HostKind.GITLAB, "https://gitlab.example.org", "Team/shop"),
        ),
        ("http://gitea.example.org:3000/acme", None, (HostKind.GITEA, "http://gitea.example.org:3000", "acme")),
        ("codeberg.org/forgejo", None, (HostKind.FORGEJO, "https://codeberg.org", "forgejo")),
        ("https://code.example.org/acme", "Forgejo", (HostKind.FORGEJO, "https://code.example.org", "acme")),
        ("http://[::1]:3000/acme", "gitea", (HostKind.GITEA, "http://[::1]:3000", "acme")),
    ],
)
def test_an_address_is_read(text: str, kind: str | None, expected: tuple[HostKind, str, str]) -> None:
    assert read_address(text, kind) == OrganisationAddress(*expected)


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ("https://code.example.org/acme", None, "does not say whose"),
        ("https://notgithub.example.org/acme", None, "does not say whose"),
        ("https://github.com/acme", "svn", "one of github"),
        ("https://github.com/", None, "github.com alone names no group or user"),
        ("pallets", None, "pallets alone names no group or user"),
        ("https://github.com/acme/shop", None, "is a repository"),
        ("https://github.com/acme?tab=repositories", None, "no path"),
        ("https://github.com/../x", None, "no path"),
        ("https://gitlab.com/acme/../x", None, "no path"),
        ("https://me:hush@github.com/acme", None, "login"),
        ("https://github.com/ghp_" + "a" * 36, None, "login"),
        ("ftp://github.com/acme", None, "http or https"),
        ("file:///etc", "gitea", "http or https"),
        ("https://git hub.com/acme", "gitea", "http or https"),
        ("https://github.com:x/acme", None, "cannot be read"),
        ("", None, "http or https"),
    ],
)
def test_what_is_no_address_is_explained(text: str, kind: str | None, told: str) -> None:
    with pytest.raises(InvalidRequestError, match=told) as error:
        read_address(text, kind)
    assert "hush" not in error.value.message
