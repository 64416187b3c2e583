"""What JSON Schema defines: the schema itself, and each of its definitions."""

from __future__ import annotations

from itertools import islice

from indexer.chunking.definitions import Definition
from indexer.chunking.schemas.drafts import Draft
from indexer.chunking.schemas.entries import Entry

_GROUPS = ("$defs", "definitions")
_KEYWORDS = frozenset(
    "type properties $ref enum const allOf anyOf oneOf not items additionalProperties pattern format title".split()
)
_MAX_DEPTH = 6
# Definitions that are looked at to tell a schema from other data.
_LOOKS = 8


def is_json_schema(document: Entry) -> bool:
    """Say whether a document says that it is JSON Schema, or holds definitions that can be nothing else."""
    if "json-schema.org" in document.text_at("$schema"):
        return True
    groups = [group for name in _GROUPS if (group := document.get(name)) is not None]
    first = [one for group in groups for one in islice(group.entries(), _LOOKS)]
    return bool(first) and all(any(key.name in _KEYWORDS for key in one.entries()) for one in first)


def define_json_schema(document: Entry, draft: Draft, last_row: int) -> None:
    """Add the schema by its title and each definition by its name."""
    title = document.text_at("title")
    text = title or document.text_at("description")
    made = draft.add_document(
        document,
        title,
        "schema",
        f"JSON Schema {draft.stem}: {text}" if text else f"JSON Schema {draft.stem}",
        last_row,
    )
    for group in document.entries():
        if group.name in _GROUPS:
            define_schemas(group, group.name, draft, made)


def define_schemas(group: Entry, path: str, draft: Draft, owner: Definition, prefix: str = "") -> None:
    """Add the schemas of a group by their names, and those that are defined inside of them."""
    for schema in group.entries():
        if schema.name.startswith("x-"):
            continue
        symbol = f"{prefix}{schema.name}"
        title = schema.text_at("title") or schema.text_at("description")
        signature = f"{path}.{schema.name}: {title}" if title else f"{path}.{schema.name}"
        inner = [one for one in schema.entries() if one.name in _GROUPS] if owner.depth < _MAX_DEPTH else []
        made = draft.add(schema, symbol, "schema", signature, owner, container=bool(inner))
        for one in inner:
            define_schemas(one, f"{path}.{schema.name}.{one.name}", draft, made, f"{symbol}.")
