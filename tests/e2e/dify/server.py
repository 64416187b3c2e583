"""A Dify for tests: a real HTTP server on loopback with its Knowledge API and its app API, and its faults."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.e2e.dify.knowledge import LARGEST_PAGE, Knowledge, RefusedError

KEY = "dataset-Kn0wledgeKeyOfTests12345"
APP_KEY = "app-AppKeyOfTests1234567890ab"
# How the connection of a call breaks: before the call is carried out, after it, or within the answer.
BEFORE, AFTER, WITHIN = "before", "after", "within"


@dataclass(frozen=True, slots=True)
class Call:
    """One call that came: what was asked, and how it was answered."""

    method: str
    path: str
    body: Any
    status: int
    answer: Any

    @property
    def is_writing(self) -> bool:
        return self.method != "GET" and not self.path.endswith(("/retrieve", "/chat-messages"))


@dataclass(slots=True)
class App:
    """The app behind APP_KEY. `events` is the stream of its answer, with a None where a ping comes."""

    mode: str = "advanced-chat"
    shows_citations: bool = True
    answer: str = "It retries."
    resources: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any] | None] = field(default_factory=list)
    allows_blocking: bool = True
    breaks_after: int | None = None
    questions: list[dict[str, Any]] = field(default_factory=list)

    def stream(self) -> Iterator[dict[str, Any] | None]:
        if self.events:
            yield from self.events
            return
        yield None
        middle = len(self.answer) // 2
        for piece in (self.answer[:middle], self.answer[middle:]):
            yield {"event": "message", "answer": piece, "conversation_id": "c1"}
            yield None
        yield {"event": "message_end", "conversation_id": "c1", "metadata": {"retriever_resources": self.resources}}


class DifyServer:
    """The server; enter it to start it, leave it to stop it. What a test may set stands first."""

    def __init__(self) -> None:
        self.spelling = "hyphens"
        # What follows a deletion: 204, 200 with a body, or 200 with a bare number.
        self.deletion = "204"
        self.breaks: dict[int, str] = {}
        self.refusals: dict[int, RefusedError] = {}
        self.on_call: Callable[[int], None] = lambda number: None
        self.delay_seconds = 0.0
        self.redirects_to: str | None = None
        self.hides_metadata_in_lists = False
        self.largest_page = LARGEST_PAGE
        self.knowledge = Knowledge()
        self.app = App()
        self.calls: list[Call] = []
        self.count = 0
        self.keys_seen: set[str] = set()
        self._turn = threading.RLock()
        handler = type("Handler", (_Handler,), {"dify": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> DifyServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def writes(self) -> list[Call]:
        """The calls that change something."""
        return [call for call in self.calls if call.is_writing]

    def break_calls(self, *numbers: int, how: str) -> None:
        """Break these calls, counted from the next one on, which is 1."""
        self.breaks.update({self.count + number: how for number in numbers})

    def refuse_calls(self, *numbers: int, error: RefusedError) -> None:
        """Refuse these calls, counted from the next one on, which is 1."""
        self.refusals.update({self.count + number: error for number in numbers})

    def answer(self, handler: _Handler, method: str) -> None:
        """Answer one call."""
        body = handler.read_body()
        with self._turn:
            self.count += 1
            number = self.count
        self.on_call(number)
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        how = self.breaks.pop(number, "")
        if how == BEFORE:
            handler.break_off()
            return
        parts = urlsplit(handler.path)
        headers: dict[str, str] = {}
        with self._turn:
            try:
                if number in self.refusals:
                    raise self.refusals.pop(number)
                if self.redirects_to is not None:
                    raise RefusedError(307, "", "", {"Location": self.redirects_to})
                status, value = self._route(handler, method, parts.path, parse_qs(parts.query), body)
            except RefusedError as error:
                status, value, headers = error.status, error.body, error.headers
            self.calls.append(Call(method, parts.path, body, status, value))
        if how == AFTER:
            handler.break_off()
        elif status == 0:
            handler.send_stream(value, self.app.breaks_after)
        else:
            handler.send(status, value, headers, is_cut=how == WITHIN)

    def _route(
        self, handler: _Handler, method: str, path: str, query: dict[str, list[str]], body: Any
    ) -> tuple[int, Any]:
        if not path.startswith("/v1/") or path.startswith("/v1/v1"):
            raise RefusedError(404, "not_found", "The requested URL was not found on the server.")
        path = path.removeprefix("/v1")
        is_knowledge = path.startswith("/datasets")
        given = handler.headers.get("Authorization", "").removeprefix("Bearer ")
        self.keys_seen.add(given)
        if given != (KEY if is_knowledge else APP_KEY):
            raise RefusedError(401, "unauthorized", "Access token is invalid")
        if is_knowledge:
            return self._route_knowledge(method, path.removeprefix("/datasets"), query, body)
        return self._route_app(method, path, body)

    def _route_knowledge(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        knowledge = self.knowledge
        if path == "":
            if method == "POST":
                return 200, knowledge.create_dataset(body)
            return 200, self._page(list(knowledge.datasets.values()), query)
        _, dataset_id, *rest = path.split("/")
        dataset = knowledge.dataset(dataset_id)
        match (method, rest):
            case ("GET", []):
                return 200, dataset.as_json()
            case ("PATCH", []):
                return 200, knowledge.update_dataset(dataset, body)
            case ("DELETE", []):
                if dataset.is_used:
                    raise RefusedError(409, "dataset_in_use", "The knowledge base is being used by some apps.")
                del knowledge.datasets[dataset.id]
                return self._deleted()
            case ("POST", ["retrieve"]):
                assert len(body["query"]) <= 250
                found = knowledge.retrieved.get(dataset.id, 0)
                if isinstance(found, RefusedError):
                    raise found
                return 200, {"query": {"content": body["query"]}, "records": [{"score": 0.5}] * found}
            case ("POST", ["document", name]) if self._is_spelled(name, "create"):
                return 200, knowledge.create_document(dataset, body)
            case ("POST", ["documents", "metadata"]):
                knowledge.set_metadata(dataset, body["operation_data"])
                return 200, {"result": "success"}
            case ("POST", ["documents", document_id, name]) if self._is_spelled(name, "update"):
                return 200, knowledge.update_document(dataset, knowledge.find_document(dataset, document_id), body)
            case ("GET", ["documents"]):
                documents = sorted(dataset.documents.values(), key=lambda item: -item.created_at)
                for document in documents:
                    document.look()
                page = self._page(documents, query)
                if self.hides_metadata_in_lists:
                    for item in page["data"]:
                        del item["doc_metadata"]
                return 200, page
            case ("GET", ["documents", document_id]):
                document = knowledge.find_document(dataset, document_id)
                document.look()
                return 200, document.as_json()
            case ("DELETE", ["documents", document_id]):
                knowledge.delete_document(dataset, knowledge.find_document(dataset, document_id))
                return self._deleted()
            case ("GET", ["documents", batch, "indexing-status"]):
                return 200, {"data": self._batch(dataset.documents.values(), batch)}
            case ("GET", ["metadata"]):
                fields = [
                    {"id": key, "name": name, "type": "string", "count": 0} for name, key in dataset.fields.items()
                ]
                return 200, {"doc_metadata": fields, "built_in_field_enabled": False}
            case ("POST", ["metadata"]):
                if body["name"] in dataset.fields:
                    raise RefusedError(400, "invalid_param", "Metadata name already exists.")
                dataset.fields[body["name"]] = knowledge.new_id()
                return 201, {"id": dataset.fields[body["name"]], "name": body["name"], "type": body["type"]}
        raise RefusedError(404, "not_found", "The requested URL was not found on the server.")

    def _batch(self, documents: Any, batch: str) -> list[dict[str, Any]]:
        found = [document for document in documents if document.batch == batch]
        if not found:
            raise RefusedError(404, "not_found", "Documents not found.")
        for document in found:
            document.look()
        times = ("processing_started_at", "parsing_completed_at", "cleaning_completed_at", "splitting_completed_at")
        return [
            {
                "id": document.id,
                "indexing_status": document.status,
                **dict.fromkeys((*times, "completed_at"), 1_700_000_000),
                "paused_at": None,
                "error": "the model said no" if document.status == "error" else None,
                "stopped_at": None,
                "completed_segments": 1,
                "total_segments": 1,
            }
            for document in found
        ]

    def _route_app(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        app = self.app
        match (method, path):
            case ("GET", "/info"):
                return 200, {"name": "Ask the code", "description": "", "tags": [], "mode": app.mode}
            case ("GET", "/parameters"):
                return 200, {"retriever_resource": {"enabled": app.shows_citations}, "user_input_form": []}
            case ("POST", "/chat-messages"):
                app.questions.append(body)
                if body["response_mode"] == "streaming":
                    return 0, list(app.stream())
                if not app.allows_blocking:
                    raise RefusedError(400, "invalid_param", "Agent Chat App does not support blocking mode")
                metadata = {"retriever_resources": app.resources}
                return 200, {"event": "message", "answer": app.answer, "conversation_id": "c1", "metadata": metadata}
        raise RefusedError(404, "not_found", "The requested URL was not found on the server.")

    def _is_spelled(self, name: str, verb: str) -> bool:
        sign = "-" if self.spelling == "hyphens" else "_"
        return re.fullmatch(f"{verb}{sign}by{sign}text", name) is not None

    def _page(self, items: list[Any], query: dict[str, list[str]]) -> dict[str, Any]:
        page, asked = int(query.get("page", ["1"])[0]), int(query.get("limit", ["20"])[0])
        limit = min(asked, self.largest_page)
        data = [item.as_json() for item in items[(page - 1) * limit : page * limit]]
        # As servers have it: true on a last page that is full.
        return {"data": data, "has_more": len(data) == asked, "limit": asked, "total": len(items), "page": page}

    def _deleted(self) -> tuple[int, Any]:
        return {"204": (204, None), "success": (200, {"result": "success"}), "number": (200, 204)}[self.deletion]


class _Handler(BaseHTTPRequestHandler):
    dify: DifyServer
    protocol_version = "HTTP/1.1"
    # Header and body in one packet: the other side would wait a moment before it asks for the second one.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self.dify.answer(self, "GET")

    def do_POST(self) -> None:
        self.dify.answer(self, "POST")

    def do_PATCH(self) -> None:
        self.dify.answer(self, "PATCH")

    def do_DELETE(self) -> None:
        self.dify.answer(self, "DELETE")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass

    def read_body(self) -> Any:
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        return json.loads(content) if content else None

    def break_off(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def send(self, status: int, value: Any, headers: dict[str, str], *, is_cut: bool) -> None:
        content = b"" if value is None else json.dumps(value).encode()
        with suppress(OSError):
            self.send_response(status)
            for name, text in headers.items():
                self.send_header(name, text)
            if status != 204:
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if is_cut else content)
            self.wfile.flush()
        if is_cut:
            self.break_off()

    def send_stream(self, events: list[dict[str, Any] | None], breaks_after: int | None) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            for number, event in enumerate(events):
                if number == breaks_after:
                    break
                line = "event: ping\n\n" if event is None else f"data: {json.dumps(event)}\n\n"
                self.wfile.write(line.encode())
                self.wfile.flush()
        self.break_off()
