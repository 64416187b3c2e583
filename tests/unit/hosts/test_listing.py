"""Lists of code hosts: pages, tokens, limits, and failures, against a host on loopback that speaks their formats."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from codesearch.core.errors import CodeHostError
from codesearch.core.types import HostKind, Organisation
from codesearch.hosts.listing import FoundRepository, list_repositories
from tests.unit.hosts.code_host import Answer, CodeHost, serve_code_host

KINDS = [*HostKind]
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture
def host() -> Iterator[CodeHost]:
    with serve_code_host() as served:
        yield served


class Sleeps(list[float]):
    """Keeps for how long somebody would have slept."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def organisation(host: CodeHost, kind: HostKind, path: str = "acme") -> Organisation:
    return Organisation(id="o" * 24, name=path, kind=kind, host_url=host.url, path=path)


def names(found: list[FoundRepository]) -> list[str]:
    return [item.full_name for item in found]


@every_kind
def test_all_pages_of_an_organisation_are_read(host: CodeHost, kind: HostKind) -> None:
    for number in range(5):
        host.add("acme", f"repo-{4 - number}")
    host.add("other", "foreign")
    found = list_repositories(organisation(host, kind), None)
    assert names(found) == [f"acme/repo-{number}" for number in range(5)]
    assert found[0].clone_url == f"{host.url}/acme/repo-0.git"
    assert len({item.remote_id for item in found}) == 5
    assert len([path for path in host.asked if "/repos?" in path or "/projects?" in path]) == 3
    assert host.authorizations == [None] * len(host.asked)


@every_kind
def test_a_users_repositories_are_listed(host: CodeHost, kind: HostKind) -> None:
    host.users["alice"] = []
    for name in ("one", "two", "three"):
        host.add("alice", name)
    assert names(list_repositories(organisation(host, kind, "alice"), None)) == [
        "alice/one",
        "alice/three",
        "alice/two",
    ]


def test_ones_own_private_repositories_of_github_are_listed(host: CodeHost) -> None:
    host.users["alice"], host.tokens["secret"] = [], "Alice"
    host.users["Alice"] = [host.add("alice", "open")]
    host.private["Alice"] = [{**host.users["Alice"][0], "id": 99, "full_name": "alice/closed"}]
    found = list_repositories(organisation(host, HostKind.GITHUB, "alice"), "secret")
    assert names(found) == ["alice/closed", "alice/open"]
    assert set(host.authorizations) == {"Bearer secret"}


def test_groups_in_a_group_of_gitlab_are_listed(host: CodeHost) -> None:
    for owner in ("acme/team", "acme/team/web", "acme"):
        host.add(owner, "app")
    assert names(list_repositories(organisation(host, HostKind.GITLAB, "acme/team"), None)) == [
        "acme/team/app",
        "acme/team/web/app",
    ]


def test_what_a_repository_is_like_is_read(host: CodeHost) -> None:
    host.page_size = 50
    host.add("acme", "archived", archived=True)
    host.add("acme", "fork", fork=True, forked_from_project={"id": 7})
    host.add("acme", "empty", size=0, empty=True, empty_repo=True)
    host.add("acme", "disabled", disabled=True, repository_access_level="disabled")
    for kind in KINDS:
        found = {item.full_name: item for item in list_repositories(organisation(host, kind), None)}
        assert found["acme/archived"].is_archived
        assert found["acme/fork"].is_fork
        assert found["acme/empty"].is_empty
        assert ("acme/disabled" in found) == (kind in (HostKind.GITEA, HostKind.FORGEJO))


@every_kind
def test_an_unknown_organisation_is_named(host: CodeHost, kind: HostKind) -> None:
    with pytest.raises(CodeHostError, match=r"There is no .* 'nobody', or the token may not see it"):
        list_repositories(organisation(host, kind, "nobody"), None)


@every_kind
def test_a_token_that_is_not_valid_is_said_and_not_shown(host: CodeHost, kind: HostKind) -> None:
    with pytest.raises(CodeHostError, match=r"401: Bad credentials. The token of CODESEARCH_GIT_TOKEN") as told:
        list_repositories(organisation(host, kind), "hush-hush")
    assert "hush" not in told.value.message


def test_a_token_crosses_no_network_in_the_clear() -> None:
    far = Organisation(id="o" * 24, name="x", kind=HostKind.GITEA, host_url="http://git.invalid", path="acme")
    seen: list[str] = []
    with pytest.raises(CodeHostError, match="cannot be reached"):
        list_repositories(far, "secret", seen_sleep(seen))
    assert len(seen) == 3


def seen_sleep(seen: list[str]) -> Sleeps:
    class Noting(Sleeps):
        def __call__(self, seconds: float) -> None:
            seen.append(f"{seconds:g}")

    return Noting()


@pytest.mark.parametrize(
    ("status", "headers", "least", "most"),
    [
        (429, {"Retry-After": "7"}, 7, 9),
        (403, {"Retry-After": "30"}, 30, 32),
        (429, {}, 60, 62),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "SOON"}, 80, 102),
        (429, {"RateLimit-Remaining": "0", "RateLimit-Reset": "SOON"}, 80, 102),
        (503, {"Retry-After": "3"}, 3, 5),
    ],
)
def test_a_limit_is_waited_for(host: CodeHost, status: int, headers: dict[str, str], least: float, most: float) -> None:
    host.add("acme", "app")
    soon = str(int(time.time()) + 100)
    given = {name: value.replace("SOON", soon) for name, value in headers.items()}
    host.answers = [Answer(status, given, {"message": "API rate limit exceeded"})]
    sleeps = Sleeps()
    assert names(list_repositories(organisation(host, HostKind.GITHUB), None, sleeps)) == ["acme/app"]
    assert len(sleeps) == 1
    assert least <= sleeps[0] <= most


def test_a_limit_that_lasts_long_is_said(host: CodeHost) -> None:
    reset = str(int(time.time()) + 3000)
    host.answers = [Answer(403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}, {"message": "exceeded"})]
    with pytest.raises(CodeHostError, match=r"no more requests for 50 minutes.*With CODESEARCH_GIT_TOKEN"):
        list_repositories(organisation(host, HostKind.GITHUB), None, Sleeps())


def test_what_fails_in_passing_is_tried_again_and_then_said(host: CodeHost) -> None:
    host.add("acme", "app")
    host.answers = [Answer(502), Answer(503), Answer(500)]
    sleeps = Sleeps()
    assert names(list_repositories(organisation(host, HostKind.GITEA), None, sleeps)) == ["acme/app"]
    assert sleeps == [1, 2, 4]
    host.answers = [Answer(502) for _ in range(4)]
    with pytest.raises(CodeHostError, match="answers 502"):
        list_repositories(organisation(host, HostKind.GITEA), None, Sleeps())


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(403, {}, {"message": "Resource protected by SAML"}), "403: Resource protected by SAML.*may not list"),
        (Answer(302, {"Location": "https://elsewhere.example.org/login"}), "sends to https://elsewhere"),
        (Answer(200, {}, "<html>"), "a page instead of JSON"),
        (Answer(418), "answers 418"),
    ],
)
def test_other_answers_are_explained(host: CodeHost, answer: Answer, told: str) -> None:
    host.answers = [answer]
    with pytest.raises(CodeHostError, match=told):
        list_repositories(organisation(host, HostKind.GITHUB), None, Sleeps())


def test_a_list_that_breaks_off_is_no_shorter_list(host: CodeHost) -> None:
    for number in range(4):
        host.add("acme", f"repo-{number}")
    good = host.organisations["acme"][:2]
    following = f"{host.url}/api/v1/orgs/acme/repos?page=2"
    host.answers = [
        Answer(200, {}, {"id": 1}),
        Answer(200, {"Link": f'<{following}>; rel="next"'}, good),
        Answer(404, {}, {"message": "gone"}),
    ]
    with pytest.raises(CodeHostError, match="does not answer with a list"):
        list_repositories(organisation(host, HostKind.GITEA), None, Sleeps())


def test_a_page_on_another_host_is_not_asked(host: CodeHost) -> None:
    host.add("acme", "app")
    link = {"Link": '<http://127.0.0.2:9/api/v1/orgs/acme/repos?page=2>; rel="next"'}
    host.tokens["secret"] = "alice"
    host.answers = [Answer(200, {}, {"id": 1}), Answer(200, link, host.organisations["acme"])]
    with pytest.raises(CodeHostError, match="another host"):
        list_repositories(organisation(host, HostKind.GITEA), "secret", Sleeps())


def test_a_repository_of_another_form_is_an_error(host: CodeHost) -> None:
    host.organisations["acme"] = [{"uuid": "x"}]
    with pytest.raises(CodeHostError, match="in another form"):
        list_repositories(organisation(host, HostKind.GITHUB), None, Sleeps())


DEEP = "[" * 100_000
FORMS: tuple[object, ...] = ([], {}, "x", [[]], [{"id": {}}], "null", DEEP)


@pytest.mark.parametrize("kind", [HostKind.GITHUB, HostKind.GITLAB, HostKind.GITEA])
@pytest.mark.parametrize("position", range(3))
def test_an_answer_in_no_known_form_is_an_error_and_no_fault(host: CodeHost, kind: HostKind, position: int) -> None:
    """Whatever a host says: it may be a proxy that says it."""
    for form in FORMS:
        host.organisations["acme"] = []
        host.add("acme", "app")
        body = form if form in ("null", DEEP) else json.dumps(form)
        good = [Answer(200, {}, {"id": 0, "type": "Organization"})] * position
        host.answers = [*good, Answer(200, {}, body)]
        with suppress(CodeHostError):
            assert all(isinstance(item, FoundRepository) for item in list_repositories(organisation(host, kind), None))


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "9" * 400},
        {"Retry-After": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"},
        {"Retry-After": "Mon, 01 Jan 0001 00:00:00 GMT"},
        {"Retry-After": "\u00b2"},
        {"Retry-After": "-5"},
        {"Retry-After": "soon"},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9" * 400},
        {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "never"},
    ],
)
def test_a_limit_that_makes_no_sense_is_waited_for_or_said(host: CodeHost, headers: dict[str, str]) -> None:
    host.add("acme", "app")
    host.answers = [Answer(429, headers)]
    sleeps = Sleeps()
    with suppress(CodeHostError):
        assert names(list_repositories(organisation(host, HostKind.GITEA), None, sleeps)) == ["acme/app"]
    assert all(0 < seconds < 1000 for seconds in sleeps)


@pytest.mark.parametrize(
    "link", ["http://[", "http://127.0.0.1:x/", "http://127.0.0.1:99999/", "//", "\x01", "?page=\x7f"]
)
def test_a_next_page_that_is_no_address_is_an_error(host: CodeHost, link: str) -> None:
    host.answers = [Answer(200, {}, {"id": 1}), Answer(200, {"Link": f'<{link}>; rel="next"'}, [])]
    with pytest.raises(CodeHostError):
        list_repositories(organisation(host, HostKind.GITEA), None, Sleeps())
