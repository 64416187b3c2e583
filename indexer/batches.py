"""Groups of files -> chunks -> rows with vectors, in this process or in a worker: all of indexing that costs time."""

from __future__ import annotations

import gc
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from codesearch.core.embedding.embedder import Embedder
from codesearch.core.store.rows import RowColumns, chunks_to_columns
from codesearch.core.text.chunk_text import PREFIX_TOKENS
from codesearch.core.text.terms import pack_terms
from codesearch.core.text.word_table import LineWords
from codesearch.core.types import Chunk, SourceFile
from indexer.chunking.budget import ParseLimits, Unparsed
from indexer.chunking.chunker import Chunker
from indexer.chunking.splitting import lines_to_count
from indexer.word_indexing import WordIndexer

# Groups of about this much text keep the cost of handing them over small and the workers evenly busy.
GROUP_CHARACTERS = 256_000
GROUP_FILES = 64
# A third of all lines are closing braces, imports and the like that were there before: they are tokenized once.
REMEMBERED_LINES = 30_000
LONGEST_REMEMBERED_LINE = 80


class Reading(Enum):
    """How a file is read: as well as we can, as lines alone, or not at all."""

    TREE = "tree"
    LINES = "lines"
    NOTHING = "nothing"

    def next_worse(self) -> Reading:
        """Return what is tried when this was too much."""
        return Reading.LINES if self is Reading.TREE else Reading.NOTHING


@dataclass(frozen=True, slots=True)
class UnparsedFile:
    """A file that is indexed by its lines only, not by its syntax, or not at all, and why."""

    path: str
    reason: Unparsed
    is_left_out: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ChunkedFile:
    """A file with its chunks; the text is gone, only its size stays, and its words where the model embeds words."""

    path: str
    content_id: str
    modified_at: int | None
    characters: int
    chunks: tuple[Chunk, ...]
    words: LineWords | None = None
    unparsed: UnparsedFile | None = None


@dataclass(frozen=True, slots=True)
class IndexedFiles:
    """A group of files, ready for the store: their rows, None when no file has a chunk; which were read as lines."""

    paths: tuple[str, ...]
    characters: int
    chunk_count: int
    rows: RowColumns | None
    unparsed: tuple[UnparsedFile, ...] = ()


class ChunkSettings(Protocol):
    """The settings that chunks depend on."""

    @property
    def max_chunk_tokens(self) -> int:
        """The largest chunk."""

    @property
    def max_parse_seconds(self) -> float:
        """The CPU time that a small file's tree may take."""

    @property
    def max_parse_memory_mb(self) -> int:
        """The memory that a small file's tree may take."""


class Guard(Protocol):
    """Who limits the process while it reads a file."""

    def enter(self, position: int, size: int) -> None:
        """Begin with the file at a position of the group, of so many characters."""

    def leave(self) -> None:
        """Be done with the file."""


def parse_limits(settings: ChunkSettings) -> ParseLimits:
    """Return what the settings allow a file's tree to cost."""
    return ParseLimits(settings.max_parse_seconds, settings.max_parse_memory_mb << 20)


class BatchIndexer:
    """Chunks and embeds groups of files. For one thread at a time. `guard` watches over each file, if there is one."""

    def __init__(self, embedder: Embedder, settings: ChunkSettings) -> None:
        limit = min(settings.max_chunk_tokens, embedder.max_tokens - PREFIX_TOKENS)
        model = embedder.static_model
        self._words = WordIndexer(embedder, model) if model is not None else None
        count = RememberingCounter(embedder.count_tokens) if self._words is None else self._words.count_tokens
        self._chunker = Chunker(count, limit, parse_limits(settings))
        self._embedder = embedder
        self.guard: Guard | None = None

    def chunk(
        self, files: Sequence[SourceFile], reading: Reading = Reading.TREE, reason: Unparsed | None = None
    ) -> list[ChunkedFile]:
        """Cut each file into chunks, in order; `reason` says why it is not by their trees, where it is not."""
        with _garbage_kept():
            # What ended a process even as lines is not split into any.
            lines = [[] if reading is Reading.NOTHING else lines_to_count(file.text) for file in files]
            if self._words is not None:
                self._words.forget_many()
                self._words.read_ahead(lines)
            return [
                self._chunk_guarded(position, file, counted, reading, reason)
                for position, (file, counted) in enumerate(zip(files, lines, strict=True))
            ]

    def _chunk_guarded(
        self, position: int, file: SourceFile, counted: list[str], reading: Reading, reason: Unparsed | None
    ) -> ChunkedFile:
        if self.guard is None:
            return self._chunk_file(file, counted, reading, reason)
        self.guard.enter(position, len(file.text))
        try:
            return self._chunk_file(file, counted, reading, reason)
        finally:
            self.guard.leave()

    def _chunk_file(
        self, file: SourceFile, counted: list[str], reading: Reading, reason: Unparsed | None
    ) -> ChunkedFile:
        chunks: tuple[Chunk, ...] = ()
        detail = ""
        if reading is Reading.TREE:
            try:
                chunks, reason = tuple(self._chunker.chunk(file, counted=counted)), self._chunker.unparsed
            except (RecursionError, re.error, ValueError, LookupError, TypeError, AttributeError) as error:
                # Whatever a strange tree makes of our rules, the file has lines.
                reading, reason, detail = Reading.LINES, Unparsed.ERROR, f"{type(error).__name__}: {error}"
        if reading is Reading.LINES:
            chunks = tuple(self._chunker.chunk(file, only_lines=True, counted=counted))
        words = self._words.take_words() if self._words is not None else None
        unparsed = UnparsedFile(file.path, reason, reading is Reading.NOTHING, detail) if reason is not None else None
        return ChunkedFile(file.path, file.content_id, file.modified_at, len(file.text), chunks, words, unparsed)

    def embed(self, files: Sequence[ChunkedFile], source_id: str) -> IndexedFiles:
        """Embed the chunks and build their rows as a data source's, in order.

        With the bundled model, the files are those of the last call of `chunk`: once its table of words has begun
        again, earlier ones raise RuntimeError.
        """
        with _garbage_kept():
            return self._embed(files, source_id)

    def _embed(self, files: Sequence[ChunkedFile], source_id: str) -> IndexedFiles:
        pairs = [(file, chunk) for file in files for chunk in file.chunks]
        paths, characters = tuple(file.path for file in files), sum(file.characters for file in files)
        unparsed = tuple(file.unparsed for file in files if file.unparsed is not None)
        if not pairs:
            return IndexedFiles(paths, characters, 0, None, unparsed)
        chunks = [chunk for _, chunk in pairs]
        if self._words is None:
            vectors, terms = self._embedder.embed_chunks(chunks), [pack_terms(chunk) for chunk in chunks]
        else:
            words = [file.words.of_lines(chunk.start_line, chunk.end_line) for file, chunk in pairs if file.words]
            vectors, terms = self._words.embed(chunks, words), self._words.pack_terms(chunks, words)
        rows = chunks_to_columns(
            chunks,
            source_id=source_id,
            content_ids=[file.content_id for file, _ in pairs],
            modified_at=[file.modified_at for file, _ in pairs],
            terms=terms,
            vectors=vectors,
        )
        return IndexedFiles(paths, characters, len(rows), rows, unparsed)


@contextmanager
def _garbage_kept() -> Iterator[None]:
    """Keep Python from looking for garbage: a group of files makes many objects and no cycles to speak of.

    To look again and again at those that are in use takes a tenth of the time.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


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


def group_files(files: Iterable[SourceFile], most_files: int = GROUP_FILES) -> Iterator[list[SourceFile]]:
    """Yield the files in groups of about GROUP_CHARACTERS, and of `most_files` at most, in order."""
    group: list[SourceFile] = []
    characters = 0
    for file in files:
        group.append(file)
        characters += len(file.text)
        if characters >= GROUP_CHARACTERS or len(group) >= most_files:
            yield group
            group, characters = [], 0
    if group:
        yield group
