"""KnowledgeApi: the calls of Dify's Knowledge API that are used, over one connection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from codesearch.core.errors import DifyError, DifyRefusedError
from codesearch.dify.connection import DifyConnection
from codesearch.dify.values import (
    IndexingState,
    KnowledgeBase,
    MetadataField,
    RemoteDocument,
    read_document,
    read_knowledge_base,
)

PAGE_SIZE = 100
# Names and descriptions of knowledge bases, queries of retrievals, names of documents (later versions take more).
MOST_NAME_CHARACTERS = 40
MOST_DESCRIPTION_CHARACTERS = 400
MOST_QUERY_CHARACTERS = 250
MOST_DOCUMENT_NAME_CHARACTERS = 200
# More than any knowledge base has; a server that repeats its last page for ever ends there.
_MOST_PAGES = 20_000

Item = TypeVar("Item")


class KnowledgeApi:
    """Dify's Knowledge API, as the calls that are needed. Everything raises what `DifyConnection.request` does."""

    def __init__(self, connection: DifyConnection) -> None:
        """Keep the connection; nothing is sent yet."""
        self._connection = connection
        self._word_sign = "-"

    def list_knowledge_bases(self) -> list[KnowledgeBase]:
        """Return every knowledge base that the key can see, in name order; external ones with their API."""
        bases = [self._complete(base) for base in self._pages("/datasets", read_knowledge_base, lambda base: base.id)]
        return sorted(bases, key=lambda base: (base.name.casefold(), base.id))

    def get_knowledge_base(self, base_id: str) -> KnowledgeBase:
        """Return one knowledge base."""
        return read_knowledge_base(self._object("GET", f"/datasets/{_part(base_id)}"))

    def create_knowledge_base(self, body: Mapping[str, Any]) -> KnowledgeBase:
        """Create a knowledge base. A name that another one has is refused with 409."""
        # Names are unique: a second try of what was done already is refused, and seen for what it is.
        return read_knowledge_base(self._object("POST", "/datasets", body))

    def update_knowledge_base(self, base_id: str, body: Mapping[str, Any]) -> None:
        """Change a knowledge base. Of an external one Dify wants everything said again that is to stay."""
        self._connection.request("PATCH", f"/datasets/{_part(base_id)}", body=body)

    def delete_knowledge_base(self, base_id: str) -> None:
        """Delete a knowledge base; one that is gone is no error. One that apps use is refused with 409."""
        self._delete(f"/datasets/{_part(base_id)}")

    def retrieve(self, base_id: str, query: str) -> int:
        """Return how many records Dify finds for a query, with the knowledge base's own settings."""
        path = f"/datasets/{_part(base_id)}/retrieve"
        answer = self._object("POST", path, {"query": query[:MOST_QUERY_CHARACTERS]})
        records = answer.get("records")
        return len(records) if isinstance(records, list) else 0

    def list_documents(self, base_id: str) -> list[RemoteDocument]:
        """Return every document of a native knowledge base, the oldest first, each with its metadata."""
        path = f"/datasets/{_part(base_id)}/documents"
        found = list(self._pages(path, read_document, lambda document: document.id))
        documents = [item if item.metadata is not None else self.get_document(base_id, item.id) for item in found]
        return sorted(documents, key=lambda item: (item.created_at, item.id))

    def get_document(self, base_id: str, document_id: str) -> RemoteDocument:
        """Return one document."""
        return read_document(self._object("GET", f"/datasets/{_part(base_id)}/documents/{_part(document_id)}"))

    def create_document(self, base_id: str, body: Mapping[str, Any]) -> tuple[str, str]:
        """Create a document and return its id and batch. Raises DifyUncertainError where it may be there or not."""
        return self._write_text(f"/datasets/{_part(base_id)}/document/create", body)

    def update_document(self, base_id: str, document_id: str, body: Mapping[str, Any]) -> tuple[str, str]:
        """Give a document another text and return its id and batch. Raises DifyUncertainError as above."""
        return self._write_text(f"/datasets/{_part(base_id)}/documents/{_part(document_id)}/update", body)

    def delete_document(self, base_id: str, document_id: str) -> None:
        """Delete a document; one that is gone is no error. While Dify indexes it, that is refused with 400."""
        self._delete(f"/datasets/{_part(base_id)}/documents/{_part(document_id)}")

    def list_metadata_fields(self, base_id: str) -> list[MetadataField]:
        """Return the fields of metadata that documents of a knowledge base may have."""
        answer = self._object("GET", f"/datasets/{_part(base_id)}/metadata")
        fields = answer.get("doc_metadata") or []
        return [MetadataField(str(item["id"]), str(item["name"])) for item in fields]

    def create_metadata_field(self, base_id: str, name: str) -> None:
        """Create a field of texts."""
        body = {"type": "string", "name": name}
        self._connection.request("POST", f"/datasets/{_part(base_id)}/metadata", body=body, is_repeatable=False)

    def set_metadata(self, base_id: str, operations: Sequence[Mapping[str, Any]]) -> None:
        """Set metadata of documents. Dify says that it did also where it did not: only a new listing tells."""
        path = f"/datasets/{_part(base_id)}/documents/metadata"
        self._connection.request("POST", path, body={"operation_data": list(operations)})

    def read_batch(self, base_id: str, batch: str) -> list[IndexingState]:
        """Return how far Dify is with the documents of a batch."""
        answer = self._object("GET", f"/datasets/{_part(base_id)}/documents/{_part(batch)}/indexing-status")
        return [
            IndexingState(str(item.get("id")), str(item.get("indexing_status")), str(item.get("error") or ""))
            for item in answer.get("data") or []
        ]

    def _write_text(self, path: str, body: Mapping[str, Any]) -> tuple[str, str]:
        """Send a text; servers know the address with hyphens, with underscores, or both ways."""
        try:
            answer = self._object("POST", self._spell(path), body, is_repeatable=False)
        except DifyRefusedError as error:
            if error.status not in {404, 405}:
                raise
            self._word_sign = "_" if self._word_sign == "-" else "-"
            try:
                answer = self._object("POST", self._spell(path), body, is_repeatable=False)
            except DifyRefusedError as second:
                self._word_sign = "_" if self._word_sign == "-" else "-"
                raise error if second.status in {404, 405} else second from None
        document = answer.get("document") or {}
        return str(document.get("id") or ""), str(answer.get("batch") or "")

    def _spell(self, path: str) -> str:
        return f"{path}{self._word_sign}by{self._word_sign}text"

    def _delete(self, path: str) -> None:
        try:
            self._connection.request("DELETE", path)
        except DifyRefusedError as error:
            if error.status != 404:
                raise

    def _complete(self, base: KnowledgeBase) -> KnowledgeBase:
        return self.get_knowledge_base(base.id) if base.is_external and not base.api_id else base

    def _pages(self, path: str, read: Callable[[Any], Item], identify: Callable[[Item], str]) -> Iterator[Item]:
        """Yield what all pages list, each once, up to an empty page.

        `has_more` is true on a last page that is full, and false where the server gives fewer than it is asked for:
        only with `total` it says something.
        """
        seen: set[str] = set()
        for page in range(1, _MOST_PAGES + 1):
            answer = self._object("GET", path, params={"page": page, "limit": PAGE_SIZE})
            data = answer.get("data") or []
            new = [item for item in map(read, data) if identify(item) not in seen]
            if not new:
                return
            seen.update(map(identify, new))
            yield from new
            total = answer.get("total")
            if answer.get("has_more") is False and isinstance(total, int) and len(seen) >= total:
                return

    def _object(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        params: Mapping[str, str | int] | None = None,
        is_repeatable: bool = True,
    ) -> Mapping[str, Any]:
        value = self._connection.request(method, path, body=body, params=params, is_repeatable=is_repeatable)
        if not isinstance(value, Mapping):
            raise DifyError(f"Dify answered {method} {path} with something else than an object: is it a Dify at all?")
        return value


def _part(text: str) -> str:
    """Return an id as a part of an address, whatever somebody or some server put into it."""
    return quote(text, safe="")
