"""/api/keys: who may ask what, for admins: listed, made, revoked. A secret is in the answer that makes it alone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from fastapi import APIRouter, Request

from codesearch.api.manage.answers import KeyAnswer, KeyListAnswer, NewKeyAnswer
from codesearch.api.manage.descriptions import describe_key
from codesearch.api.manage.fields import has_words, parse_fields, read_choice, read_page
from codesearch.api.manage.requests import KeyRequest
from codesearch.api.manage.running import authenticate_admin, note_deed, read_deed, run_deed
from codesearch.api.management import Management
from codesearch.api.responses import ApiResponse
from codesearch.api.routes.manage.operations import PAGING, Id, answers, choice, parameters, respond, text
from codesearch.api.routes.retrieval import BEARER, request_body
from codesearch.core.errors import NotFoundError
from codesearch.core.keys import ApiKey

PATH = "/api/keys"
_STATES = ("active", "expired", "revoked")

router = APIRouter(prefix=PATH, tags=["keys"], dependencies=[BEARER])


@router.get(
    "",
    operation_id="list_keys",
    summary="List keys",
    responses=answers(KeyListAnswer, "The keys, in name order"),
    openapi_extra=parameters(
        choice("state", "Only those in this state", _STATES),
        text("query", "Only names with all of these words"),
        *PAGING,
    ),
)
async def list_keys(request: Request) -> ApiResponse:
    """Return the keys, without their secrets, which are kept nowhere."""
    admin = await authenticate_admin(request)
    query = request.query_params
    page, state = read_page(query), read_choice(query, "state", _STATES)

    def find(management: Management) -> dict[str, Any]:
        now = datetime.now(timezone.utc)
        found = [describe_key(key, now) for key in management.catalog.list_keys() if has_words(key.name, query)]
        found = [key for key in found if state in (None, key["state"])]
        return {"keys": list(page.cut(found)), **page.describe(len(found))}

    return respond(await run_deed(request, admin, find))


@router.post(
    "",
    operation_id="create_key",
    summary="Create a key",
    responses=answers(NewKeyAnswer, "The key and its secret, this once", 201, has_body=True),
    openapi_extra=request_body("KeyRequest"),
    status_code=201,
)
async def post_key(request: Request) -> ApiResponse:
    """Make a key. Its secret is in this answer, and can never be had again."""
    admin = await authenticate_admin(request)
    asked = parse_fields(await read_deed(request, admin), KeyRequest)
    now = datetime.now(timezone.utc)

    def create(management: Management) -> tuple[ApiKey, str]:
        return management.catalog.create_key(
            asked.name,
            source_ids=None if asked.sources is None else frozenset(asked.sources),
            groups=asked.groups,
            user=asked.user,
            is_admin=asked.admin,
            expires_at=None if asked.expires_days is None else now + timedelta(days=asked.expires_days),
            requests_per_minute=asked.requests_per_minute,
        )

    key, secret = await run_deed(request, admin, create)
    note_deed(request, admin, "a key was created", created=key.name, admin="yes" if key.is_admin else "no")
    return respond({"key": describe_key(key, now), "secret": secret}, 201, f"{PATH}/{key.id}")


@router.get("/{key}", operation_id="get_key", summary="Show a key", responses=answers(KeyAnswer, "It"))
async def get_key(request: Request, key: Id) -> ApiResponse:
    """Return a key, given by its id."""
    admin = await authenticate_admin(request)
    found = await run_deed(request, admin, lambda management: _find(management, key))
    return respond(describe_key(found, datetime.now(timezone.utc)))


@router.delete(
    "/{key}", operation_id="revoke_key", summary="Revoke a key", responses=answers(KeyAnswer, "It opens nothing now")
)
async def delete_key(request: Request, key: Id) -> ApiResponse:
    """Revoke a key, given by its id, at once and for good. Twice is no error."""
    admin = await authenticate_admin(request)
    revoked = await run_deed(
        request, admin, lambda management: management.catalog.revoke_key(_find(management, key).id)
    )
    note_deed(request, admin, "a key was revoked", revoked=revoked.name)
    return respond(describe_key(revoked, datetime.now(timezone.utc)))


def _find(management: Management, key_id: str) -> ApiKey:
    """Return the key of an id. Names and prefixes are none: what is in an address is to be clear."""
    found = next((key for key in management.catalog.list_keys() if key.id == key_id), None)
    if found is None:
        raise NotFoundError("No such key.")
    return found
