"""The files of a data source as documents that a knowledge base is to have. Pure but for reading the index."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.types import DataSource
from codesearch.dify.knowledge_api import MOST_DOCUMENT_NAME_CHARACTERS
from codesearch.dify.mirroring.texts import build_pieces, build_process_rule, choose_separator, join_pieces
from codesearch.retrieval.links import line_url
from codesearch.retrieval.records import describe_symbol

# Part of every document's hash: raised when what is sent for the same file changes.
_FORMAT = "1"
STATE_FIELD = "codesearch_state"
# In the order in which they are made; all are texts.
FIELDS = ("path", "language", "commit", "data_source", "url", STATE_FIELD)


@dataclass(frozen=True, slots=True)
class WantedDocument:
    """A document that a knowledge base is to have: its name there, its path here, and what tells a change."""

    name: str
    path: str
    content_hash: str


@dataclass(frozen=True, slots=True)
class DocumentText:
    """What is sent for a document: its text, and the rule by which Dify cuts it."""

    text: str
    process_rule: Mapping[str, object]


class SourceDocuments:
    """The documents of one data source, read from its search index when they are needed."""

    def __init__(self, source: DataSource, index: SourceIndex, max_tokens: int) -> None:
        """Keep the parts; pieces have at most `max_tokens` bytes."""
        self.source = source
        self._index = index
        self._max_tokens = max_tokens

    def list_wanted(self) -> dict[str, WantedDocument]:
        """Return the documents by name, in the order of the paths; files without a text have none."""
        wanted: dict[str, WantedDocument] = {}
        for path, segment, file in self._index.files_below(""):
            built = self._build(segment, file)
            if built is not None:
                name = name_document(path)
                wanted[name] = WantedDocument(name, path, self._hash(path, built))
        return wanted

    def build_text(self, path: str) -> DocumentText | None:
        """Return what is sent for a file; None for one without a text."""
        file = self._index.find_file(path)
        return None if file is None else self._build(*file)

    def _build(self, segment: SearchIndex, file: int) -> DocumentText | None:
        chunks = [segment.chunk_of(row) for row in segment.rows_of_file(file)]
        described = [(chunk, describe_symbol(chunk)) for chunk in chunks]
        pieces = build_pieces(self.source.name, described, self._max_tokens)
        if not pieces:
            return None
        separator = choose_separator(pieces)
        return DocumentText(join_pieces(pieces, separator), build_process_rule(separator, self._max_tokens))

    def build_metadata(self, wanted: WantedDocument, *, is_pending: bool = False) -> dict[str, str]:
        """Return the values of `FIELDS`, '' where there is none; a pending document has text of unknown content."""
        commit = self.source.commit_of(wanted.path) or ""
        return {
            "path": wanted.path,
            "language": self._language_of(wanted.path),
            "commit": commit,
            "data_source": self.source.name,
            "url": self._url_of(wanted.path, commit),
            STATE_FIELD: build_state(self.source.id, "" if is_pending else wanted.content_hash),
        }

    def _language_of(self, path: str) -> str:
        found = self._index.find_file(path)
        if found is None:
            return ""
        segment, file = found
        codes = segment.row_languages
        return next((name for row in segment.rows_of_file(file) if (name := segment.languages[codes[row]])), "")

    def _url_of(self, path: str, commit: str) -> str:
        found = self._index.find_file(path)
        last = 1
        if found is not None:
            segment, file = found
            last = int(segment.end_lines[segment.rows_of_file(file)[-1]])
        return line_url(self.source.location, commit, path, 1, last) or ""

    def _hash(self, path: str, built: DocumentText) -> str:
        parts = (_FORMAT, path, self._language_of(path), str(sorted(built.process_rule.items())), built.text)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def name_document(path: str) -> str:
    """Return a document's name: the path, or where Dify would cut or change that, as much of it and a hash."""
    visible = "".join(character if character.isprintable() else " " for character in path).strip()
    if visible == path and len(path) <= MOST_DOCUMENT_NAME_CHARACTERS:
        return path
    ending = f"~{hashlib.sha256(path.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
    return visible[: MOST_DOCUMENT_NAME_CHARACTERS - len(ending)] + ending


def build_state(source_id: str, content_hash: str) -> str:
    """Return what says whose a document is and what it holds; with '' for what is being changed."""
    return f"{source_id}:{content_hash}"


def read_state(metadata: Mapping[str, object] | None) -> tuple[str, str] | None:
    """Return the data source's id and the content hash of a document that a push made; None for any other."""
    value = (metadata or {}).get(STATE_FIELD)
    if not isinstance(value, str) or ":" not in value:
        return None
    source_id, _, content_hash = value.partition(":")
    return source_id, content_hash
