"""Which repositories an organisation has: the lists of GitHub, GitLab, Gitea and Forgejo, read to one form."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

from codesearch.core.errors import CodeHostError
from codesearch.core.private_addresses import is_private
from codesearch.core.types import HostKind, Organisation
from codesearch.hosts.connection import HostConnection

_GITHUB: Final = "https://github.com"
_PAGE: Final = 100
# More they do not give, unless whoever runs them says so.
_GITEA_PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class FoundRepository:
    """A repository of a code host. `remote_id` stays when it is renamed; `full_name` is its path there."""

    remote_id: str
    full_name: str
    clone_url: str
    is_archived: bool = False
    is_fork: bool = False
    is_empty: bool = False


def list_repositories(
    organisation: Organisation, token: str | None, sleep: Callable[[float], None] = time.sleep
) -> list[FoundRepository]:
    """Return all repositories of an organisation that the token may see, in the order of their names.

    `token` is for its host. Raises CodeHostError; then nothing is known, also not of those that were listed before.
    """
    list_items, read = _HOSTS[organisation.kind]
    secret = token if token and is_private(urlsplit(organisation.host_url)) else ""
    headers = {**_HEADERS.get(organisation.kind, {}), **({"Authorization": f"Bearer {secret}"} if secret else {})}
    base_url = _api_of(organisation)
    with closing(HostConnection(base_url, headers, secret, sleep=sleep)) as connection:
        found = {}
        for item in list_items(connection, organisation.path):
            repository = _read(read, item, urlsplit(base_url).netloc)
            if repository is not None:
                found[repository.remote_id] = repository
    return sorted(found.values(), key=lambda item: (item.full_name.casefold(), item.remote_id))


def _api_of(organisation: Organisation) -> str:
    if organisation.kind is HostKind.GITHUB:
        return "https://api.github.com" if organisation.host_url == _GITHUB else f"{organisation.host_url}/api/v3"
    return f"{organisation.host_url}/api/{'v4' if organisation.kind is HostKind.GITLAB else 'v1'}"


def _read(
    read: Callable[[Mapping[str, Any]], FoundRepository | None], item: Mapping[str, Any], host: str
) -> FoundRepository | None:
    try:
        return read(item)
    except (KeyError, TypeError, AttributeError):
        raise CodeHostError(f"{host} lists a repository in another form than is known of its kind.") from None


def _list_github(connection: HostConnection, path: str) -> Iterator[Mapping[str, Any]]:
    owner = connection.get(f"/users/{quote(path, safe='')}")
    if owner is None:
        raise _unknown(path, "organisation or user")
    if owner.get("type") == "Organization":
        return connection.list_items(f"/orgs/{quote(path, safe='')}/repos", {"per_page": _PAGE, "type": "all"})
    me = connection.get("/user") if connection.has_secret else None
    if me is not None and str(me.get("login", "")).casefold() == path.casefold():
        # The list of any user has public ones alone.
        return connection.list_items("/user/repos", {"per_page": _PAGE, "affiliation": "owner"})
    return connection.list_items(f"/users/{quote(path, safe='')}/repos", {"per_page": _PAGE, "type": "owner"})


def _read_github(item: Mapping[str, Any]) -> FoundRepository | None:
    if item.get("disabled"):
        return None
    return FoundRepository(
        remote_id=str(item["id"]),
        full_name=str(item["full_name"]),
        clone_url=str(item["clone_url"]),
        is_archived=bool(item.get("archived")),
        is_fork=bool(item.get("fork")),
        # Also right after something was pushed the first time: the next look finds it.
        is_empty=item.get("size") == 0,
    )


def _list_gitlab(connection: HostConnection, path: str) -> Iterator[Mapping[str, Any]]:
    query: dict[str, str | int] = {"per_page": _PAGE, "order_by": "id", "sort": "asc"}
    group = connection.get(f"/groups/{quote(path, safe='')}", {"with_projects": "false"})
    if group is not None:
        number = _number_of(connection, group)
        return connection.list_items(
            f"/groups/{number}/projects", {**query, "include_subgroups": "true", "with_shared": "false"}
        )
    user = next(connection.list_items("/users", {"username": path}), None) if "/" not in path else None
    if user is None:
        raise _unknown(path, "group or user")
    return connection.list_items(f"/users/{_number_of(connection, user)}/projects", query)


def _number_of(connection: HostConnection, item: Mapping[str, Any]) -> int:
    number = item.get("id")
    if not isinstance(number, int):
        raise connection.unknown_form()
    return number


def _read_gitlab(item: Mapping[str, Any]) -> FoundRepository | None:
    if item.get("repository_access_level") == "disabled" or item.get("marked_for_deletion_on"):
        return None
    return FoundRepository(
        remote_id=str(item["id"]),
        full_name=str(item["path_with_namespace"]),
        clone_url=str(item["http_url_to_repo"]),
        is_archived=bool(item.get("archived")),
        is_fork=item.get("forked_from_project") is not None,
        is_empty=bool(item.get("empty_repo")),
    )


def _list_gitea(connection: HostConnection, path: str) -> Iterator[Mapping[str, Any]]:
    name = quote(path, safe="")
    for kind in ("orgs", "users"):
        if connection.get(f"/{kind}/{name}") is not None:
            return connection.list_items(f"/{kind}/{name}/repos", {"limit": _GITEA_PAGE, "page": 1})
    raise _unknown(path, "organisation or user")


def _read_gitea(item: Mapping[str, Any]) -> FoundRepository | None:
    return FoundRepository(
        remote_id=str(item["id"]),
        full_name=str(item["full_name"]),
        clone_url=str(item["clone_url"]),
        is_archived=bool(item.get("archived")),
        is_fork=bool(item.get("fork")),
        is_empty=bool(item.get("empty")),
    )


def _unknown(path: str, what: str) -> CodeHostError:
    return CodeHostError(f"There is no {what} {path!r}, or the token may not see it.")


_HEADERS: Final[Mapping[HostKind, Mapping[str, str]]] = {
    HostKind.GITHUB: {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
}
_HOSTS: Final[
    Mapping[
        HostKind,
        tuple[
            Callable[[HostConnection, str], Iterator[Mapping[str, Any]]],
            Callable[[Mapping[str, Any]], FoundRepository | None],
        ],
    ]
] = {
    HostKind.GITHUB: (_list_github, _read_github),
    HostKind.GITLAB: (_list_gitlab, _read_gitlab),
    HostKind.GITEA: (_list_gitea, _read_gitea),
    HostKind.FORGEJO: (_list_gitea, _read_gitea),
}
