"""Reads the body of a retrieval request by hand, so that errors come in the contract's order: bytes -> SearchQuery."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

import anyio
from fastapi import Request
from starlette.requests import ClientDisconnect

from codesearch.api.pacing import Pacing
from codesearch.core.checks import Check, do_not_check
from codesearch.core.errors import (
    InvalidRequestError,
    RequestTimeoutError,
    RequestTooLargeError,
    SearchAbandonedError,
)
from codesearch.core.types import SearchQuery
from codesearch.retrieval.condition_values import show
from codesearch.retrieval.conditions import DEFAULT_LIMITS, ConditionLimits, parse_condition
from codesearch.retrieval.freshening import MAX_SECONDS as MAX_FRESH_SECONDS

MAX_BODY_BYTES = 1_048_576
MAX_QUERY_BYTES = 32_768
MAX_KNOWLEDGE_ID_LENGTH = 512
MAX_TOP_K = 100
DEFAULT_TOP_K = 5
DEFAULT_SCORE_THRESHOLD = 0.0

_FIELDS = ("knowledge_id", "query", "retrieval_setting", "metadata_condition", "explain")
_SETTINGS = ("top_k", "score_threshold", "max_tokens", "fresh_seconds")
_FLAT_FIELDS = ("knowledge_id", "query", "top_k", "score_threshold")
# NUL, and halves of surrogate pairs that clients leave when they cut text inside an emoji.
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


async def read_body(request: Request, key: str, pacing: Pacing, max_seconds: float) -> bytes:
    """Return the whole body, as fast as `pacing` lets the key send it; waiting for that does not count as time.

    Raises RequestTooLargeError as soon as it is known to pass MAX_BODY_BYTES, RequestTimeoutError when it is not there
    in time, SearchAbandonedError when the client goes.
    """
    declared = request.headers.get("Content-Length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > MAX_BODY_BYTES):
        raise _too_large()
    body = bytearray()
    try:
        with anyio.fail_after(max_seconds) as scope:
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise _too_large()
                if wait := pacing.take(key, len(chunk), anyio.current_time()):
                    scope.deadline += wait
                    await anyio.sleep(wait)
    except ClientDisconnect as error:
        raise SearchAbandonedError("The connection was closed before the body was complete.") from error
    except TimeoutError as error:
        raise RequestTimeoutError(
            f"Of the body {len(body)} bytes came in {max_seconds:g} s, and not its end. Send it whole, at once."
        ) from error
    return bytes(body)


def parse_retrieval_request(
    body: bytes, limits: ConditionLimits = DEFAULT_LIMITS, check: Check = do_not_check
) -> SearchQuery:
    """Return the query that a body asks; raises InvalidRequestError with one line on the first thing wrong.

    `check` is called between pieces of a long filter and may raise.
    """
    fields = parse_json_object(body, "knowledge_id and query")
    for name, value in fields.items():
        # `metadata_conditions` or `filter` passed over in silence would search more than was asked.
        if name not in _FIELDS and value is not None and re.search("condition|filter", name, re.IGNORECASE):
            raise InvalidRequestError(f"Unknown field {show(name)}. Filters go into metadata_condition.")
        if name in _SETTINGS and value is not None:
            raise InvalidRequestError(f"{name} belongs into retrieval_setting, beside which it would be passed over.")
    knowledge_id = _read_knowledge_id(fields.get("knowledge_id"))
    text = _read_query(fields.get("query"))
    setting = _require_setting(fields.get("retrieval_setting"))
    top_k = _read_top_k(setting.get("top_k"), "retrieval_setting.top_k")
    score_threshold = _read_threshold(setting.get("score_threshold"), "retrieval_setting.score_threshold")
    max_tokens = _read_max_tokens(setting.get("max_tokens"))
    fresh_seconds = _read_fresh_seconds(setting.get("fresh_seconds"))
    predicate = parse_condition(fields.get("metadata_condition"), limits, check)
    explain = _read_explain(fields.get("explain"))
    return SearchQuery(knowledge_id, text, top_k, score_threshold, predicate, explain, max_tokens, fresh_seconds)


def parse_flat_request(body: bytes) -> SearchQuery:
    """Return the query that a body asks in which everything stands side by side, for clients that nest nothing.

    null and "" are the default of what has one. Raises InvalidRequestError with one line on the first thing wrong.
    """
    fields = parse_json_object(body, "knowledge_id and query")
    for name, value in fields.items():
        if name not in _FLAT_FIELDS and value is not None:
            raise InvalidRequestError(
                f"Unknown field {show(name)}; there are {', '.join(_FLAT_FIELDS)}. For more, POST /retrieval."
            )
    given = {name: None if value == "" and name not in _FLAT_FIELDS[:2] else value for name, value in fields.items()}
    return SearchQuery(
        _read_knowledge_id(given.get("knowledge_id")),
        _read_query(given.get("query")),
        _read_top_k(given.get("top_k"), "top_k"),
        _read_threshold(given.get("score_threshold"), "score_threshold"),
    )


def parse_json_object(body: bytes, content: str) -> Mapping[str, object]:
    """Return the JSON object that a body is; `content` says what belongs into it. Raises InvalidRequestError."""
    if not body.strip():
        raise InvalidRequestError(f"The body is empty. Send a JSON object with {content}.")
    try:
        value = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        detail = error.msg if isinstance(error, json.JSONDecodeError) else "it cannot be decoded"
        raise InvalidRequestError(f"The body is not JSON: {detail}.") from error
    if not isinstance(value, dict):
        raise InvalidRequestError(f"The body must be a JSON object with {content}.")
    return value


def _refuse_constant(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is not a JSON value", name, 0)


def _read_knowledge_id(value: object) -> str:
    hint = "Send the id of a repository or workspace, or its name"
    if value is None:
        raise InvalidRequestError(f"knowledge_id is missing. {hint}.")
    if not isinstance(value, str):
        raise InvalidRequestError(f"knowledge_id must be a string, not {show(value)}. {hint}.")
    text = value.strip()
    if not text:
        raise InvalidRequestError(f"knowledge_id is empty. {hint}.")
    if len(value) > MAX_KNOWLEDGE_ID_LENGTH or _UNUSABLE.search(text):
        raise InvalidRequestError(f"knowledge_id {show(text)} is no id or name. {hint}.")
    return text


def _read_query(value: object) -> str:
    if value is None:
        raise InvalidRequestError("query is missing. Send the text to search for.")
    if not isinstance(value, str):
        raise InvalidRequestError(f"query must be a string, not {show(value)}.")
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > MAX_QUERY_BYTES:
        raise InvalidRequestError(f"query has {size} bytes; at most {MAX_QUERY_BYTES} are taken. Send a shorter one.")
    text = _UNUSABLE.sub(" ", value)
    if not text.strip():
        raise InvalidRequestError("query is blank. Send the text to search for.")
    return text


def _require_setting(value: object) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidRequestError(f"retrieval_setting must be an object or null, not {show(value)}.")
    return value


def _read_top_k(value: Any, name: str) -> int:
    if value is None:
        return DEFAULT_TOP_K
    # JSON does not tell 5.0 from 5.
    if not _is_number(value) or not 1 <= value <= MAX_TOP_K or value != int(value):
        raise InvalidRequestError(f"{name} must be a whole number from 1 to {MAX_TOP_K}, not {show(value)}.")
    return int(value)


def _read_threshold(value: Any, name: str) -> float:
    if value is None:
        return DEFAULT_SCORE_THRESHOLD
    if not _is_number(value) or not 0 <= value <= 1:
        raise InvalidRequestError(f"{name} must be a number from 0 to 1, not {show(value)}.")
    return float(value)


def _read_max_tokens(value: Any) -> int | None:
    if value is None:
        return None
    if not _is_number(value) or not 1 <= value < 2**63 or value != int(value):
        raise InvalidRequestError(
            f"retrieval_setting.max_tokens must be a whole number from 1 on, or null, not {show(value)}."
        )
    return int(value)


def _read_fresh_seconds(value: Any) -> float:
    if value is None:
        return 0.0
    if not _is_number(value) or not 0 <= value <= MAX_FRESH_SECONDS:
        raise InvalidRequestError(
            f"retrieval_setting.fresh_seconds must be a number from 0 to {MAX_FRESH_SECONDS}, not {show(value)}."
        )
    return float(value)


def _read_explain(value: object) -> bool:
    if value is not None and not isinstance(value, bool):
        raise InvalidRequestError(f"explain must be true or false, not {show(value)}.")
    return bool(value)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _too_large() -> RequestTooLargeError:
    return RequestTooLargeError(f"The body is too large; at most {MAX_BODY_BYTES} bytes are read.")
