"""MetadataWriter: the fields of a knowledge base, made once, and documents' values, set for many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from codesearch.core.errors import DifyError, DifyRefusedError, DifyUncertainError
from codesearch.dify.knowledge_api import KnowledgeApi
from codesearch.dify.mirroring.documents import FIELDS
from codesearch.dify.values import RemoteDocument

# What Dify calls its own fields' id.
_BUILT_IN = "built-in"
_ATTEMPTS = 3


class MetadataWriter:
    """Writes metadata of the documents of one knowledge base."""

    def __init__(self, api: KnowledgeApi, base_id: str) -> None:
        """Keep the parts; fields are looked up, and made where they are missing, at the first write."""
        self._api = api
        self._base_id = base_id
        self._field_ids: dict[str, str] | None = None

    def write(self, documents: Iterable[tuple[str, RemoteDocument | None, Mapping[str, str]]]) -> None:
        """Set the values of documents, each with its id and what is known of it; what others set there stays."""
        ids = self._field_ids = self._field_ids or self._require_fields()
        operations = []
        for document_id, document, values in documents:
            fields = [{"id": ids[name], "name": name, "value": value or None} for name, value in values.items()]
            operations.append(
                {
                    "document_id": document_id,
                    # Earlier versions know no partial update and erase what is not said again.
                    "metadata_list": [*fields, *(_kept_fields(document) if document is not None else ())],
                    "partial_update": True,
                }
            )
        if operations:
            self._api.set_metadata(self._base_id, operations)

    def _require_fields(self) -> dict[str, str]:
        last_error: DifyError | None = None
        for _ in range(_ATTEMPTS):
            found = self._list_fields()
            missing = [name for name in FIELDS if name not in found]
            if not missing:
                return found
            for name in missing:
                try:
                    self._api.create_metadata_field(self._base_id, name)
                except (DifyRefusedError, DifyUncertainError) as error:
                    # Perhaps it is there now: by this call, whose answer was lost, or by another one.
                    last_error = error
        reason = f": {last_error.message}" if last_error is not None else "."
        raise DifyError(f"Dify does not make the metadata fields {', '.join(missing)}{reason}") from last_error

    def _list_fields(self) -> dict[str, str]:
        return {item.name: item.id for item in self._api.list_metadata_fields(self._base_id)}


def _kept_fields(document: RemoteDocument) -> Iterable[dict[str, object]]:
    """Yield the fields of a document that are neither ours nor Dify's own."""
    for name, value in (document.metadata or {}).items():
        field_id = document.metadata_ids.get(name, "")
        if name not in FIELDS and field_id not in {"", _BUILT_IN}:
            yield {"id": field_id, "name": name, "value": value}
