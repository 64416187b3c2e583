"""Webhooks as the code hosts send them, made by rule: headers, payloads, signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

SECRET = "an old secret of the team"
OTHER_SECRET = "the next secret of the team"


@dataclass(frozen=True)
class Webhook:
    """What one sends: the last part of its address, the headers, the body."""

    host: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Pushed:
    """A push to a branch of a repository at a place such as `git.example.org/team/shop`, with the host's own id."""

    place: str = "git.example.org/team/shop"
    reference: str = "refs/heads/main"
    default_branch: str | None = "main"
    delivery: str = "delivery-1"
    is_deleted: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def http_url(self) -> str:
        return self.place if "://" in self.place else f"https://{self.place}.git"

    @property
    def ssh_url(self) -> str:
        host, _, path = self.place.rpartition("://")[2].partition("/")
        return f"git@{host}:{path}.git"


def sign(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _to_body(payload: Mapping[str, Any]) -> bytes:
    return json.dumps(payload).encode()


def github(push: Pushed, secret: str = SECRET, event: str = "push") -> Webhook:
    repository = {"clone_url": push.http_url, "ssh_url": push.ssh_url, "default_branch": push.default_branch}
    body = _to_body({"ref": push.reference, "deleted": push.is_deleted, "repository": repository, **push.extra})
    signature = f"sha256={sign(body, secret)}"
    headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": push.delivery, "X-Hub-Signature-256": signature}
    return Webhook("github", headers, body)


def gitea(push: Pushed, secret: str = SECRET, prefix: str = "Gitea") -> Webhook:
    repository = {"clone_url": push.http_url, "ssh_url": push.ssh_url, "default_branch": push.default_branch}
    body = _to_body({"ref": push.reference, "repository": repository, **push.extra})
    named = {"Event": "push", "Delivery": push.delivery, "Signature": sign(body, secret)}
    return Webhook("gitea", {f"X-{prefix}-{name}": value for name, value in named.items()}, body)


def forgejo(push: Pushed, secret: str = SECRET) -> Webhook:
    sent = gitea(push, secret, "Forgejo")
    return Webhook("forgejo", sent.headers, sent.body)


def gitlab(push: Pushed, secret: str = SECRET) -> Webhook:
    kind = "tag_push" if push.reference.startswith("refs/tags/") else "push"
    project = {"git_http_url": push.http_url, "git_ssh_url": push.ssh_url, "default_branch": push.default_branch}
    body = _to_body({"object_kind": kind, "ref": push.reference, "project": project, **push.extra})
    return Webhook("gitlab", {"X-Gitlab-Token": secret, "Idempotency-Key": push.delivery}, body)


def gitlab_signed(push: Pushed, secret: str = SECRET, *, at: float) -> Webhook:
    body, moment = gitlab(push).body, str(int(at))
    key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
    signed = b".".join((push.delivery.encode(), moment.encode(), body))
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    headers = {"webhook-id": push.delivery, "webhook-timestamp": moment, "webhook-signature": f"v1,{signature}"}
    return Webhook("gitlab", headers, body)


def bitbucket(push: Pushed, secret: str = SECRET) -> Webhook:
    kind, _, name = push.reference.removeprefix("refs/").partition("/")
    end = {"type": "branch" if kind == "heads" else "tag", "name": name}
    change = {"new": None, "old": end} if push.is_deleted else {"new": end, "old": None}
    link = push.http_url.removesuffix(".git")
    repository: dict[str, Any] = {"links": {"html": {"href": link}}}
    if push.default_branch is not None:
        repository["mainbranch"] = {"name": push.default_branch}
    body = _to_body({"push": {"changes": [change]}, "repository": repository, **push.extra})
    headers = {"X-Event-Key": "repo:push", "X-Request-UUID": push.delivery}
    return Webhook("bitbucket", {**headers, "X-Hub-Signature": f"sha256={sign(body, secret)}"}, body)


def bitbucket_server(push: Pushed, secret: str = SECRET) -> Webhook:
    host, _, path = push.http_url.rpartition("://")[2].removesuffix(".git").partition("/")
    project, _, name = path.partition("/")
    clone = [{"name": "ssh", "href": f"ssh://git@{host}:7999/{path}.git"}]
    page = [{"href": f"https://{host}/projects/{project.upper()}/repos/{name}/browse"}]
    repository = {"slug": name, "project": {"key": project.upper()}, "links": {"clone": clone, "self": page}}
    body = _to_body({"changes": [{"ref": {"id": push.reference}}], "repository": repository, **push.extra})
    headers = {"X-Event-Key": "repo:refs_changed", "X-Request-Id": push.delivery}
    return Webhook("bitbucket", {**headers, "X-Hub-Signature": f"sha256={sign(body, secret)}"}, body)


SENDERS: Mapping[str, Callable[[Pushed, str], Webhook]] = {
    "github": github,
    "gitlab": gitlab,
    "gitea": gitea,
    "forgejo": forgejo,
    "bitbucket": bitbucket,
    "bitbucket server": bitbucket_server,
}
