"""Search indexes of texts that a test writes down: the real chunker, real files, made-up vectors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from codesearch.core.index.source_index import SourceIndex
from codesearch.core.types import SourceFile
from indexer.chunking.chunker import Chunker
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.core.store.store_rows import build_index, unit_vector

_WORD = re.compile(r"\w+|[^\w\s]")


def count_words(texts: Sequence[str]) -> list[int]:
    return [len(_WORD.findall(text)) for text in texts]


def index_texts(folder: Path, files: Mapping[str, str], max_tokens: int = 400) -> SourceIndex:
    """Chunk the files and return their index, of one segment."""
    chunker = Chunker(count_words, max_tokens)
    chunks = [chunk for path, text in files.items() for chunk in chunker.chunk(SourceFile(path, text, "id", None))]
    rows = [IndexedChunk(chunk, "id", None, unit_vector(1)) for chunk in chunks]
    return SourceIndex([build_index(folder, rows)])
