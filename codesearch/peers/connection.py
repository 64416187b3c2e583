"""PeerConnection: posts messages to other services, with the secret that they share, and waits only so long."""

from __future__ import annotations

import time

import httpx2

from codesearch.core.errors import PeerError

# Under this path of each service, behind its address.
PATH = "/internal/peers"
# Whose work it is, so that turns are taken among those who ask.
KEY_HEADER = "X-Codesearch-Key"
# What is gathered of a few hundred candidates has some megabytes; more is no answer.
MAX_ANSWER_BYTES = 256 << 20
_CONNECT_SECONDS = 0.5


class PeerConnection:
    """Connections to the services that share a secret. Safe to use from many threads."""

    def __init__(self, secret: str, max_seconds: float) -> None:
        """Keep the secret; an answer has to be there, whole, after `max_seconds`."""
        self._max_seconds = max_seconds
        self._client = httpx2.Client(
            headers={"Authorization": f"Bearer {secret}", "User-Agent": "codesearch"},
            follow_redirects=False,
            # What is set for the way to the internet is no way to a neighbour.
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def post(self, peer: str, step: str, content: bytes, key: str, work_seconds: float = 0.0) -> bytes:
        """Return what the service at an address answers to a message. Raises PeerError.

        It may take so much longer as the other may work.
        """
        seconds = self._max_seconds + work_seconds
        until = time.monotonic() + seconds
        timeout = httpx2.Timeout(seconds, connect=min(_CONNECT_SECONDS, self._max_seconds))
        answer = bytearray()
        headers = {KEY_HEADER: key.encode().hex()}
        try:
            with self._client.stream(
                "POST", f"{peer}{PATH}/{step}", content=content, headers=headers, timeout=timeout
            ) as response:
                for part in response.iter_bytes():
                    answer += part
                    if time.monotonic() > until or len(answer) > MAX_ANSWER_BYTES:
                        raise PeerError("the answer takes too long or is too large")
        except httpx2.HTTPError as error:
            raise PeerError(f"{type(error).__name__}: {error}") from error
        if response.status_code != httpx2.codes.OK:
            raise PeerError(f"HTTP status {response.status_code}: {bytes(answer[:200]).decode('utf-8', 'replace')}")
        return bytes(answer)
