"""A code host on loopback: speaks the lists of GitHub, GitLab, Gitea and Forgejo as their documentation has them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit


@dataclass
class Answer:
    """An answer that is given once, before any other."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: object = None


@dataclass
class CodeHost:
    """What is there: for each organisation or user its repositories, in the fields of the host's own API."""

    url: str = ""
    organisations: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    users: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    private: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    # Whom a token is of.
    tokens: dict[str, str] = field(default_factory=dict)
    page_size: int = 2
    answers: list[Answer] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    authorizations: list[str | None] = field(default_factory=list)
    # Of the API that was asked last: /api/v3.
    prefix: str = ""

    def add(self, owner: str, name: str, **fields: object) -> dict[str, Any]:
        """Add a repository to an organisation, in the form of every kind of host at once, and return it."""
        number = fields.pop("id", None) or 1 + sum(map(len, (*self.organisations.values(), *self.users.values())))
        repository = {
            "id": number,
            "name": name,
            "size": 10,
            "archived": False,
            "fork": False,
            "empty": False,
            "empty_repo": False,
            **fields,
        }
        self.call(repository, owner, name)
        (self.users[owner] if owner in self.users else self.organisations.setdefault(owner, [])).append(repository)
        return repository

    def call(self, repository: dict[str, Any], owner: str, name: str) -> None:
        """Give a repository another place."""
        repository["full_name"] = repository["path_with_namespace"] = f"{owner}/{name}"
        repository["clone_url"] = repository["http_url_to_repo"] = f"{self.url}/{owner}/{name}.git"

    def answer(self, path: str, query: dict[str, str], token: str | None) -> tuple[int, dict[str, str], object]:
        """Return status, headers and body."""
        if token is not None and token not in self.tokens:
            return 401, {}, {"message": "Bad credentials"}
        if path.startswith("/api/v3/"):
            return self._answer_github(path.removeprefix("/api/v3"), query, token)
        if path.startswith("/api/v4/"):
            return self._answer_gitlab(path.removeprefix("/api/v4"), query)
        if path.startswith("/api/v1/"):
            return self._answer_gitea(path.removeprefix("/api/v1"), query)
        return 404, {}, {"message": "Not Found"}

    def _answer_github(self, path: str, query: dict[str, str], token: str | None) -> tuple[int, dict[str, str], object]:
        parts = path.strip("/").split("/")
        if parts == ["user"]:
            return 200, {}, {"login": self.tokens[token or ""], "type": "User"}
        if parts == ["user", "repos"]:
            owner = self.tokens[token or ""]
            return self._page(path, query, self.users[owner] + self.private.get(owner, []), "per_page")
        kind, name = parts[0], parts[1]
        where = {"orgs": self.organisations, "users": {**self.users, **self.organisations}}[kind]
        if name not in where:
            return 404, {}, {"message": "Not Found"}
        if len(parts) == 2:
            return 200, {}, {"login": name, "type": "Organization" if name in self.organisations else "User"}
        return self._page(path, query, where[name], "per_page")

    def _answer_gitlab(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], object]:
        parts = [unquote(part) for part in path.strip("/").split("/")]
        groups, users = sorted(self.organisations), sorted(self.users)
        if parts == ["users"]:
            return 200, {}, [{"id": users.index(name)} for name in users if name == query["username"]]
        if parts[0] == "groups" and len(parts) == 2:
            if parts[1] not in groups:
                return 404, {}, {"message": "404 Group Not Found"}
            return 200, {}, {"id": groups.index(parts[1]), "full_path": parts[1]}
        if parts[0] == "groups":
            group = groups[int(parts[1])]
            inside = [name for name in groups if name == group or name.startswith(f"{group}/")]
            chosen = inside if query.get("include_subgroups") == "true" else [group]
            return self._page(path, query, [item for name in chosen for item in self.organisations[name]], "per_page")
        return self._page(path, query, self.users[users[int(parts[1])]], "per_page")

    def _answer_gitea(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], object]:
        kind, name, *rest = path.strip("/").split("/")
        where = {"orgs": self.organisations, "users": self.users}[kind]
        if name not in where:
            return 404, {}, {"message": "GetUserByName"}
        return self._page(path, query, where[name], "limit") if rest else (200, {}, {"id": 1, "username": name})

    def _page(
        self, path: str, query: dict[str, str], items: list[dict[str, Any]], size_name: str
    ) -> tuple[int, dict[str, str], object]:
        size, page = min(self.page_size, int(query[size_name])), int(query.get("page", "1"))
        headers = {}
        if page * size < len(items):
            following = f"{self.url}{self.prefix}{path}?{urlencode({**query, 'page': page + 1})}"
            headers["Link"] = f'<{following}>; rel="next", <{following}>; rel="last"'
        return 200, headers, items[(page - 1) * size : page * size]


@contextmanager
def serve_code_host() -> Iterator[CodeHost]:
    """Serve a host that has nothing yet."""
    host = CodeHost()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            authorization = self.headers.get("Authorization")
            host.asked.append(self.path)
            host.authorizations.append(authorization)
            host.prefix = "/".join(parts.path.split("/")[:3])
            if host.answers:
                given = host.answers.pop(0)
                status, headers, body = given.status, dict(given.headers), given.body
            else:
                token = authorization.partition(" ")[2] if authorization else None
                status, headers, body = host.answer(parts.path, query, token)
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    host.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield host
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
