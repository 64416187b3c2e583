"""Dify's side of an external knowledge base, as far as it decides what a person sees: written from its behaviour.

Every request goes through the proxy where there is one. 429 and what is the server's fault are tried again; 401 and
403 that came through a Squid count as the proxy's own refusal, whoever sent them.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from typing import Any

import httpx

TRIED_AGAIN = (429, 500, 502, 503, 504)
RETRIES = 3
# Dify begins with half a second.
PAUSE_SECONDS = 0.01
TIMEOUT_SECONDS = 5.0


class BlockedError(Exception):
    """What Dify takes for a refusal of its proxy: the text of the answer is lost."""


class GaveUpError(Exception):
    """No usable answer after all tries."""


class DifyClient:
    """One Dify, with or without a proxy; `trusted` are the certificates that its container knows."""

    def __init__(self, proxy: str | None, trusted: ssl.SSLContext) -> None:
        self._client = httpx.Client(proxy=proxy, verify=trusted, timeout=TIMEOUT_SECONDS, trust_env=False)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def save(self, endpoint: str, key: str) -> str:
        """Return what the form of an External Knowledge API says when it is saved: `saved`, or the reason."""
        try:
            response = self._send(endpoint, key, {"knowledge_id": "", "query": ""})
        except (BlockedError, GaveUpError):
            return "failed to connect"
        return {403: "forbidden", 404: "not found", 502: "bad gateway"}.get(response.status_code, "saved")

    def ask(self, endpoint: str, key: str, knowledge_id: str, query: str, **fields: object) -> httpx.Response:
        """Ask as a knowledge base does; raises BlockedError and GaveUpError."""
        setting = {"top_k": 3, "score_threshold": 0.0}
        return self._send(
            endpoint, key, {"retrieval_setting": setting, "query": query, "knowledge_id": knowledge_id, **fields}
        )

    def fetch(self, url: str) -> httpx.Response:
        """Return what a schema's address answers, when a custom tool is imported from it."""
        return self._request("GET", url)

    def _send(self, endpoint: str, key: str, body: Mapping[str, Any]) -> httpx.Response:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {key}"}
        return self._request("POST", f"{endpoint}/retrieval", content=json.dumps(body), headers=headers)

    def _request(self, method: str, url: str, **parts: Any) -> httpx.Response:
        for attempt in range(RETRIES + 1):
            try:
                response = self._client.request(method, url, **parts)
            except httpx.RequestError:
                response = None
            if response is not None:
                if response.status_code in (401, 403) and is_from_squid(response):
                    raise BlockedError(url)
                if response.status_code not in TRIED_AGAIN:
                    return response
            time.sleep(PAUSE_SECONDS * 2**attempt)
        raise GaveUpError(url)


def is_from_squid(response: httpx.Response) -> bool:
    """Say whether an answer names Squid, as its sender or as one that passed it on."""
    return any("squid" in response.headers.get(name, "").lower() for name in ("Server", "Via"))
