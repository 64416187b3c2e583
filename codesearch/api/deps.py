"""What routes need and how they get it: the services that the CLI builds, the caller behind a request."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypedDict, TypeVar

import anyio
import anyio.to_thread
from fastapi import Request

from codesearch.api.admission import Admission
from codesearch.api.auditing import AuditLike, RetrieverLike, ToolboxLike
from codesearch.api.management import Management
from codesearch.api.pacing import Pacing
from codesearch.api.webhooks.desk import Desk
from codesearch.core.config import Settings
from codesearch.core.errors import AuthenticationError
from codesearch.core.stages import Stage, StageClock
from codesearch.core.types import DataSource, Principal, Workspace
from codesearch.core.users import Bearer
from codesearch.retrieval.scatter.desk import PeerDesk
from codesearch.retrieval.turns import Turns, Work
from codesearch.telemetry.opening import Telemetry
from codesearch.tools.lookups.desk import LookupDesk

if TYPE_CHECKING:
    from codesearch.mcp.http import HttpServer

Result = TypeVar("Result")


class CatalogLike(Protocol):
    """What knows the keys, and what there is to be searched."""

    def list_sources(self) -> list[DataSource]:
        """Return every data source, in name order."""

    def list_workspaces(self) -> list[Workspace]:
        """Return every workspace, in name order."""

    def authenticate(self, secret: str) -> Principal:
        """Return who the secret belongs to; raises AuthenticationError."""

    def find_principal(self, key_id: str) -> Principal:
        """Return whom a key stands for now; raises AuthenticationError."""


class DoorLike(Protocol):
    """What lets keys and tokens in."""

    def takes_time(self, secret: str) -> bool:
        """Say whether somebody else may have to be waited for to know who the secret belongs to."""

    def authenticate(self, secret: str) -> Principal:
        """Return who the secret belongs to; raises AuthenticationError."""

    def recall(self, secret: str) -> Principal | None:
        """Return what `authenticate` does where that waits for nobody, else None; raises AuthenticationError."""

    def find_principal(self, key_id: str) -> Principal:
        """Return whom a key stands for now; raises AuthenticationError."""

    def read_token(self, secret: str) -> Bearer | None:
        """Return whom a token is of, None where the secret is none; raises AuthenticationError."""

    def admit_again(self, bearer: Bearer) -> Principal:
        """Return whom a token that was shown earlier stands for now; raises AuthenticationError."""

    def bound(self, principal: Principal) -> Principal:
        """Return somebody with what a code host lets them read."""


class KeysAlone:
    """The door where there is no other: keys are in the catalog, and no code host has a say."""

    def __init__(self, catalog: CatalogLike) -> None:
        self.authenticate = catalog.authenticate
        self.find_principal = catalog.find_principal

    def takes_time(self, _: str) -> bool:
        """Say no: a key is looked up."""
        return False

    def recall(self, _: str) -> None:
        """Return None: a key is looked up."""
        return

    def read_token(self, _: str) -> None:
        """Return None: there are keys alone."""
        return

    def admit_again(self, _: Bearer) -> Principal:
        """Raise AuthenticationError: no token is taken."""
        raise AuthenticationError("No token is taken here.")

    def bound(self, principal: Principal) -> Principal:
        """Return them as they are: who would be bounded may read nothing."""
        return principal


@dataclass(frozen=True, slots=True)
class Services:
    """The parts behind the API, opened when a server process starts; `close` is called when it ends.

    `turns` are those in which the retriever searches and the tools work. Without `management`, admins manage nothing
    over HTTP; without a `door` of their own, keys alone are let in; without `audit`, nothing is audited.
    `peer_desk` answers other services, where there are any, and `lookup_desk` the tools of these.
    `is_stopping` says whether the process is about to end, `telemetry` is told of every request.
    """

    retriever: RetrieverLike
    catalog: CatalogLike
    close: Callable[[], None]
    toolbox: ToolboxLike
    turns: Turns = field(default_factory=Turns)
    management: Management | None = None
    door: DoorLike | None = None
    audit: AuditLike | None = None
    is_stopping: Callable[[], bool] = lambda: False
    peer_desk: PeerDesk | None = None
    lookup_desk: LookupDesk | None = None
    telemetry: Telemetry = field(default_factory=Telemetry)


class AppState(TypedDict):
    """What the lifespan hands to every request.

    Each that is admitted has a thread of `threads`; before, they are looked up in the catalog a few at a time, and
    `verifying` those for whom somebody else has to be asked. `peers` are threads for other services.
    """

    services: Services
    settings: Settings
    door: DoorLike
    audit: AuditLike | None
    admission: Admission
    pacing: Pacing
    threads: anyio.CapacityLimiter
    authenticating: anyio.CapacityLimiter
    verifying: anyio.CapacityLimiter
    peers: anyio.CapacityLimiter
    mcp: HttpServer
    webhooks: Desk | None


def services_of(request: Request) -> Services:
    """Return the services of the running application."""
    services: Services = request.state.services
    return services


def door_of(request: Request) -> DoorLike:
    """Return what lets keys and tokens in."""
    door: DoorLike = request.state.door
    return door


def settings_of(request: Request) -> Settings:
    """Return the settings of the running application."""
    settings: Settings = request.state.settings
    return settings


def clock_of(request: Request) -> StageClock | None:
    """Return what the request's stages are told, where it is observed."""
    clock: StageClock | None = getattr(request.state, "clock", None)
    return clock


async def run_admitted(request: Request, principal: Principal, task: Callable[[Work], Result]) -> Result:
    """Run a task of one request in a worker thread, where the key has room for it, as long as the client waits.

    Raises TooManyRequestsError, and what the task raises: SearchAbandonedError when the client has gone.
    """
    work = open_work(request, principal)
    with request.state.admission.enter(principal.key_id, principal.requests_per_minute):
        watching = asyncio.create_task(_cancel_when_gone(request, work))
        try:
            return await anyio.to_thread.run_sync(task, work, limiter=request.state.threads)
        except asyncio.CancelledError:
            # The service ends and has waited for this for as long as it may.
            work.cancel()
            raise
        finally:
            watching.cancel()


async def run_for_peer(request: Request, key: str, task: Callable[[Work], Result]) -> Result:
    """Run a task that another service asks for in a worker thread, as long as it waits; raises what the task raises.

    These have threads of their own: those of the others may wait for a peer that waits for this one.
    """
    work = Work(key, settings_of(request).search_seconds)
    watching = asyncio.create_task(_cancel_when_gone(request, work))
    try:
        return await anyio.to_thread.run_sync(task, work, limiter=request.state.peers)
    except asyncio.CancelledError:
        work.cancel()
        raise
    finally:
        watching.cancel()


def open_work(request: Request, principal: Principal) -> Work:
    """Return the work of a request that was let in."""
    work = Work(principal.key_id, settings_of(request).search_seconds, clock_of(request))
    work.begin_stage(Stage.OPEN)
    request.scope["state"].setdefault("works", []).append(work)
    return work


async def _cancel_when_gone(request: Request, work: Work) -> None:
    """Cancel the work when the connection is closed. The body has been read: nothing else is left to come."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    work.cancel()


async def authenticate(request: Request) -> Principal:
    """Return who sent the request and note the key's name for the access line; raises AuthenticationError."""
    clock = clock_of(request)
    if clock is not None:
        clock.begin(Stage.AUTHENTICATE)
    request.state.is_asking = True
    secret = parse_authorization(request.headers.getlist("Authorization"))
    door = door_of(request)
    known = door.recall(secret)
    if known is not None:
        # To give a thread what takes microseconds costs ten times as much.
        principal = await _bound(request, known)
    else:
        limiter = request.state.verifying if door.takes_time(secret) else request.state.authenticating
        principal = await admit(request, partial(door.authenticate, secret), limiter)
    if clock is not None:
        clock.begin(Stage.READ)
    return principal


async def admit(request: Request, find: Callable[[], Principal], limiter: anyio.CapacityLimiter) -> Principal:
    """Return whom `find` finds, with what they may read, and note them for the logs; raises AuthenticationError."""
    return await _bound(request, await anyio.to_thread.run_sync(find, limiter=limiter))


async def _bound(request: Request, principal: Principal) -> Principal:
    request.state.key_name, request.state.principal = principal.name, principal
    if principal.permitted_ids is None:
        return principal
    bound = partial(door_of(request).bound, principal)
    return await anyio.to_thread.run_sync(bound, limiter=request.state.verifying)


def parse_authorization(values: list[str]) -> str:
    """Return the key of an `Authorization: Bearer KEY` header, the scheme in any case; raises AuthenticationError."""
    if not values:
        raise AuthenticationError("No API key. Send the header `Authorization: Bearer KEY`.")
    words = values[0].split()
    if len(values) != 1 or len(words) != 2 or words[0].lower() != "bearer":
        raise AuthenticationError("Malformed Authorization header. Send exactly one `Authorization: Bearer KEY`.")
    return words[1]
