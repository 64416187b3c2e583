"""What a server process needs to take webhooks: secrets, the inbox, bounds for what strangers send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import anyio
import anyio.to_thread

from codesearch.api.management import Management
from codesearch.api.webhooks.inbox import Inbox
from codesearch.api.webhooks.receiver import Receiver
from codesearch.api.webhooks.secret_list import SecretList
from codesearch.core.config import Settings
from codesearch.core.errors import TooManyRequestsError

# What GitHub sends at most. Whose it is turns out at its end: until then no more than this is held of all.
MAX_BODY_BYTES = 25 << 20
MAX_BYTES_IN_ALL = 64 << 20
# To have another thread read a body of less takes longer than to read it.
_SMALL_BODY_BYTES = 64 << 10
_THREADS = 2

T = TypeVar("T")


class Desk:
    """For one event loop."""

    def __init__(self, secrets: SecretList, inbox: Inbox) -> None:
        self.secrets = secrets
        self.inbox = inbox
        # Apart from those of searches: a burst of pushes keeps nobody from an answer.
        self._threads = anyio.CapacityLimiter(_THREADS)
        self._held_bytes = 0

    async def examine(self, body: bytes, examine: Callable[[], T]) -> T:
        """Return what examining a body gives, which is done in a thread where that takes long."""
        if len(body) <= _SMALL_BODY_BYTES and not self.secrets.has_file:
            return examine()
        return await anyio.to_thread.run_sync(examine, limiter=self._threads)

    @contextmanager
    def holding(self) -> Iterator[BodySize]:
        """Count the bytes of one body for as long as the context lasts."""
        size = BodySize()
        try:
            yield size
        finally:
            self._held_bytes -= size.byte_count

    def hold(self, size: BodySize, byte_count: int) -> None:
        """Take more bytes of a body; raises TooManyRequestsError where all bodies have no room for them."""
        if self._held_bytes + byte_count > MAX_BYTES_IN_ALL:
            raise TooManyRequestsError("Too much is being sent here at once. Send the webhook again.", "webhooks", 5.0)
        size.byte_count += byte_count
        self._held_bytes += byte_count


class BodySize:
    """How much of one body is held."""

    def __init__(self) -> None:
        self.byte_count = 0


def takes_webhooks(settings: Settings) -> bool:
    """Say whether webhooks are taken: whether there are secrets."""
    return bool(settings.webhook_secrets) or settings.webhook_secrets_file is not None


def open_desk(settings: Settings, management: Management | None) -> Desk | None:
    """Return what takes webhooks; None where they are off. Raises ConfigurationError."""
    if management is None or not takes_webhooks(settings):
        return None
    return Desk(SecretList(settings), Inbox(Receiver(management.catalog).receive))
