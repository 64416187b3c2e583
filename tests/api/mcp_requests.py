"""Requests as MCP clients send them, in both protocol eras."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from tests.api.api_client import ApiClient, bearer

ERAS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
MODERN = ERAS[-1]
ACCEPT = {"Accept": "application/json, text/event-stream", "Host": "localhost:8000"}


def build_message(method: str, params: Mapping[str, Any] | None = None, era: str = ERAS[2]) -> dict[str, Any]:
    """Return a request's message; that of the newest era says in itself what the client is."""
    values = dict(params or {})
    if era == MODERN:
        values["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": MODERN,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
    return {"jsonrpc": "2.0", "id": 7, "method": method, **({"params": values} if values else {})}


def build_headers(method: str, params: Mapping[str, Any] | None = None, era: str = ERAS[2]) -> dict[str, str]:
    """Return the headers that go with it."""
    headers = {**ACCEPT, "Content-Type": "application/json", "MCP-Protocol-Version": era}
    if era == MODERN:
        headers["Mcp-Method"] = method
        if params and "name" in params:
            headers["Mcp-Name"] = str(params["name"])
    return headers


def send(
    client: ApiClient,
    method: str,
    params: Mapping[str, Any] | None = None,
    *,
    era: str = ERAS[2],
    key: str | None = None,
    path: str = "/mcp",
    **headers: str,
) -> httpx.Response:
    """Send one message, with the good key unless another is given."""
    sent = {**build_headers(method, params, era), **(bearer(key) if key else bearer()), **headers}
    content = json.dumps(build_message(method, params, era)).encode()
    return client.request("POST", path, content=content, headers=sent)


def read_result(response: httpx.Response) -> dict[str, Any]:
    """Return the result of an answer that has one."""
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json"
    body = response.json()
    assert body["id"] == 7
    result: dict[str, Any] = body["result"]
    return result


def read_text(response: httpx.Response, *, is_error: bool = False) -> str:
    """Return the one text of a tool's answer, after a look at its form."""
    result = read_result(response)
    assert "structuredContent" not in result
    assert result.get("isError", False) is is_error
    (content,) = result["content"]
    assert sorted(content) == ["text", "type"]
    assert content["type"] == "text"
    text: str = content["text"]
    return text


def call(
    client: ApiClient, name: str, arguments: Mapping[str, Any] | None = None, *, era: str = ERAS[2], **others: Any
) -> httpx.Response:
    """Call a tool."""
    return send(client, "tools/call", {"name": name, "arguments": dict(arguments or {})}, era=era, **others)
