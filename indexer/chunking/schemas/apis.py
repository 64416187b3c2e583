"""What descriptions of APIs define: paths and operations of OpenAPI, channels and messages of AsyncAPI, components."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.chunking.definitions import Definition
from indexer.chunking.schemas.drafts import Draft
from indexer.chunking.schemas.entries import Entry
from indexer.chunking.schemas.json_schemas import define_schemas

_METHODS = frozenset("get put post delete options head patch trace query".split())
# What else has a name that others refer to. A parameter of a line or two says little alone.
_COMPONENTS = {
    "parameters": "parameter",
    "responses": "response",
    "requestBodies": "request",
    "headers": "header",
    "securitySchemes": "security",
    "securityDefinitions": "security",
    "messages": "message",
    "messageTraits": "message",
    "operationTraits": "operation",
}
_FORMATS = {"openapi": "OpenAPI", "swagger": "OpenAPI", "asyncapi": "AsyncAPI"}


def is_api(document: Entry) -> bool:
    """Say whether a document is a description of an API: a version, and what is described."""
    names = {entry.name for entry in document.entries()}
    version = next((document.text_at(key) for key in _FORMATS if key in names), "")
    return version[:1].isdigit() and not names.isdisjoint(
        {"info", "paths", "components", "definitions", "channels", "webhooks"}
    )


def define_api(document: Entry, draft: Draft, last_row: int) -> None:
    """Add the API itself by its title, its paths or channels with their operations, and its components."""
    key = next(entry for entry in document.entries() if entry.name in _FORMATS)
    info = document.get("info")
    title = info.text_at("title") if info is not None else ""
    api = draft.add_document(
        document, title, "api", f"{_FORMATS[key.name]} {key.text}: {title or draft.stem}", last_row
    )
    for entry in document.entries():
        if entry.name in ("paths", "webhooks"):
            _define_paths(entry, "path" if entry.name == "paths" else "webhook", draft, api)
        elif entry.name == "channels":
            _define_channels(entry, draft, api)
        elif entry.name == "operations":
            for operation in _named(entry):
                _define_operation(operation, operation.text_at("action"), operation.name, draft, api)
        elif entry.name == "components":
            for group in entry.entries():
                _define_components(group, f"components.{group.name}", draft, api)
        else:
            _define_components(entry, entry.name, draft, api)


def _named(entry: Entry) -> Iterator[Entry]:
    """Yield what an entry names, without extensions."""
    return (one for one in entry.entries() if not one.name.startswith("x-"))


def _define_paths(entry: Entry, kind: str, draft: Draft, api: Definition) -> None:
    for path in _named(entry):
        made = draft.add(path, path.name, kind, _with_summary(path.name, path), api, container=True)
        for operation in path.entries():
            if operation.name.lower() in _METHODS:
                symbol = f"{operation.name.upper()} {path.name}"
                name = operation.text_at("operationId")
                signature = _with_summary(symbol, operation)
                draft.add(operation, f"{symbol}.{name}" if name else symbol, "operation", signature, made)


def _define_channels(entry: Entry, draft: Draft, api: Definition) -> None:
    for channel in _named(entry):
        address = channel.text_at("address")
        head = _with_summary(f"{channel.name} {address}" if address else channel.name, channel)
        made = draft.add(channel, channel.name, "channel", head, api, container=True)
        for part in channel.entries():
            if part.name in ("publish", "subscribe"):
                symbol = f"{part.name} {channel.name}"
                name = part.text_at("operationId")
                signature = _with_summary(symbol, part)
                draft.add(part, f"{symbol}.{name}" if name else symbol, "operation", signature, made)
            elif part.name == "messages":
                for message in _named(part):
                    symbol = f"{channel.name}.{message.name}"
                    signature = _with_summary(symbol, message)
                    draft.add(message, symbol, "message", signature, made, minor=True)


def _define_operation(operation: Entry, action: str, symbol: str, draft: Draft, api: Definition) -> None:
    channel = operation.get("channel")
    target = channel.text_at("$ref").rpartition("/")[2].replace("~1", "/") if channel is not None else ""
    signature = _with_summary(" ".join(filter(None, (action, symbol, target))), operation)
    draft.add(operation, symbol, "operation", signature, api)


def _define_components(group: Entry, path: str, draft: Draft, api: Definition) -> None:
    if group.name in ("schemas", "definitions"):
        define_schemas(group, path, draft, api)
    elif group.name == "pathItems":
        _define_paths(group, "path", draft, api)
    elif group.name == "channels":
        _define_channels(group, draft, api)
    elif kind := _COMPONENTS.get(group.name):
        for one in _named(group):
            draft.add(one, one.name, kind, _with_summary(f"{path}.{one.name}", one), api, minor=True)


def _with_summary(head: str, entry: Entry) -> str:
    summary = entry.text_at("summary") or entry.text_at("title") or entry.text_at("description")
    return f"{head}: {summary}" if summary else head
