"""What the payloads of the code hosts say, and what is no payload."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.api.webhooks.addresses import Place, find_place
from codesearch.api.webhooks.payloads import read_payload, read_push
from codesearch.api.webhooks.push import Host, Push
from codesearch.core.errors import InvalidRequestError
from tests.unit.api.webhooks.senders import SECRET, SENDERS, Pushed, Webhook, bitbucket, github

Send = Callable[[Pushed, str], Webhook]
every_sender = pytest.mark.parametrize("send", SENDERS.values(), ids=SENDERS)


def read(webhook: Webhook) -> Push | None:
    headers = {name.lower(): value for name, value in webhook.headers.items()}
    return read_push(Host(webhook.host), headers, read_payload(headers, webhook.body))


@every_sender
@pytest.mark.parametrize("reference", ["refs/heads/main", "refs/heads/a/b", "refs/tags/v1"])
def test_a_push_names_its_repository_and_what_moved(send: Send, reference: str) -> None:
    push = read(send(Pushed(reference=reference, is_deleted=True), SECRET))
    assert push is not None
    assert push.references == (reference,)
    assert {find_place(address) for address in push.addresses} == {Place("git.example.org", "team/shop")}
    assert push.default_branch in ("main", None)


def test_bitbucket_may_not_say_which_the_default_branch_is_nor_give_addresses() -> None:
    push = read(bitbucket(Pushed(default_branch=None)))
    assert push is not None
    assert push.default_branch is None
    old: dict[str, Any] = {
        "repository": {"slug": "shop", "project": {"key": "TEAM"}},
        "changes": [{"refId": "refs/heads/x"}],
    }
    assert read_push(Host.BITBUCKET, {"x-event-key": "repo:refs_changed"}, old) == Push(
        ("TEAM/shop",), ("refs/heads/x",)
    )
    cloud = {"repository": {"full_name": "team/shop"}, "push": {"changes": []}}
    expected = Push(("https://bitbucket.org/team/shop",))
    assert read_push(Host.BITBUCKET, {"x-event-key": "repo:push"}, cloud) == expected


def test_another_default_branch_is_told_by_an_event_of_its_own() -> None:
    push = read(github(Pushed(), event="repository"))
    assert push is not None
    assert push.concerns_default
    assert push.references == ()


@pytest.mark.parametrize(
    ("host", "headers", "payload"),
    [
        ("github", {"x-github-event": "ping"}, {"zen": "Keep it simple."}),
        ("github", {"x-github-event": "issues"}, {}),
        ("github", {}, {}),
        ("gitlab", {}, {"object_kind": "merge_request"}),
        ("gitea", {"x-gitea-event": "release"}, {}),
        ("forgejo", {"x-forgejo-event": "release"}, {}),
        ("bitbucket", {"x-event-key": "diagnostics:ping"}, {"test": True}),
        ("bitbucket", {"x-event-key": "pullrequest:created"}, {}),
    ],
)
def test_pings_and_other_events_are_of_no_interest(host: str, headers: dict[str, str], payload: dict[str, Any]) -> None:
    assert read_push(Host(host), headers, payload) is None


def test_a_form_holds_the_payload_in_a_field() -> None:
    webhook = github(Pushed())
    body = urlencode({"payload": webhook.body.decode()}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8", "x-github-event": "push"}
    push = read_push(Host.GITHUB, headers, read_payload(headers, body))
    assert push is not None
    assert push.references == ("refs/heads/main",)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_what_is_no_payload_is_refused(body: bytes, kind: str) -> None:
    with pytest.raises(InvalidRequestError):
        read_payload({"content-type": kind}, body)


def test_a_push_without_a_repository_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="names no repository"):
        read_push(Host.GITHUB, {"x-github-event": "push"}, {"ref": "refs/heads/main"})


_LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
_NAMES = st.sampled_from(["ref", "repository", "project", "push", "changes", "new", "links", "clone", "object_kind"])
_VALUES = st.recursive(
    _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=4), max_leaves=12
)


@given(st.dictionaries(_NAMES, _VALUES, max_size=5), st.sampled_from(list(Host)))
def test_no_payload_of_any_form_does_more_than_be_refused(payload: dict[str, Any], host: Host) -> None:
    events = {"x-github-event": "push", "x-gitea-event": "push", "x-event-key": "repo:push"}
    try:
        push = read_push(host, events, payload | {"object_kind": "push"})
    except InvalidRequestError:
        return
    assert push is None or push.addresses
