"""Payloads of the code hosts to what they say: which references of which repository moved. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

from codesearch.api.webhooks.push import Host, Push
from codesearch.core.errors import InvalidRequestError

# A host may send more; of one repository no more are looked at.
_MOST_REFERENCES = 10_000
_MAX_NAME_LENGTH = 300
_FORM = "application/x-www-form-urlencoded"


def read_payload(headers: Mapping[str, str], body: bytes) -> Mapping[str, Any]:
    """Return the object that a body holds, as JSON or in the field `payload` of a form. Raises InvalidRequestError."""
    try:
        text: str | bytes = body
        if headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM:
            text = parse_qs(body.decode(), max_num_fields=10)["payload"][0]
        payload = json.loads(text)
    except (ValueError, KeyError, RecursionError) as error:
        raise InvalidRequestError("The webhook's body is no JSON, nor a form with JSON in `payload`.") from error
    if not isinstance(payload, dict):
        raise InvalidRequestError("The webhook's body is no JSON object.")
    return payload


def read_push(host: Host, headers: Mapping[str, str], payload: Mapping[str, Any]) -> Push | None:
    """Return what has moved; None for a ping and for events of no interest. Raises InvalidRequestError."""
    if host is Host.GITLAB:
        push = _read_gitlab(payload)
    elif host is Host.BITBUCKET:
        push = _read_bitbucket(headers.get("x-event-key", ""), payload)
    else:
        push = _read_github(_name_event(host, headers), payload)
    if push is not None and not push.addresses:
        raise InvalidRequestError("The webhook names no repository.")
    return push


def _name_event(host: Host, headers: Mapping[str, str]) -> str:
    names = ("x-github-event",) if host is Host.GITHUB else ("x-forgejo-event", "x-gitea-event", "x-github-event")
    return next((headers[name] for name in names if headers.get(name)), "")


def _read_github(event: str, payload: Mapping[str, Any]) -> Push | None:
    """Read what GitHub sends, and Gitea and Forgejo in the same form."""
    if event not in ("push", "repository"):
        return None
    repository = _object(payload, "repository")
    names = ("clone_url", "ssh_url", "html_url", "git_url")
    addresses = tuple(_texts(repository, *names))
    default = _text(repository, "default_branch") or _text(repository, "master_branch")
    if event == "repository":
        return Push(addresses, (), default, concerns_default=True)
    return Push(addresses, tuple(_texts(payload, "ref")), default)


def _read_gitlab(payload: Mapping[str, Any]) -> Push | None:
    event = _text(payload, "object_kind") or _text(payload, "event_name")
    project = _object(payload, "project")
    addresses = tuple(
        _texts(project, "git_http_url", "git_ssh_url", "web_url", "http_url", "ssh_url", "homepage", "url")
    )
    default = _text(project, "default_branch")
    if event in ("push", "tag_push"):
        return Push(addresses, tuple(_texts(payload, "ref")), default)
    if event == "repository_update":
        references = [name for change in _objects(payload, "changes") for name in _texts(change, "ref")]
        return Push(addresses, tuple(references), default)
    return None


def _read_bitbucket(event: str, payload: Mapping[str, Any]) -> Push | None:
    """Read what Bitbucket Cloud (repo:push) and Bitbucket Data Center send."""
    repository = _object(payload, "repository")
    if event == "repo:push":
        changes = _objects(_object(payload, "push"), "changes")
        ends = [_object(change, end) for change in changes for end in ("new", "old")]
        spaces = {"branch": "refs/heads/", "tag": "refs/tags/"}
        references = [
            f"{spaces[kind]}{name}"
            for end in ends
            if (name := _text(end, "name")) and (kind := _text(end, "type")) in spaces
        ]
    elif event in ("repo:refs_changed", "mirror:repo_synchronized"):
        changes = _objects(payload, "changes")
        references = [
            name for change in changes if (name := _text(_object(change, "ref"), "id") or _text(change, "refId"))
        ]
    else:
        return None
    default = _text(_object(repository, "mainbranch"), "name")
    return Push(tuple(_find_bitbucket_addresses(repository)), tuple(dict.fromkeys(references)), default)


def _find_bitbucket_addresses(repository: Mapping[str, Any]) -> Iterator[str]:
    links = _object(repository, "links")
    yield from _texts(_object(links, "html"), "href")
    for kind in ("clone", "self"):
        for link in _objects(links, kind):
            yield from _texts(link, "href")
    if links:
        return
    # Older ones give no address: the path is known all the same.
    if name := _text(repository, "full_name"):
        yield f"https://bitbucket.org/{name}"
    project, name = _text(_object(repository, "project"), "key"), _text(repository, "slug")
    if project and name:
        yield f"{project}/{name}"


def _object(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = values.get(name)
    return value if isinstance(value, dict) else {}


def _objects(values: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    value = values.get(name)
    return [item for item in value[:_MOST_REFERENCES] if isinstance(item, dict)] if isinstance(value, list) else []


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) and 0 < len(value) <= _MAX_NAME_LENGTH else None


def _texts(values: Mapping[str, Any], *names: str) -> Iterator[str]:
    yield from (text for name in names if (text := _text(values, name)) is not None)
