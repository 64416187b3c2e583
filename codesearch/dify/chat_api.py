"""ChatApi: one question to an app of Dify, answered at once or as a stream of events, with what the answer cites."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from codesearch.core.errors import DifyError, DifyRefusedError, DifyUnreachableError
from codesearch.dify.connection import DifyConnection

# Longer than any answer; a stream without an end is given up there.
MOST_ANSWER_CHARACTERS = 1_000_000
_KNOWLEDGE_NODE = "knowledge-retrieval"


@dataclass(frozen=True, slots=True)
class AppInfo:
    """What an app says of itself: its name, its mode ('' where it does not say), and whether it shows citations."""

    name: str
    mode: str
    shows_citations: bool | None


@dataclass(frozen=True, slots=True)
class Citation:
    """One piece of knowledge that an answer was given. `content` is as the model got it."""

    position: int
    base_id: str
    base_name: str
    document_name: str
    score: float | None
    content: str


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """An app's answer. `retrieved_count` is what its knowledge nodes found, None where no such node is known to run."""

    text: str
    citations: tuple[Citation, ...]
    conversation_id: str
    retrieved_count: int | None = None
    used_tools: tuple[str, ...] = ()


class ChatApi:
    """The calls of Dify's app API that are used."""

    def __init__(self, connection: DifyConnection) -> None:
        """Keep the connection; nothing is sent yet."""
        self._connection = connection

    def describe_app(self) -> AppInfo:
        """Return what the app says of itself. Raises DifyError."""
        info = self._get("/info")
        parameters = self._get("/parameters")
        resource = parameters.get("retriever_resource")
        enabled = resource.get("enabled") if isinstance(resource, Mapping) else None
        return AppInfo(
            name=str(info.get("name") or ""),
            mode=str(info.get("mode") or ""),
            shows_citations=enabled if isinstance(enabled, bool) else None,
        )

    def ask(self, question: str, *, inputs: Mapping[str, str], user: str) -> ChatAnswer:
        """Return the answer that comes in one piece. Raises DifyError."""
        body = _build_body(question, inputs, user, "blocking")
        # A second try might cost a second answer of a model.
        value = self._connection.request("POST", "/chat-messages", body=body, is_repeatable=False)
        if not isinstance(value, Mapping):
            raise DifyError("Dify's answer is no object: is it a Dify at all?")
        collected = _Collected()
        collected.take({**value, "event": "message"})
        collected.take({**value, "event": "message_end"})
        return collected.finish()

    def ask_streaming(
        self, question: str, *, inputs: Mapping[str, str], user: str, show: Callable[[str], None]
    ) -> ChatAnswer:
        """Return the answer; `show` gets its pieces as they come. Raises DifyError, also where it breaks off."""
        collected = _Collected()
        with self._connection.stream("/chat-messages", _build_body(question, inputs, user, "streaming")) as response:
            for event in read_events(response.iter_lines()):
                piece = collected.take(event)
                if piece:
                    show(piece)
                if collected.is_ended:
                    break
        return collected.finish()

    def _get(self, path: str) -> Mapping[str, Any]:
        """Return an object; earlier versions do not know every address."""
        try:
            value = self._connection.request("GET", path)
        except DifyRefusedError as error:
            if error.status != 404:
                raise
            return {}
        return value if isinstance(value, Mapping) else {}


def read_events(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """Yield the events of a stream: each `data:` line that holds an object. `event: ping` lines only keep it open."""
    for line in lines:
        if not line.startswith("data:"):
            continue
        try:
            event = json.loads(line.removeprefix("data:"))
        except ValueError:
            continue
        if isinstance(event, Mapping):
            yield event


class _Collected:
    """What the events of one answer have said so far."""

    def __init__(self) -> None:
        self.is_ended = False
        self._text = ""
        self._citations: tuple[Citation, ...] = ()
        self._conversation_id = ""
        self._retrieved_count: int | None = None
        self._tools: list[str] = []

    def take(self, event: Mapping[str, Any]) -> str:
        """Take one event and return what it adds to the answer. Raises DifyError for what says that it failed."""
        self._conversation_id = str(event.get("conversation_id") or self._conversation_id)
        kind = event.get("event")
        if kind in {"message", "agent_message"}:
            piece = str(event.get("answer") or "")
            self._text += piece
            if len(self._text) > MOST_ANSWER_CHARACTERS:
                raise DifyError("The app's answer does not end: it was given up at a million characters.")
            return piece
        if kind == "message_replace":
            self._text = str(event.get("answer") or "")
        elif kind == "message_end":
            self._end(event)
        elif kind == "error":
            raise _failure(str(event.get("code") or ""), str(event.get("message") or ""), int(event.get("status") or 0))
        elif kind in {"node_finished", "workflow_finished"}:
            self._take_node(kind, event.get("data") or {})
        elif kind == "agent_thought" and event.get("tool"):
            self._tools.append(str(event["tool"]))
        return ""

    def finish(self) -> ChatAnswer:
        """Return the answer. Raises DifyUnreachableError for a stream that broke off."""
        if not self.is_ended:
            raise DifyUnreachableError(
                f"Dify's answer broke off after {len(self._text)} characters: the connection ended before it did."
            )
        tools = tuple(dict.fromkeys(self._tools))
        return ChatAnswer(self._text, self._citations, self._conversation_id, self._retrieved_count, tools)

    def _end(self, event: Mapping[str, Any]) -> None:
        self.is_ended = True
        metadata = event.get("metadata") or {}
        resources = metadata.get("retriever_resources") or []
        self._citations = tuple(_read_citation(number, item) for number, item in enumerate(resources, 1))

    def _take_node(self, kind: str, data: Mapping[str, Any]) -> None:
        if data.get("status") in {"failed", "error"} or (kind == "workflow_finished" and data.get("error")):
            title = f" in {data['title']!r}" if data.get("title") else ""
            raise _failure("", f"{data.get('error') or 'no reason given'}{title}", 0)
        if data.get("node_type") == _KNOWLEDGE_NODE:
            result = (data.get("outputs") or {}).get("result")
            self._retrieved_count = (self._retrieved_count or 0) + (len(result) if isinstance(result, list) else 0)


def _build_body(question: str, inputs: Mapping[str, str], user: str, mode: str) -> dict[str, object]:
    return {
        "query": question,
        "inputs": dict(inputs),
        "response_mode": mode,
        "user": user,
        "auto_generate_name": False,
    }


def _read_citation(number: int, item: Mapping[str, Any]) -> Citation:
    score = item.get("score")
    return Citation(
        position=int(item.get("position") or number),
        base_id=str(item.get("dataset_id") or ""),
        base_name=str(item.get("dataset_name") or ""),
        document_name=str(item.get("document_name") or item.get("title") or ""),
        score=float(score) if isinstance(score, (int, float)) else None,
        content=str(item.get("content") or ""),
    )


def _failure(code: str, message: str, status: int) -> DifyError:
    return DifyRefusedError(f"The app failed{f' ({code})' if code else ''}: {' '.join(message.split())}", status, code)
