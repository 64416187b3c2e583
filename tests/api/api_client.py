"""An HTTP client for an application in this process, with its lifespan; and the two services behind the API's edge."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from codesearch.api.app import create_app
from codesearch.api.auditing import ToolboxLike
from codesearch.api.deps import Services
from codesearch.core.config import load_settings
from codesearch.core.errors import AuthenticationError
from codesearch.core.types import DataSource, Hit, Principal, SearchQuery, Workspace
from codesearch.retrieval.turns import Work
from codesearch.telemetry.opening import Telemetry
from codesearch.tools.tool import Answer
from tests.patience import PATIENCE_SECONDS

KEY = "cs_good"
PRINCIPAL = Principal(key_id="k1", name="Dify key", is_admin=False, source_ids=None)
ASK: Mapping[str, Any] = {"knowledge_id": "65f1a2b3c4d5e6f708192a3b", "query": "retry"}


@dataclass
class ScriptedRetriever:
    """Answers every query with the same hits or error, and keeps what it was asked."""

    hits: list[Hit] = field(default_factory=list)
    error: Exception | None = None
    asked: list[SearchQuery] = field(default_factory=list)
    principals: list[Principal] = field(default_factory=list)
    may_warm_up: threading.Event = field(default_factory=threading.Event)
    warm_up_error: Exception | None = None
    is_warm: bool = False

    def retrieve(self, principal: Principal, query: SearchQuery, work: Work | None = None) -> list[Hit]:
        self.principals.append(principal)
        self.asked.append(query)
        if self.error is not None:
            raise self.error
        return self.hits[: query.top_k]

    def warm_up(self) -> None:
        self.may_warm_up.wait(PATIENCE_SECONDS)
        if self.warm_up_error is not None:
            raise self.warm_up_error
        self.is_warm = True


@dataclass
class OneKey:
    """Knows KEY and no other."""

    error: Exception | None = None
    sources: list[DataSource] = field(default_factory=list)

    def authenticate(self, secret: str) -> Principal:
        if self.error is not None:
            raise self.error
        if secret != KEY:
            raise AuthenticationError("The API key is not valid.")
        return PRINCIPAL

    def list_sources(self) -> list[DataSource]:
        return self.sources

    def list_workspaces(self) -> list[Workspace]:
        return []

    def find_principal(self, key_id: str) -> Principal:
        if self.error is not None:
            raise self.error
        if key_id != PRINCIPAL.key_id:
            raise AuthenticationError("The API key is not valid.")
        return PRINCIPAL


@dataclass
class ScriptedToolbox:
    """Answers every call with the same answer or error, and keeps the calls."""

    answer: Answer = field(default_factory=lambda: Answer({"records": []}, "Nothing found."))
    error: Exception | None = None
    calls: list[tuple[str, Principal, Mapping[str, Any]]] = field(default_factory=list)

    def call(self, name: str, principal: Principal, arguments: Mapping[str, Any], work: Work | None = None) -> Answer:
        self.calls.append((name, principal, arguments))
        if self.error is not None:
            raise self.error
        return self.answer


class ApiClient:
    """Sends requests to an application in this process; enter it to run the application's lifespan."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app
        self._stack = ExitStack()
        self._state: Mapping[str, Any] = {}

    def __enter__(self) -> ApiClient:
        self._portal: BlockingPortal = self._stack.enter_context(start_blocking_portal())
        lifespan: AbstractAsyncContextManager[Any] = self.app.router.lifespan_context(self.app)
        self._state = self._stack.enter_context(self._portal.wrap_async_context_manager(lifespan))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def request(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Send one request. The path goes out as written, doubled slashes included."""
        response: httpx.Response = self._portal.call(self._request, method, path, arguments)
        return response

    def get(self, path: str, **arguments: Any) -> httpx.Response:
        return self.request("GET", path, **arguments)

    def ask(self, body: object = None, *, path: str = "/retrieval", **fields: object) -> httpx.Response:
        """POST a question with the good key; `fields` change the standard one."""
        return self.request("POST", path, json={**ASK, **fields} if body is None else body, headers=bearer())

    def post_bytes(self, content: bytes, path: str = "/retrieval") -> httpx.Response:
        return self.request("POST", path, content=content, headers=bearer())

    async def _request(self, method: str, path: str, arguments: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app_with_state)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.request(method, f"http://service{path}", **arguments)

    async def _app_with_state(self, scope: Scope, receive: Receive, send: Send) -> None:
        # As servers do: every request gets its own copy of what the lifespan yielded.
        await self.app({**scope, "state": dict(self._state)}, receive, send)


def bearer(key: str = KEY) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def build_app(
    retriever: ScriptedRetriever,
    catalog: OneKey | None = None,
    toolbox: ToolboxLike | None = None,
    **settings: object,
) -> FastAPI:
    """Return the application over these services, with these settings; one of them may be `telemetry`."""
    telemetry = settings.pop("telemetry", None)
    services = build_services(retriever, catalog, toolbox, telemetry)
    return create_app(load_settings(**settings), lambda _: services)


def build_services(
    retriever: ScriptedRetriever,
    catalog: OneKey | None = None,
    toolbox: ToolboxLike | None = None,
    telemetry: object = None,
) -> Services:
    return Services(
        retriever,
        catalog or OneKey(),
        retriever.may_warm_up.clear,
        toolbox or ScriptedToolbox(),
        telemetry=telemetry if isinstance(telemetry, Telemetry) else Telemetry(),
    )


def read_error(response: httpx.Response) -> tuple[int, int, str]:
    """Return status, error_code and error_msg of an error, after a look at its form."""
    body = response.json()
    assert sorted(body) == ["error_code", "error_msg"]
    assert response.headers["content-type"] == "application/json"
    assert isinstance(body["error_code"], int)
    assert body["error_msg"]
    assert "\n" not in body["error_msg"]
    return response.status_code, body["error_code"], body["error_msg"]
