"""What the audit log says of a request: what was asked of retriever and tools is noted on the request's work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Final, Protocol, TypeVar

from codesearch.core.errors import CodesearchError, ErrorCode
from codesearch.core.types import Hit, Principal, SearchQuery
from codesearch.retrieval.turns import Work
from codesearch.tools.tool import Answer

Result = TypeVar("Result")

_MAX_NAMES: Final = 100
_MAX_NAME_CHARACTERS: Final = 200
# What /retrieval takes at most. Entries are kept while a disk takes none.
_MAX_QUERY_CHARACTERS: Final = 32_768
_SOURCES: Final = ("data_source", "data_sources")
_IDENTIFIERS: Final = ("identifier", "identifiers")
_QUERIES: Final = ("question", "query", "path", "paths", *_IDENTIFIERS)


class AuditLike(Protocol):
    """Where entries go."""

    def add(self, entry: Mapping[str, Any]) -> None:
        """Take an entry; never waits and never fails."""


class RetrieverLike(Protocol):
    """What answers queries."""

    @property
    def is_warm(self) -> bool:
        """Say whether the embedding model is loaded."""

    def retrieve(self, principal: Principal, query: SearchQuery, work: Work | None = None) -> list[Hit]:
        """Return hits."""

    def warm_up(self) -> None:
        """Load what is needed."""


class ToolboxLike(Protocol):
    """What calls tools."""

    def call(self, name: str, principal: Principal, arguments: Mapping[str, Any], work: Work | None = None) -> Answer:
        """Return a tool's answer."""


@dataclass(slots=True)
class Inquiry:
    """What one call of retriever or tool was asked, and what came of it."""

    tool: str | None
    asked: list[str]
    text: str | None
    count: int | None = None
    code: int | None = None


class AuditedRetriever:
    """Retrieves, and notes on the work what was asked."""

    def __init__(self, retriever: RetrieverLike) -> None:
        self._retriever = retriever
        self.warm_up = retriever.warm_up

    @property
    def is_warm(self) -> bool:
        """Say whether the embedding model is loaded."""
        return self._retriever.is_warm

    def retrieve(self, principal: Principal, query: SearchQuery, work: Work | None = None) -> list[Hit]:
        """Return what the retriever does."""
        work = work or Work(principal.key_id)
        inquiry = Inquiry(None, [query.knowledge_id], query.text[:_MAX_QUERY_CHARACTERS])
        hits = _note(work, inquiry, lambda: self._retriever.retrieve(principal, query, work))
        inquiry.count = len(hits)
        return hits


class AuditedToolbox:
    """Calls tools, and notes on the work what was asked."""

    def __init__(self, toolbox: ToolboxLike) -> None:
        self._toolbox = toolbox

    def call(self, name: str, principal: Principal, arguments: Mapping[str, Any], work: Work | None = None) -> Answer:
        """Return what the toolbox does."""
        work = work or Work(principal.key_id)
        named = [*_strings_of(arguments, _SOURCES)]
        named += [text.partition("::")[0] for text in _strings_of(arguments, _IDENTIFIERS)]
        text = "\n".join(_strings_of(arguments, _QUERIES))[:_MAX_QUERY_CHARACTERS]
        inquiry = Inquiry(name, list(dict.fromkeys(named))[:_MAX_NAMES], text or None)
        answer = _note(work, inquiry, lambda: self._toolbox.call(name, principal, arguments, work))
        inquiry.count = next((len(item) for item in answer.obj.values() if isinstance(item, list)), None)
        return answer


def describe_request(
    state: Mapping[str, Any], method: str, path: str, status: int | None, milliseconds: float, request_id: str
) -> dict[str, Any]:
    """Return the entry of a request that somebody was to be let in for; `state` is that of the request."""
    principal: Principal | None = state.get("principal")
    works: list[Work] = state.get("works", [])
    inquiries: list[Inquiry] = [inquiry for work in works for inquiry in work.inquiries]
    searched = sorted({source_id for work in works for source_id in work.searched})
    codes = [inquiry.code for inquiry in inquiries if inquiry.code is not None]
    counts = [inquiry.count for inquiry in inquiries if inquiry.count is not None]
    asked = dict.fromkeys(name[:_MAX_NAME_CHARACTERS] for inquiry in inquiries for name in inquiry.asked)
    entry = {
        "time": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "request_id": request_id,
        **_describe_caller(principal),
        "method": method,
        "path": path,
        # What an admin has done: the deed, and what it was done to.
        **state.get("deed", {}),
        "tool": " ".join(dict.fromkeys(inquiry.tool for inquiry in inquiries if inquiry.tool)) or None,
        "asked": list(asked)[:_MAX_NAMES],
        "sources": searched[:_MAX_NAMES],
        "source_count": len(searched),
        "status": status,
        "code": state.get("error_code", codes[0] if codes else None),
        "count": sum(counts) if counts else None,
        "ms": milliseconds,
    }
    if state["settings"].audit_queries:
        entry["query"] = "\n".join(inquiry.text for inquiry in inquiries if inquiry.text) or None
    return entry


def _describe_caller(principal: Principal | None) -> dict[str, str | None]:
    if principal is None:
        return {}
    is_token = " " in principal.key_id
    return {
        "key_id": None if is_token else principal.key_id,
        "key": None if is_token else principal.name,
        "user": principal.user,
    }


def _note(work: Work, inquiry: Inquiry, call: Callable[[], Result]) -> Result:
    work.inquiries.append(inquiry)
    try:
        return call()
    except CodesearchError as error:
        inquiry.code = int(error.code)
        raise
    except Exception:
        inquiry.code = int(ErrorCode.INTERNAL)
        raise


def _strings_of(arguments: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    """Yield the strings among some arguments, which nobody has looked at yet."""
    for name in names:
        value = arguments.get(name)
        values = value if isinstance(value, list) else [value]
        yield from (item for item in values if isinstance(item, str))
