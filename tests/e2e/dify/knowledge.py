"""What a Dify keeps of knowledge bases, and what it does to a text: written from its documented behaviour."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

LARGEST_PAGE = 100
MOST_TOKENS = 4000
# What an indexing goes through, a step for each look at it.
STEPS = ("waiting", "indexing", "completed")
BUILT_IN = [{"id": "built-in", "name": "document_name", "type": "string"}]


class RefusedError(Exception):
    """An error as Dify answers it."""

    def __init__(self, status: int, code: str, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"status": status, "code": code, "message": message}
        self.headers = headers or {}


def cut(text: str, rule: dict[str, Any]) -> list[str]:
    """Return the pieces that Dify makes of a text by a rule of the mode custom."""
    text = text.replace("<|", "<").replace("|>", ">")
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe]", "", text)
    for item in rule["pre_processing_rules"]:
        if item["id"] == "remove_extra_spaces" and item["enabled"]:
            text = re.sub(r"[ \t]{2,}", " ", re.sub(r"\n{3,}", "\n\n", text))
        if item["id"] == "remove_urls_emails" and item["enabled"]:
            text = re.sub(r"https?://\S+", "", text)
    segmentation = rule["segmentation"]
    pieces = []
    for piece in text.split(segmentation["separator"]):
        limit = segmentation["max_tokens"]
        parts = [piece[start : start + limit] for start in range(0, len(piece), limit)]
        pieces += [re.sub(r'^["#$%&\'()*+,./:;<=>?@^_`~]+', "", part).strip() for part in parts if part.strip()]
    return [piece for piece in pieces if piece]


@dataclass(slots=True)
class Document:
    """One document. `status` advances with each look, up to the outcome that the test has set for its name."""

    id: str
    name: str
    batch: str
    created_at: int
    text: str = ""
    rule: dict[str, Any] = field(default_factory=dict)
    step: int = 0
    outcome: str = "completed"
    metadata: dict[str, tuple[str, Any]] | None = None
    is_enabled: bool = True
    is_archived: bool = False
    created_from: str = "api"

    @property
    def status(self) -> str:
        last = len(STEPS) - 1
        return STEPS[self.step] if self.step < last else self.outcome

    @property
    def display_status(self) -> str:
        if self.status != "completed":
            return {"waiting": "queuing", "error": "error", "paused": "paused"}.get(self.status, "indexing")
        return "archived" if self.is_archived else "available" if self.is_enabled else "disabled"

    def look(self) -> None:
        self.step = min(self.step + 1, len(STEPS) - 1)

    def as_json(self) -> dict[str, Any]:
        metadata = [
            {"id": key, "name": name, "type": "string", "value": value}
            for name, (key, value) in (self.metadata or {}).items()
        ]
        return {
            "id": self.id,
            "position": 1,
            "data_source_type": "upload_file",
            "data_source_info": {"upload_file_id": self.id},
            "data_source_detail_dict": {},
            "dataset_process_rule_id": self.id,
            "name": self.name,
            "created_from": self.created_from,
            "created_by": self.id,
            "created_at": self.created_at,
            "tokens": 1,
            "indexing_status": self.status,
            "error": "the model said no" if self.status == "error" else None,
            "enabled": self.is_enabled,
            "disabled_at": None,
            "disabled_by": None,
            "archived": self.is_archived,
            "display_status": self.display_status,
            "word_count": len(self.text),
            "hit_count": 0,
            "doc_form": "text_model",
            # Of a document without metadata, servers give an empty list or null.
            "doc_metadata": metadata if self.metadata is not None else None,
            "summary_index_status": None,
            "need_summary": False,
        }


@dataclass(slots=True)
class Dataset:
    """One knowledge base."""

    id: str
    name: str
    values: dict[str, Any]
    documents: dict[str, Document] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    is_used: bool = False

    @property
    def is_external(self) -> bool:
        return bool(self.values.get("provider") == "external")

    def as_json(self) -> dict[str, Any]:
        retrieval = self.values.get("external_retrieval_model") or {"top_k": 4, "score_threshold": 0.5}
        return {
            "id": self.id,
            "name": self.name,
            "description": self.values.get("description", ""),
            "provider": self.values.get("provider", "vendor"),
            "permission": self.values.get("permission") or "only_me",
            "data_source_type": "upload_file" if self.documents else None,
            "indexing_technique": self.values.get("indexing_technique"),
            "app_count": int(self.is_used),
            "document_count": len(self.documents),
            "word_count": 0,
            "created_by": self.id,
            "created_at": 1,
            "embedding_model": None,
            "embedding_available": True,
            "tags": [],
            "doc_form": "text_model" if self.documents else None,
            "external_knowledge_info": self._external_info() if self.is_external else None,
            "external_retrieval_model": {"score_threshold_enabled": False, **retrieval} if self.is_external else None,
            "doc_metadata": [{"id": key, "name": name, "type": "string"} for name, key in self.fields.items()],
            "built_in_field_enabled": False,
        }

    def _external_info(self) -> dict[str, Any]:
        return {
            "external_knowledge_id": self.values["external_knowledge_id"],
            "external_knowledge_api_id": self.values["external_knowledge_api_id"],
            "external_knowledge_api_name": "codesearch",
            "external_knowledge_api_endpoint": "http://codesearch.example/dify",
        }


class Knowledge:
    """All knowledge bases of a Dify. What a test may set stands first."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        # So many documents' metadata are not set, though the call says success.
        self.lost_metadata = 0
        self.most_tokens = MOST_TOKENS
        self.needs_embedding_model = False
        self.retrieved: dict[str, int | RefusedError] = {}
        self.datasets: dict[str, Dataset] = {}
        self._count = 0

    def new_id(self) -> str:
        self._count += 1
        return str(UUID(int=(0x5EED << 112) | self._count, version=4))

    def dataset(self, dataset_id: str) -> Dataset:
        if dataset_id not in self.datasets:
            raise RefusedError(404, "not_found", "Dataset not found.")
        return self.datasets[dataset_id]

    def create_dataset(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["name"]
        if not 1 <= len(name) <= 40 or len(body.get("description", "")) > 400:
            raise RefusedError(400, "invalid_param", "Name must be between 1 to 40 characters.")
        self._require_new_name(name, "")
        if body.get("provider") == "external" and not (
            body.get("external_knowledge_id") and body.get("external_knowledge_api_id")
        ):
            raise RefusedError(400, "invalid_param", "external_knowledge_id is required.")
        dataset = Dataset(self.new_id(), name, dict(body))
        self.datasets[dataset.id] = dataset
        return dataset.as_json()

    def update_dataset(self, dataset: Dataset, body: dict[str, Any]) -> dict[str, Any]:
        if dataset.is_external and not (body.get("external_knowledge_id") and body.get("external_knowledge_api_id")):
            raise RefusedError(400, "invalid_param", "External knowledge id is required.")
        if "name" in body:
            self._require_new_name(body["name"], dataset.id)
            dataset.name = body["name"]
        # Of an external one, what is left out is erased.
        dataset.values.update({"description": "", "permission": None} if dataset.is_external else {})
        dataset.values.update(body)
        return dataset.as_json()

    def create_document(self, dataset: Dataset, body: dict[str, Any]) -> dict[str, Any]:
        technique = dataset.values.get("indexing_technique") or body.get("indexing_technique")
        if not technique:
            raise RefusedError(400, "invalid_param", "indexing_technique is required.")
        if technique == "high_quality" and self.needs_embedding_model:
            raise RefusedError(400, "provider_not_initialize", "No valid model provider credentials found.")
        document = Document(
            self.new_id(), body["name"][:200], f"2025030615{self._count:010}", 1_700_000_000 + self._count
        )
        self._set_text(document, body)
        dataset.documents[document.id] = document
        return {"document": document.as_json(), "batch": document.batch}

    def update_document(self, dataset: Dataset, document: Document, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("text") and not body.get("name"):
            raise RefusedError(400, "invalid_param", "name is required when text is provided.")
        if document.display_status != "available":
            raise RefusedError(400, "invalid_param", "Document is not available")
        self._set_text(document, body)
        return {"document": document.as_json(), "batch": document.batch}

    def delete_document(self, dataset: Dataset, document: Document) -> None:
        if document.is_archived:
            raise RefusedError(403, "archived_document_immutable", "The archived document is not editable.")
        if document.display_status in {"queuing", "indexing", "paused"}:
            raise RefusedError(400, "document_indexing", "Cannot delete document during indexing.")
        del dataset.documents[document.id]

    def set_metadata(self, dataset: Dataset, operations: list[dict[str, Any]]) -> None:
        for operation in operations:
            document = dataset.documents.get(operation["document_id"])
            if self.lost_metadata or document is None:
                self.lost_metadata = max(0, self.lost_metadata - 1)
                continue
            values = dict(document.metadata or {}) if operation.get("partial_update") else {}
            for item in operation["metadata_list"]:
                assert dataset.fields[item["name"]] == item["id"]
                values[item["name"]] = (item["id"], item.get("value"))
            document.metadata = values

    def find_document(self, dataset: Dataset, document_id: str) -> Document:
        if document_id not in dataset.documents:
            raise RefusedError(404, "not_found", "Document Not Exists.")
        return dataset.documents[document_id]

    def contents(self, dataset_id: str) -> dict[str, tuple[list[str], dict[str, Any]]]:
        """Return the pieces and the metadata of each document by name, as retrievals would give them."""
        found: dict[str, tuple[list[str], dict[str, Any]]] = {}
        for document in self.datasets[dataset_id].documents.values():
            assert document.name not in found, f"two documents are called {document.name}"
            metadata = {name: value for name, (_, value) in (document.metadata or {}).items()}
            found[document.name] = (cut(document.text, document.rule), metadata)
        return found

    def _require_new_name(self, name: str, own_id: str) -> None:
        if any(other.name == name and other.id != own_id for other in self.datasets.values()):
            raise RefusedError(409, "dataset_name_duplicate", "The dataset name already exists.")

    def _set_text(self, document: Document, body: dict[str, Any]) -> None:
        rule = body["process_rule"]
        assert rule["mode"] == "custom"
        document.text, document.rule, document.step = body["text"], rule["rules"], 0
        is_too_large = rule["rules"]["segmentation"]["max_tokens"] > self.most_tokens
        document.outcome = "error" if is_too_large else self.outcomes.get(document.name, "completed")
