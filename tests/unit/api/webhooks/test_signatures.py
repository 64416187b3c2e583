"""Only who knows a secret is believed, whichever form the host signs in."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

import pytest

from codesearch.api.webhooks.push import Host
from codesearch.api.webhooks.signatures import TOLERANCE_SECONDS, identify_delivery, is_genuine, is_signed
from tests.unit.api.webhooks.senders import (
    OTHER_SECRET,
    SECRET,
    SENDERS,
    Pushed,
    Webhook,
    gitea,
    github,
    gitlab,
    gitlab_signed,
)

NOW = 1_800_000_000.0
every_sender = pytest.mark.parametrize("send", SENDERS.values(), ids=SENDERS)
Send = Callable[[Pushed, str], Webhook]


def lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def check(webhook: Webhook, *secrets: str, body: bytes | None = None, now: float = NOW) -> bool:
    content = webhook.body if body is None else body
    return is_genuine(Host(webhook.host), lower(webhook.headers), content, secrets, now)


@every_sender
def test_any_of_several_secrets_counts_and_no_other(send: Send) -> None:
    webhook = send(Pushed(), SECRET)
    assert check(webhook, SECRET)
    assert check(webhook, OTHER_SECRET, SECRET)
    assert check(send(Pushed(), OTHER_SECRET), OTHER_SECRET, SECRET)
    assert not check(webhook, OTHER_SECRET)
    assert not check(webhook, SECRET[:-1])
    assert not check(webhook)


@every_sender
def test_what_is_not_signed_or_wrongly_is_not_believed(send: Send) -> None:
    webhook = send(Pushed(), SECRET)
    host = Host(webhook.host)
    names = [name for name in webhook.headers if "Signature" in name or "Token" in name]
    assert names
    for wrong in ("", "sha256=", "sha256=é", "0" * 64, "sha1=" + "0" * 40, None):
        headers = {name: value for name, value in webhook.headers.items() if name not in names}
        headers |= {} if wrong is None else dict.fromkeys(names, wrong)
        assert not is_genuine(host, lower(headers), webhook.body, [SECRET], NOW)
        assert is_signed(host, lower(headers)) is bool(wrong)


@pytest.mark.parametrize("send", [github, gitea])
def test_another_body_is_not_believed(send: Send) -> None:
    webhook = send(Pushed(), SECRET)
    assert not check(webhook, SECRET, body=webhook.body + b" ")


def test_gitea_signs_as_github_does_where_it_sends_no_header_of_its_own() -> None:
    webhook = gitea(Pushed())
    both = {"x-hub-signature-256": f"sha256={webhook.headers['X-Gitea-Signature']}"}
    assert is_genuine(Host.GITEA, both, webhook.body, [SECRET], NOW)


@pytest.mark.parametrize("secret", [SECRET, "whsec_" + base64.b64encode(b"a key of gitlab's own").decode()])
def test_gitlab_signs_id_and_time_which_may_not_be_old(secret: str) -> None:
    webhook = gitlab_signed(Pushed(), secret, at=NOW)
    assert check(webhook, secret)
    assert check(webhook, OTHER_SECRET, secret)
    assert not check(webhook, OTHER_SECRET)
    assert check(webhook, secret, now=NOW + TOLERANCE_SECONDS)
    for now in (NOW + TOLERANCE_SECONDS + 1, NOW - TOLERANCE_SECONDS - 1):
        assert not check(webhook, secret, now=now)
    assert not check(webhook, secret, body=webhook.body + b" ")
    for name, value in (
        ("webhook-id", "another"),
        ("webhook-timestamp", str(int(NOW) + 1)),
        ("webhook-timestamp", "x"),
    ):
        changed = Webhook("gitlab", {**webhook.headers, name: value}, webhook.body)
        assert not check(changed, secret)
    several = f"v2,x v1,AAAA {webhook.headers['webhook-signature']}"
    assert check(Webhook("gitlab", {**webhook.headers, "webhook-signature": several}, webhook.body), secret)


@pytest.mark.parametrize("secret", ["whsec_no base64", "whsec_schl\u00fcssel"])
def test_a_secret_that_only_looks_like_gitlabs_hinders_no_other(secret: str) -> None:
    webhook = gitlab_signed(Pushed(), SECRET, at=NOW)
    assert check(webhook, secret, SECRET)
    assert not check(webhook, secret)


def test_a_delivery_is_told_by_the_id_of_its_host_else_by_its_body() -> None:
    def identify(webhook: Webhook) -> str:
        return identify_delivery(Host(webhook.host), lower(webhook.headers), webhook.body)

    first = identify(github(Pushed()))
    assert len(first) == 32
    assert identify(github(Pushed(reference="refs/heads/next"))) == first
    assert identify(github(Pushed(delivery="delivery-2"))) != first
    assert identify(gitlab(Pushed())) != first
    nameless = [Webhook("github", {}, body) for body in (b"a", b"a", b"b")]
    assert [identify(item) == identify(nameless[0]) for item in nameless] == [True, True, False]
