"""Groups of files -> chunks -> rows with vectors, in this process or in a worker: all of indexing that costs time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from codesearch.core.embedding import PREFIX_TOKENS, Embedder
from codesearch.core.store_rows import IndexedChunk, RowColumns, rows_to_columns
from codesearch.core.types import Chunk, SourceFile
from indexer.chunking import Chunker

# Groups of about this much text keep the cost of handing them over small and the workers evenly busy.
GROUP_CHARACTERS = 256_000
GROUP_FILES = 64
# A third of all lines are closing braces, imports and the like that were there before: they are tokenized once.
REMEMBERED_LINES = 30_000
LONGEST_REMEMBERED_LINE = 80


@dataclass(frozen=True, slots=True)
class ChunkedFile:
    """A file with its chunks; the text is gone, only its size stays."""

    path: str
    content_id: str
    modified_at: int | None
    characters: int
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class IndexedFiles:
    """A group of files, ready for the store: their rows, None when no file has a chunk."""

    paths: tuple[str, ...]
    characters: int
    chunk_count: int
    rows: RowColumns | None


class ChunkSettings(Protocol):
    """The settings that chunks depend on."""

    @property
    def max_chunk_tokens(self) -> int:
        """The largest chunk."""


class BatchIndexer:
    """Chunks and embeds groups of files. For one thread at a time."""

    def __init__(self, embedder: Embedder, settings: ChunkSettings) -> None:
        limit = min(settings.max_chunk_tokens, embedder.max_tokens - PREFIX_TOKENS)
        self._chunker = Chunker(RememberingCounter(embedder.count_tokens), limit)
        self._embedder = embedder

    def chunk(self, files: Sequence[SourceFile]) -> list[ChunkedFile]:
        """Cut each file into chunks, in order."""
        return [
            ChunkedFile(file.path, file.content_id, file.modified_at, len(file.text), tuple(self._chunker.chunk(file)))
            for file in files
        ]

    def embed(self, files: Sequence[ChunkedFile], source_id: str) -> IndexedFiles:
        """Embed the chunks and build their rows as a data source's, in order."""
        pairs = [(file, chunk) for file in files for chunk in file.chunks]
        paths, characters = tuple(file.path for file in files), sum(file.characters for file in files)
        if not pairs:
            return IndexedFiles(paths, characters, 0, None)
        vectors = self._embedder.embed_chunks([chunk for _, chunk in pairs])
        rows = [
            IndexedChunk(chunk, file.content_id, file.modified_at, vector)
            for (file, chunk), vector in zip(pairs, vectors, strict=True)
        ]
        return IndexedFiles(paths, characters, len(rows), rows_to_columns(rows, source_id))


class RememberingCounter:
    """Counts tokens as `count` does, asking for each short line that comes up again only once."""

    def __init__(self, count: Callable[[Sequence[str]], list[int]]) -> None:
        self._count = count
        self._known: dict[str, int] = {}

    def __call__(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text."""
        known = self._known
        new = [text for text in dict.fromkeys(texts) if text not in known]
        if not new:
            return [known[text] for text in texts]
        fresh = dict(zip(new, self._count(new), strict=True))
        counts = [fresh[text] if text in fresh else known[text] for text in texts]
        if len(known) < REMEMBERED_LINES:
            known.update((text, number) for text, number in fresh.items() if len(text) <= LONGEST_REMEMBERED_LINE)
        return counts


def group_files(files: Iterable[SourceFile]) -> Iterator[list[SourceFile]]:
    """Yield the files in groups of about GROUP_CHARACTERS, in order."""
    group: list[SourceFile] = []
    characters = 0
    for file in files:
        group.append(file)
        characters += len(file.text)
        if characters >= GROUP_CHARACTERS or len(group) >= GROUP_FILES:
            yield group
            group, characters = [], 0
    if group:
        yield group
