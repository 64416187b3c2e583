"""What routes need and how they get it: the services that the CLI builds, the caller behind a request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypedDict

import anyio
import anyio.to_thread
from fastapi import Request

from codesearch.core.errors import AuthenticationError
from codesearch.core.types import Hit, Principal, SearchQuery


class RetrieverLike(Protocol):
    """What answers queries."""

    @property
    def is_warm(self) -> bool:
        """Say whether the embedding model is loaded."""

    def retrieve(self, principal: Principal, query: SearchQuery) -> list[Hit]:
        """Return hits, best first; raises CodesearchError."""

    def warm_up(self) -> None:
        """Load the embedding model and what ranking needs."""


class CatalogLike(Protocol):
    """What knows the keys."""

    def authenticate(self, secret: str) -> Principal:
        """Return who the secret belongs to; raises AuthenticationError."""


@dataclass(frozen=True, slots=True)
class Services:
    """The parts behind the API, opened when a server process starts; `close` is called when it ends."""

    retriever: RetrieverLike
    catalog: CatalogLike
    close: Callable[[], None]


class AppState(TypedDict):
    """What the lifespan hands to every request. `retriever_slots` bounds the requests that are with the retriever."""

    services: Services
    retriever_slots: anyio.CapacityLimiter


def services_of(request: Request) -> Services:
    """Return the services of the running application."""
    services: Services = request.state.services
    return services


def retriever_slots_of(request: Request) -> anyio.CapacityLimiter:
    """Return the limiter of requests that are with the retriever."""
    slots: anyio.CapacityLimiter = request.state.retriever_slots
    return slots


async def authenticate(request: Request) -> Principal:
    """Return who sent the request and note the key's name for the access line; raises AuthenticationError."""
    secret = parse_authorization(request.headers.getlist("Authorization"))
    principal = await anyio.to_thread.run_sync(services_of(request).catalog.authenticate, secret)
    request.state.key_name = principal.name
    return principal


def parse_authorization(values: list[str]) -> str:
    """Return the key of an `Authorization: Bearer KEY` header, the scheme in any case; raises AuthenticationError."""
    if not values:
        raise AuthenticationError("No API key. Send the header `Authorization: Bearer KEY`.")
    words = values[0].split()
    if len(values) != 1 or len(words) != 2 or words[0].lower() != "bearer":
        raise AuthenticationError("Malformed Authorization header. Send exactly one `Authorization: Bearer KEY`.")
    return words[1]
