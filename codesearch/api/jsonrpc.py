"""Whether a body is one message of JSON-RPC, as MCP has them; if not, what is wrong in one line. Pure."""

from __future__ import annotations

import json
from typing import Any

PARSE_ERROR, INVALID_REQUEST = -32700, -32600


def find_fault(body: bytes) -> dict[str, Any] | None:
    """Return the error to answer a body with that is no message; None for one that is."""
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return _error(PARSE_ERROR, "The body is not JSON.")
    if isinstance(message, list):
        return _error(INVALID_REQUEST, "One message at a time: batches are not taken.")
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return _error(INVALID_REQUEST, 'The body is to be a JSON-RPC message, an object with "jsonrpc": "2.0".')
    if "method" not in message and ("result" in message or "error" in message):
        return None
    identifier = message.get("id")
    if "id" in message and (isinstance(identifier, bool) or not isinstance(identifier, (str, int))):
        return _error(INVALID_REQUEST, "id is to be a string or a whole number.")
    if not isinstance(message.get("method"), str):
        return _error(INVALID_REQUEST, "method is missing, or no string.", identifier)
    if not isinstance(message.get("params", {}), dict):
        return _error(INVALID_REQUEST, "params is to be an object.", identifier)
    return None


def _error(code: int, text: str, identifier: str | int | None = None) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": identifier, "error": {"code": code, "message": text}}
