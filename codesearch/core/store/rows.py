"""What a row of the store is, without Arrow: its format, its id, and rows by column as worker processes send them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.columns import quantise
from codesearch.core.paths import file_extension_of
from codesearch.core.text.chunk_text import shows_signature
from codesearch.core.types import Chunk

T = TypeVar("T")

SCHEMA_VERSION = 7
# The major version of Lance in the lancedb that pyproject.toml pins. Version 14 writes what 13 would corrupt without a
# word, so that rows of another generation are another format. Raise it with the pin.
LANCE_GENERATION = 13
_FIRST_GENERATION = 13
TABLE_PREFIX = "chunks_"


@dataclass(frozen=True, slots=True)
class IndexFormat:
    """What must agree between the code that wrote an index and the code that reads it."""

    embedding_model: str
    embedding_fingerprint: str
    dimension: int
    chunker_version: str
    schema_version: int = SCHEMA_VERSION
    lance_generation: int = LANCE_GENERATION

    def as_json(self) -> dict[str, str | int]:
        """Return what a table remembers. The first generation of Lance is not written: older tables do not say it."""
        values = asdict(self)
        if self.lance_generation == _FIRST_GENERATION:
            del values["lance_generation"]
        return values

    @property
    def table_name(self) -> str:
        """The table that holds rows of this format: another format is another table."""
        text = json.dumps(self.as_json(), sort_keys=True)
        return TABLE_PREFIX + hashlib.sha256(text.encode()).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class RowColumns:
    """Rows by column, each in the same order, but for the columns that are the same in every row of a run.

    `texts` are by column name, '' where there is no value. `symbol_start_lines` and `symbol_end_lines` are 0 for rows
    that are no piece of a longer definition. `subjects` are, in the first row of each file that has any, those of the
    commits that changed it, one a line, the newest first; None in the others, empty where no file has any. `vectors`
    (rows, dimension) and `vector_scales` (rows,) are those of `quantise`.
    """

    texts: dict[str, list[str]]
    start_lines: list[int]
    end_lines: list[int]
    symbol_start_lines: list[int]
    symbol_end_lines: list[int]
    holds_head: list[bool]
    modified_at: list[int | None]
    declares: list[bool]
    terms: list[bytes]
    vectors: NDArray[np.int8]
    vector_scales: NDArray[np.float32]
    subjects: Sequence[str | None] = ()

    def __len__(self) -> int:
        return len(self.start_lines)

    def take(self, places: Sequence[int]) -> RowColumns:
        """Return the rows at some places, in the order given."""

        def chosen(values: Sequence[T]) -> list[T]:
            return [values[place] for place in places]

        return RowColumns(
            texts={name: chosen(values) for name, values in self.texts.items()},
            start_lines=chosen(self.start_lines),
            end_lines=chosen(self.end_lines),
            symbol_start_lines=chosen(self.symbol_start_lines),
            symbol_end_lines=chosen(self.symbol_end_lines),
            holds_head=chosen(self.holds_head),
            modified_at=chosen(self.modified_at),
            declares=chosen(self.declares),
            terms=chosen(self.terms),
            vectors=self.vectors[np.array(places, np.int64)],
            vector_scales=self.vector_scales[np.array(places, np.int64)],
        )


def document_id_of(source_id: str, chunk: Chunk) -> str:
    """Return the record's id, 32 hex digits: the same as long as its path, its lines and its symbol are."""
    lines = chunk.start_line, chunk.end_line
    return identify_row(source_id, chunk.path, lines, chunk.symbol or "", chunk.content)


def identify_row(source_id: str, path: str, lines: tuple[int, int], symbol: str, content: str) -> str:
    """Return the id of the record of a row, which is not kept with it."""
    parts = (source_id, path, str(lines[0]), str(lines[1]), symbol, content)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def chunks_to_columns(
    chunks: Sequence[Chunk],
    *,
    source_id: str,
    content_ids: list[str],
    modified_at: list[int | None],
    terms: list[bytes],
    vectors: NDArray[np.float32],
) -> RowColumns:
    """Turn chunks, at least one, with what else their rows need into columns in the given order."""
    paths = [chunk.path for chunk in chunks]
    whole, scales = quantise(vectors)
    extensions = {path: file_extension_of(path) or "" for path in set(paths)}
    return RowColumns(
        texts={
            "document_id": [document_id_of(source_id, chunk) for chunk in chunks],
            "path": paths,
            "file_extension": [extensions[path] for path in paths],
            "language": [chunk.language or "" for chunk in chunks],
            "artifact_kind": [chunk.artifact_kind.value for chunk in chunks],
            "symbol": [chunk.symbol or "" for chunk in chunks],
            "symbol_kind": [chunk.symbol_kind or "" for chunk in chunks],
            "signature": [chunk.signature or "" for chunk in chunks],
            "outline": [chunk.outline or "" for chunk in chunks],
            "content": [chunk.content for chunk in chunks],
            "content_id": content_ids,
        },
        start_lines=[chunk.start_line for chunk in chunks],
        end_lines=[chunk.end_line for chunk in chunks],
        symbol_start_lines=[chunk.symbol_lines[0] if chunk.symbol_lines else 0 for chunk in chunks],
        symbol_end_lines=[chunk.symbol_lines[1] if chunk.symbol_lines else 0 for chunk in chunks],
        holds_head=[chunk.holds_head for chunk in chunks],
        modified_at=modified_at,
        declares=[shows_signature(chunk) for chunk in chunks],
        terms=terms,
        vectors=whole,
        vector_scales=scales,
    )
