"""Finds what a YAML or JSON file defines when it is a schema; None for any other file, which stays what it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath

from tree_sitter import Node

from indexer.chunking.definitions import Definition
from indexer.chunking.languages.rules import Language
from indexer.chunking.schemas.apis import define_api, is_api
from indexer.chunking.schemas.avro import define_avro_schema, define_protocol, is_avro_schema, is_protocol
from indexer.chunking.schemas.drafts import Draft
from indexer.chunking.schemas.entries import Entry, documents_of
from indexer.chunking.schemas.json_schemas import define_json_schema, is_json_schema

SYNTAXES = {name: Language(name=name, grammar=name, extensions=(), rules={}) for name in ("yaml", "json")}

# In this order: a description of an API may well say which schema it follows.
_FORMATS = (
    (is_api, define_api),
    (is_json_schema, define_json_schema),
    (is_protocol, define_protocol),
    (is_avro_schema, define_avro_schema),
)


@dataclass(frozen=True, slots=True)
class Schema:
    """What a file defines, ordered by (start line, widest first); `documents` are those that are a whole document."""

    definitions: list[Definition]
    documents: list[Definition]


def find_schema(syntax: str, path: str, text: str, root: Node) -> Schema | None:
    """Return what the documents of a file define; None when none of them is a schema, or the tree has errors."""
    if root.has_error:
        return None
    draft = Draft(syntax, text.split("\n"), _stem_of(path))
    for document, last_row in _with_last_rows(root):
        define = next((define for tells, define in _FORMATS if tells(document)), None)
        if define is not None:
            define(document, draft, last_row)
    found = draft.finish()
    return Schema(found, draft.documents) if found else None


def _with_last_rows(root: Node) -> list[tuple[Entry, int]]:
    """Return the documents with their last rows; what stands below the last one is its end."""
    documents = list(documents_of(root))
    rows = [document.node.end_point[0] for document in documents]
    return list(zip(documents, [*rows[:-1], root.end_point[0]], strict=True))


def _stem_of(path: str) -> str:
    return PurePosixPath(path).name.split(".", 1)[0] or PurePosixPath(path).name
