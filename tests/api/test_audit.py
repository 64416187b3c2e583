"""What the audit log says of requests: who asked for what, what came of it, and never the question unless told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message, Receive, Scope, Send

from codesearch.access.audit_log import AuditLog
from codesearch.api.app import create_app
from codesearch.api.deps import Services
from codesearch.api.request_log import RequestLog
from codesearch.core.config import load_settings
from codesearch.core.errors import AccessDeniedError, InvalidRequestError, UnwritableError
from codesearch.core.types import Principal
from tests.api import mcp_requests
from tests.api.admin_pages import serve_admin_pages
from tests.api.api_client import KEY, PRINCIPAL, ApiClient, OneKey, ScriptedRetriever, ScriptedToolbox, bearer
from tests.api.page_visitor import PageVisitor

QUESTION = "a very private question"


class Audited:
    """A service with an audit log in this process."""

    def __init__(
        self, client: ApiClient, log: AuditLog, retriever: ScriptedRetriever, toolbox: ScriptedToolbox
    ) -> None:
        self.client = client
        self.log = log
        self.retriever = retriever
        self.toolbox = toolbox

    def read(self) -> list[dict[str, Any]]:
        """Return the entries since the last look, without what differs from run to run."""
        self.log.flush()
        text = self.log.path.read_text(encoding="ascii")
        self.log.path.unlink()
        entries = [json.loads(line) for line in text.splitlines()]
        for entry in entries:
            assert entry.pop("time").endswith("+00:00")
            assert entry.pop("ms") >= 0
            assert entry.pop("request_id")
        return entries


@contextmanager
def serve(
    folder: Path,
    retriever: ScriptedRetriever,
    catalog: OneKey | None = None,
    management: Any = None,
    **settings: Any,
) -> Iterator[Audited]:
    log, toolbox = AuditLog(folder / "audit.jsonl"), ScriptedToolbox()
    services = Services(retriever, catalog or OneKey(), log.close, toolbox, management=management, audit=log)
    given = load_settings(data_dir=folder, **settings)
    with ApiClient(create_app(given, lambda _: services)) as client:
        yield Audited(client, log, retriever, toolbox)


@pytest.fixture
def audited(tmp_path: Path, retriever: ScriptedRetriever) -> Iterator[Audited]:
    with serve(tmp_path, retriever) as opened:
        yield opened


def test_an_answered_search_is_one_line_without_its_question(audited: Audited) -> None:
    audited.client.ask(knowledge_id="shop", query=QUESTION)
    assert audited.read() == [
        {
            "key_id": "k1",
            "key": "Dify key",
            "method": "POST",
            "path": "/retrieval",
            "asked": ["shop"],
            "sources": [],
            "source_count": 0,
            "status": 200,
            "count": 2,
        }
    ]


def test_the_question_is_there_when_it_is_switched_on(tmp_path: Path, retriever: ScriptedRetriever) -> None:
    with serve(tmp_path, retriever, audit_queries=True) as audited:
        audited.client.ask(query=QUESTION)
        audited.client.request(
            "POST", "/api/tools/read_file", json={"path": "a.py", "data_source": "x"}, headers=bearer()
        )
        assert [entry["query"] for entry in audited.read()] == [QUESTION, "a.py"]


def test_what_one_request_asks_takes_little_room(tmp_path: Path, retriever: ScriptedRetriever) -> None:
    with serve(tmp_path, retriever, audit_queries=True) as audited:
        names = ["y" * 500] * 5 + [str(number) for number in range(500)]
        arguments = {"question": "x" * 500_000, "data_sources": names}
        audited.client.request("POST", "/api/tools/semantic_search", json=arguments, headers=bearer())
        (entry,) = audited.read()
    assert (len(entry["query"]), len(entry["asked"]), len(entry["asked"][0])) == (32_768, 100, 200)


def test_refused_requests_have_their_code(audited: Audited) -> None:
    client = audited.client
    client.request("POST", "/retrieval", json={})
    client.request("POST", "/retrieval", json={}, headers=bearer("cs_wrong"))
    client.ask({"knowledge_id": "shop"})
    audited.retriever.error = AccessDeniedError("no")
    client.ask(knowledge_id="shop", query=QUESTION)
    audited.retriever.error = ZeroDivisionError()
    client.ask(knowledge_id="shop", query=QUESTION)
    shown = [(entry["status"], entry["code"], entry.get("key"), entry["asked"]) for entry in audited.read()]
    assert shown == [
        (401, 1004, None, []),
        (401, 1004, None, []),
        (400, 1001, "Dify key", []),
        (403, 1002, "Dify key", ["shop"]),
        (500, 2001, "Dify key", ["shop"]),
    ]


def test_tools_say_what_they_were_asked_at_each_door(audited: Audited) -> None:
    arguments = {"identifiers": ["shop::a.py", "ledger::b.py::f"], "data_sources": ["x", 7]}
    audited.client.request("POST", "/api/tools/fetch_artifacts", json=arguments, headers=bearer())
    mcp_requests.call(audited.client, "grep_search", {"query": QUESTION, "data_source": "shop"})
    audited.toolbox.error = AccessDeniedError("no")
    mcp_requests.call(audited.client, "grep_search", {"query": QUESTION})
    fetched, searched, refused = audited.read()
    assert (fetched["tool"], fetched["asked"], fetched["count"]) == ("fetch_artifacts", ["x", "shop", "ledger"], 0)
    assert (searched["path"], searched["tool"], searched["asked"]) == ("/mcp", "grep_search", ["shop"])
    assert (refused["status"], refused["code"], refused["key_id"]) == (200, 1002, "k1")


def test_visitors_of_the_page_are_audited_too(audited: Audited) -> None:
    visitor = PageVisitor(audited.client)
    visitor.get("/")
    visitor.sign_in("cs_wrong")
    visitor.sign_in(KEY)
    visitor.get(f"/?id=shop&q={QUESTION}")
    lines = [
        (entry["path"], entry.get("code"), entry.get("key")) for entry in audited.read() if entry["method"] == "POST"
    ]
    assert lines == [("/login", 1004, None), ("/login", None, "Dify key")]


def test_what_the_page_refuses_has_its_code(audited: Audited) -> None:
    visitor = PageVisitor(audited.client)
    visitor.sign_in(KEY)
    audited.read()
    audited.toolbox.error = InvalidRequestError("no")
    for path, status, code in (
        ("/?q=x&source=shop&field=nonsense&op=is&value=1", 400, 1001),
        ("/?q=x&source=shop&top_k=none", 400, 1001),
        ("/?q=x", 404, 1003),
        ("/exact?q=x&source=shop", 400, 1001),
    ):
        assert visitor.get(path).status_code == status
        (entry,) = audited.read()
        assert (entry["status"], entry["code"]) == (status, code), path


def test_what_cannot_be_written_has_its_code(tmp_path: Path, retriever: ScriptedRetriever) -> None:
    class OneAdmin(OneKey):
        def authenticate(self, secret: str) -> Principal:
            return replace(super().authenticate(secret), is_admin=True)

        def find_principal(self, key_id: str) -> Principal:
            return replace(super().find_principal(key_id), is_admin=True)

    class FullDisk:
        def __getattr__(self, _: str) -> Any:
            raise UnwritableError("The disk is full.")

    management: Any = FullDisk()
    with serve(tmp_path, retriever, catalog=OneAdmin(), management=management) as audited:
        visitor = PageVisitor(audited.client)
        visitor.sign_in(KEY)
        audited.read()
        response = visitor.get("/manage/keys")
        (entry,) = audited.read()
    assert (response.status_code, entry["status"], entry["code"], entry["key"]) == (503, 503, 2001, "Dify key")


def test_what_an_admin_has_done_is_said(tmp_path: Path, retriever: ScriptedRetriever) -> None:
    with serve_admin_pages(tmp_path / "data", audit_log=tmp_path / "audit.jsonl") as pages:
        secret = pages.catalog.create_key("boss", is_admin=True)[1]
        body = {"name": "Dify", "user": "alice"}
        answer = pages.client.request("POST", "/api/keys", json=body, headers=bearer(secret)).json()
        pages.client.request("POST", "/api/keys", json=body, headers=bearer(secret))
        pages.visit(name="chief").submit("/manage/workspaces", name="team", source=[])
    text = (tmp_path / "audit.jsonl").read_text(encoding="ascii")
    assert answer["secret"] not in text
    entries = [json.loads(line) for line in text.splitlines()]
    made, refused = (entry for entry in entries if entry["path"] == "/api/keys")
    assert (made["deed"], made["about"]) == ("a key was created", {"created": "Dify", "admin": "no"})
    assert (made["key"], made["status"]) == ("boss", 201)
    assert ("deed" in refused, refused["status"], refused["code"]) == (False, 409, 1001)
    assert [entry["code"] for entry in entries if entry["path"] == "/manage/workspaces"] == [1001]


@pytest.mark.parametrize("secret", [None, "cs_wrong"])
def test_who_is_kept_from_metrics_is_audited(tmp_path: Path, retriever: ScriptedRetriever, secret: str | None) -> None:
    token = "a-token-that-opens-metrics"
    with serve(tmp_path, retriever, metrics=True, metrics_token=token) as audited:
        audited.client.get("/metrics", headers=bearer(secret) if secret else {})
        (entry,) = audited.read()
    assert (entry["path"], entry["status"], entry["code"]) == ("/metrics", 401, 1004)


@pytest.mark.parametrize("is_known", [True, False])
def test_what_is_ended_when_the_service_stops_has_its_code(is_known: bool) -> None:
    entries: list[Mapping[str, Any]] = []

    class Kept:
        def add(self, entry: Mapping[str, Any]) -> None:
            entries.append(entry)

    async def wait_for_ever(scope: Scope, _: Receive, __: Send) -> None:
        scope["state"]["is_asking"] = True
        if is_known:
            scope["state"]["principal"] = PRINCIPAL
        raise asyncio.CancelledError

    async def send(_: Message) -> None:
        pass

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    state = {"audit": Kept(), "settings": load_settings()}
    scope = {"type": "http", "method": "POST", "path": "/retrieval", "headers": [], "state": state}
    asyncio.run(RequestLog(wait_for_ever)(scope, receive, send))
    assert [(entry["status"], entry["code"]) for entry in entries] == [(503, 1005)]


def test_whom_nothing_is_asked_of_leaves_no_line(audited: Audited) -> None:
    for path in ("/healthz", "/readyz", "/openapi.json", "/about", "/no/such/path", "/docs"):
        audited.client.get(path)
    audited.log.flush()
    assert audited.log.path.read_text(encoding="ascii") == ""
