"""What Dify's APIs answer with, as far as it is used: read leniently, since servers leave out keys or send null."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# `paused` and `error` are ends, too: nothing goes on by itself.
UNFINISHED = frozenset({"waiting", "parsing", "cleaning", "splitting", "indexing"})


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """A knowledge base of Dify (there: dataset). The last five are those of an external one, '' for others."""

    id: str
    name: str
    description: str
    provider: str
    permission: str
    document_count: int
    indexing_technique: str
    knowledge_id: str = ""
    api_id: str = ""
    api_name: str = ""
    api_endpoint: str = ""
    retrieval: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_external(self) -> bool:
        """Whether Dify asks an external knowledge API for it."""
        return self.provider == "external"


@dataclass(frozen=True, slots=True)
class MetadataField:
    """A field of documents' metadata; values are set by both id and name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class RemoteDocument:
    """A document of a native knowledge base. `metadata` is None where the answer had none, not even an empty one."""

    id: str
    name: str
    indexing_status: str
    display_status: str
    error: str
    is_enabled: bool
    is_archived: bool
    created_from: str
    created_at: float
    metadata: Mapping[str, Any] | None
    metadata_ids: Mapping[str, str]

    @property
    def is_unfinished(self) -> bool:
        """Whether Dify still works on it."""
        return self.indexing_status in UNFINISHED and self.display_status != "paused"

    @property
    def is_paused(self) -> bool:
        """Whether somebody stopped its indexing in Dify."""
        return self.indexing_status == "paused" or self.display_status == "paused"


@dataclass(frozen=True, slots=True)
class IndexingState:
    """How far Dify is with one document of a batch."""

    document_id: str
    status: str
    error: str


def read_knowledge_base(value: Mapping[str, Any]) -> KnowledgeBase:
    """Read one knowledge base."""
    external = value.get("external_knowledge_info") or {}
    return KnowledgeBase(
        id=_text(value, "id"),
        name=_text(value, "name"),
        description=_text(value, "description"),
        provider=_text(value, "provider"),
        permission=_text(value, "permission"),
        document_count=int(value.get("document_count") or 0),
        indexing_technique=_text(value, "indexing_technique"),
        knowledge_id=_text(external, "external_knowledge_id"),
        api_id=_text(external, "external_knowledge_api_id"),
        api_name=_text(external, "external_knowledge_api_name"),
        api_endpoint=_text(external, "external_knowledge_api_endpoint"),
        retrieval=value.get("external_retrieval_model") or {},
    )


def read_document(value: Mapping[str, Any]) -> RemoteDocument:
    """Read one document; its metadata is a list of fields here, an object in answers to retrievals."""
    metadata = value.get("doc_metadata")
    values: dict[str, Any] | None = None
    ids: dict[str, str] = {}
    if isinstance(metadata, list):
        values = {str(item["name"]): item.get("value") for item in metadata if item.get("name")}
        ids = {str(item["name"]): str(item.get("id") or "") for item in metadata if item.get("name")}
    elif isinstance(metadata, Mapping):
        values = dict(metadata)
    elif "doc_metadata" in value:
        values = {}
    return RemoteDocument(
        id=_text(value, "id"),
        name=_text(value, "name"),
        indexing_status=_text(value, "indexing_status"),
        display_status=_text(value, "display_status"),
        error=_text(value, "error"),
        is_enabled=value.get("enabled") is not False,
        is_archived=value.get("archived") is True,
        created_from=_text(value, "created_from"),
        created_at=float(value.get("created_at") or 0),
        metadata=values,
        metadata_ids=ids,
    )


def _text(value: Mapping[str, Any], name: str) -> str:
    found = value.get(name)
    return "" if found is None else str(found)
