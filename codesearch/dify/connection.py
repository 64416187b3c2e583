"""DifyConnection: requests to one Dify with one key: time limits, repeats, and errors that say what to do.

Redirects are never followed, so that the key reaches no other host; proxies are those of the environment.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx2

from codesearch.core.errors import DifyError, DifyRefusedError, DifyUncertainError, DifyUnreachableError
from codesearch.core.redaction import redact
from codesearch.dify.waiting import GATEWAY_FAILURES, is_rate_limit, wait_seconds

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0
# Dify sends a ping line every ten seconds while an app works.
STREAM_SILENCE_SECONDS = 120.0
ATTEMPTS = 5
RATE_LIMIT_ATTEMPTS = 10
_MOST_ERROR_CHARACTERS = 500


class DifyConnection:
    """One Dify, asked with one key."""

    def __init__(self, base_url: str, key: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        """Keep the address, that ends in /v1, and the key; nothing is sent yet. `sleep` takes seconds."""
        self.base_url = base_url
        self._key = key
        self._sleep = sleep
        self._client = httpx2.Client(
            headers={"Authorization": f"Bearer {key}", "User-Agent": "codesearch"},
            timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        params: Mapping[str, str | int] | None = None,
        is_repeatable: bool = True,
    ) -> Any:
        """Return the JSON value that Dify answers with, None for an answer without one.

        What fails in passing is tried again, with `is_repeatable` also where Dify may have done it already. Raises
        DifyUnreachableError, DifyUncertainError where that is not known, DifyRefusedError.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                response = self._client.request(
                    method, self.base_url + path, json=body, params=dict(params) if params else None
                )
            except httpx2.HTTPError as error:
                was_sent = not isinstance(error, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout))
                if attempt >= ATTEMPTS or (was_sent and not is_repeatable):
                    raise self._translate(error, is_uncertain=was_sent and method != "GET") from error
                self._sleep(wait_seconds(attempt, 0, {}))
                continue
            refusal = self._read_refusal(response)
            if refusal is None:
                return _read_value(response)
            if not self._waits(response, refusal, attempt, is_repeatable):
                raise refusal
            self._sleep(wait_seconds(attempt, response.status_code, response.headers))

    @contextmanager
    def stream(self, path: str, body: object) -> Iterator[httpx2.Response]:
        """Yield the answer to a POST as it comes. Raises as `request`; nothing is tried again."""
        timeout = httpx2.Timeout(STREAM_SILENCE_SECONDS, connect=CONNECT_SECONDS)
        try:
            with self._client.stream("POST", self.base_url + path, json=body, timeout=timeout) as response:
                if not response.is_success:
                    response.read()
                    if (refusal := self._read_refusal(response)) is not None:
                        raise refusal
                yield response
        except httpx2.HTTPError as error:
            raise self._translate(error, is_uncertain=False) from error

    def _waits(self, response: httpx2.Response, refusal: DifyRefusedError, attempt: int, is_repeatable: bool) -> bool:
        if is_rate_limit(response.status_code, refusal.message):
            return attempt < RATE_LIMIT_ATTEMPTS
        return response.status_code in GATEWAY_FAILURES and attempt < ATTEMPTS and is_repeatable

    def _read_refusal(self, response: httpx2.Response) -> DifyRefusedError | None:
        """Return the error that an answer is; None for a good one."""
        status = response.status_code
        if response.is_success:
            return None
        code, message = _read_error(response)
        message = self._hide_key(message)
        if response.is_redirect:
            target = redact(response.headers.get("location", ""))
            message = (
                f"{self.base_url} sends to another address, {target[:200]}, which a key does not follow: set "
                "CODESEARCH_DIFY_URL to the address of the API itself."
            )
        elif status == 401:
            message = (
                f"Dify at {self._host()} does not know the key ({message or 'HTTP 401'}): it is wrong, was deleted, or "
                "belongs to another Dify."
            )
        else:
            is_unknown_address = status == 404 and (not code or "requested URL" in message)
            message = f"Dify says {status}{f' {code}' if code else ''}: {message or 'nothing more'}"
            if is_unknown_address:
                message = f"{message.rstrip('.')}. Is CODESEARCH_DIFY_URL ({self.base_url}) what Dify's API pages show?"
        return DifyRefusedError(message, status, code)

    def _translate(self, error: httpx2.HTTPError, *, is_uncertain: bool) -> DifyError:
        what = self._hide_key(str(error)) or type(error).__name__
        if is_uncertain:
            return DifyUncertainError(f"The connection to Dify at {self._host()} broke before it answered: {what}.")
        if isinstance(error, httpx2.TimeoutException):
            what = f"no answer in time ({type(error).__name__})"
        return DifyUnreachableError(
            f"Dify at {self._host()} cannot be reached: {what}. Check CODESEARCH_DIFY_URL ({self.base_url}), the "
            "network, and the proxies of the environment."
        )

    def _host(self) -> str:
        return urlsplit(self.base_url).netloc

    def _hide_key(self, text: str) -> str:
        return redact(text.replace(self._key, "***"))


def _read_value(response: httpx2.Response) -> Any:
    """Return the JSON of a good answer; None where there is none, as for 204 and, of some versions, a bare number."""
    if not response.content.strip():
        return None
    try:
        return response.json()
    except ValueError:
        if "json" in response.headers.get("content-type", ""):
            return None
        raise DifyError(
            "What answers there is no API of Dify but a page: CODESEARCH_DIFY_URL has to be the address of the API, "
            "which ends in /v1."
        ) from None


def _read_error(response: httpx2.Response) -> tuple[str, str]:
    """Return code and message of an error; of a page nothing but its kind."""
    try:
        value = response.json()
    except ValueError:
        text = response.text.strip()
        return "", "a page" if text.startswith("<") else " ".join(text.split())[:_MOST_ERROR_CHARACTERS]
    if not isinstance(value, dict):
        return "", json.dumps(value)[:_MOST_ERROR_CHARACTERS]
    message = value.get("message") or value.get("error") or ""
    shown = message if isinstance(message, str) else json.dumps(message)
    return str(value.get("code") or ""), " ".join(shown.split())[:_MOST_ERROR_CHARACTERS]
