"""What Avro's schemas and protocols in JSON define: records, enums and fixed types at any depth, and messages."""

from __future__ import annotations

from collections.abc import Iterator

from indexer.chunking.definitions import Definition
from indexer.chunking.schemas.drafts import Draft
from indexer.chunking.schemas.entries import Entry

_KINDS = frozenset({"record", "error", "enum", "fixed"})
_MAX_DEPTH = 12


def is_protocol(document: Entry) -> bool:
    """Say whether a document is a protocol of Avro: a name, and types or messages."""
    return bool(document.text_at("protocol")) and any(
        entry.name in ("types", "messages") for entry in document.entries()
    )


def is_avro_schema(document: Entry) -> bool:
    """Say whether a document is a named type of Avro with what its kind needs, or a list that begins with one."""
    if document.is_mapping:
        needs = {"record": "fields", "error": "fields", "enum": "symbols", "fixed": "size"}
        needed = needs.get(document.text_at("type"))
        return needed is not None and bool(document.text_at("name")) and document.get(needed) is not None
    return any(is_avro_schema(item) for item in document.items() if item.is_mapping)


def define_protocol(document: Entry, draft: Draft, last_row: int) -> None:
    """Add the protocol, its types and, qualified by its name, its messages."""
    name = document.text_at("protocol")
    made = draft.add_document(document, name, "protocol", _signature("protocol", name, document), last_row)
    for part in document.entries():
        if part.name == "types":
            for item in part.items():
                _define_types(item, draft, made, f"{name}.")
        elif part.name == "messages":
            for message in part.entries():
                symbol = f"{name}.{message.name}"
                draft.add(message, symbol, "method", _signature("message", symbol, message), made)


def define_avro_schema(document: Entry, draft: Draft, _last_row: int) -> None:
    """Add the types of a schema, the outermost and those inside of it."""
    _define_types(document, draft, None, "")


def _define_types(entry: Entry, draft: Draft, owner: Definition | None, prefix: str) -> None:
    pending = [(entry, owner, 0)]
    while pending:
        current, around, depth = pending.pop()
        if depth > _MAX_DEPTH:
            continue
        kind, name = current.text_at("type"), current.text_at("name")
        if current.is_mapping and kind in _KINDS and name:
            signature = _signature(kind, name, current)
            is_container = kind in ("record", "error")
            around = draft.add(current, f"{prefix}{name}", kind, signature, around, container=is_container)
        pending.extend((inner, around, depth + 1) for inner in _types_in(current))


def _types_in(entry: Entry) -> Iterator[Entry]:
    """Yield what may hold types: a union's branches, a record's fields, what a field, an array or a map is made of."""
    yield from entry.items()
    for part in entry.entries():
        if part.name == "fields":
            for field in part.items():
                inner = field.get("type")
                if inner is not None and (inner.is_mapping or any(True for _ in inner.items())):
                    yield inner
        elif part.name in ("items", "values", "type") and (part.is_mapping or any(True for _ in part.items())):
            yield part


def _signature(kind: str, name: str, entry: Entry) -> str:
    namespace, text = entry.text_at("namespace"), entry.text_at("doc")
    head = f"{kind} {namespace}.{name}" if namespace else f"{kind} {name}"
    return f"{head}: {text}" if text else head
