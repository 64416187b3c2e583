"""HostConnection: lists of a code host's API, page by page, as fast as it allows; errors that say what to do.

The token goes to the one host that it is for, by https or on this machine; redirects and pages elsewhere are not
followed.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from codesearch.core.errors import CodeHostError
from codesearch.core.redaction import redact

CONNECT_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 60.0
ATTEMPTS: Final = 4
FIRST_WAIT_SECONDS: Final = 1.0
# A host that wants more is asked again at the next look.
LONGEST_WAIT_SECONDS: Final = 900.0
_FOREVER_SECONDS: Final = 30 * 86_400.0
RATE_LIMIT_ATTEMPTS: Final = 5
MAX_PAGES: Final = 2_000
MAX_BYTES: Final = 64 << 20
_GATEWAY_FAILURES: Final = frozenset({500, 502, 503, 504})
_MOST_MESSAGE_CHARACTERS: Final = 300

Query = Mapping[str, str | int]


class HostConnection:
    """One code host's API."""

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        secret: str = "",
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Keep the address of the API and the headers, which may hold `secret`; nothing is sent yet.

        `sleep` takes seconds, `clock` gives Unix seconds.
        """
        self._base_url = base_url
        self._secret = secret
        self._sleep = sleep
        self._clock = clock
        self._client = httpx2.Client(
            headers={"User-Agent": "codesearch", "Accept": "application/json", **headers},
            timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def has_secret(self) -> bool:
        """Whether the host is told who asks."""
        return bool(self._secret)

    def get(self, path: str, query: Query | None = None) -> Mapping[str, Any] | None:
        """Return the object that an address holds, None where there is nothing. Raises CodeHostError."""
        response = self._ask(self._base_url + path, query)
        found = None if response is None else _read_json(response)
        if found is not None and not isinstance(found, dict):
            raise self.unknown_form()
        return found

    def unknown_form(self) -> CodeHostError:
        """Return the error for what has no form that is known."""
        return CodeHostError(f"{self._host} answers in another form than is known of its kind.")

    def list_items(self, path: str, query: Query) -> Iterator[Mapping[str, Any]]:
        """Yield the items of a list, of all of its pages. Raises CodeHostError, also in the middle."""
        url, given = self._base_url + path, dict(query) or None
        for _ in range(MAX_PAGES):
            response = self._ask(url, given)
            items = None if response is None else _read_json(response)
            if response is None or not isinstance(items, list):
                raise CodeHostError(
                    f"{self._host} does not answer with a list: is it the code host that it is said to be?"
                )
            yield from (item for item in items if isinstance(item, dict))
            following = response.links.get("next", {}).get("url")
            if not following:
                return
            try:
                url, given = str(response.url.join(following)), None
                is_here = _origin(url) == _origin(self._base_url)
            except (httpx2.InvalidURL, ValueError):
                raise CodeHostError(f"{self._host} gives no address that can be read for the next page.") from None
            if not is_here:
                raise CodeHostError(f"{self._host} sends to another host for the next page, which is not followed.")
        raise CodeHostError(f"{self._host} lists more than {MAX_PAGES:,} pages.")

    def _ask(self, url: str, query: Query | None) -> httpx2.Response | None:
        """Return a good answer, None for 404; what may pass is waited for."""
        attempt, waits = 0, 0
        while True:
            try:
                response = self._client.get(url, params=dict(query) if query else None)
            except httpx2.HTTPError as error:
                attempt += 1
                if attempt >= ATTEMPTS:
                    raise self._unreachable(error) from error
                self._sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
                continue
            if response.status_code == 200:
                return response
            if response.status_code == 404:
                return None
            wait = self._wait_of(response)
            if wait is not None:
                waits += 1
                if wait > LONGEST_WAIT_SECONDS or waits > RATE_LIMIT_ATTEMPTS:
                    raise CodeHostError(
                        f"{self._host} takes no more requests for {max(1, round(wait / 60))} minutes; try again then. "
                        f"{'' if self.has_secret else 'With CODESEARCH_GIT_TOKEN it takes more.'}".rstrip()
                    )
                self._sleep(wait)
            elif response.status_code in _GATEWAY_FAILURES and attempt + 1 < ATTEMPTS:
                attempt += 1
                self._sleep(FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            else:
                raise self._refusal(response)

    def _wait_of(self, response: httpx2.Response) -> float | None:
        """Return for how many seconds an answer asks to wait; None for one that does not."""
        headers = response.headers
        # Of 403, a host of GitHub's kind says by these that nothing else is wrong.
        is_used_up = headers.get("x-ratelimit-remaining", headers.get("ratelimit-remaining")) == "0"
        says_when = "retry-after" in headers or is_used_up
        if response.status_code != 429 and not (response.status_code in (403, 503) and says_when):
            return None
        asked = _read_wait(headers.get("retry-after", ""), self._clock())
        if asked is None:
            reset = headers.get("x-ratelimit-reset", headers.get("ratelimit-reset", ""))
            asked = float(reset) - self._clock() if reset.isdecimal() else 60.0
        # Clocks differ by a second.
        return min(max(0.0, asked), _FOREVER_SECONDS) + 1.0

    def _refusal(self, response: httpx2.Response) -> CodeHostError:
        status, message = response.status_code, self._hide(_read_message(response))
        told = f"{self._host} answers {status}{f': {message}' if message else ''}"
        if response.is_redirect:
            target = redact(response.headers.get("location", ""))[:200]
            return CodeHostError(f"{self._host} sends to {target}, which is not followed: give that address.")
        if status == 401:
            return CodeHostError(
                f"{told}. The token of CODESEARCH_GIT_TOKENS or CODESEARCH_GIT_TOKEN is not valid there or has expired."
            )
        if status == 403:
            return CodeHostError(
                f"{told}. The token may not list repositories, or single sign-on is to be allowed for it."
            )
        return CodeHostError(f"{told}.")

    def _unreachable(self, error: httpx2.HTTPError) -> CodeHostError:
        what = "no answer in time" if isinstance(error, httpx2.TimeoutException) else self._hide(str(error))
        return CodeHostError(f"{self._host} cannot be reached: {what or type(error).__name__}.")

    @property
    def _host(self) -> str:
        return urlsplit(self._base_url).netloc

    def _hide(self, text: str) -> str:
        return redact(text.replace(self._secret, "***") if self._secret else text)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()


def _read_json(response: httpx2.Response) -> Any:
    if len(response.content) > MAX_BYTES:
        raise CodeHostError(f"{response.url.host} answers with more than {MAX_BYTES >> 20} MiB.")
    try:
        return response.json()
    except (ValueError, RecursionError):
        raise CodeHostError(
            f"{response.url.host} answers with a page instead of JSON: is its API there, and is this its kind?"
        ) from None


def _read_message(response: httpx2.Response) -> str:
    try:
        value = json.loads(response.content[:100_000])
    except (ValueError, RecursionError):
        return ""
    message = value.get("message") or value.get("error") if isinstance(value, dict) else None
    return " ".join(message.split())[:_MOST_MESSAGE_CHARACTERS] if isinstance(message, str) else ""


def _read_wait(text: str, now: float) -> float | None:
    """Return the seconds of a Retry-After, which may be a date."""
    if not text.strip():
        return None
    if text.strip().isdecimal():
        return float(text)
    try:
        when = parsedate_to_datetime(text)
        return (when if when.tzinfo else when.replace(tzinfo=timezone.utc)).timestamp() - now
    except (ValueError, OverflowError):
        return None
