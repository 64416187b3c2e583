"""The same files as one segment and as several, with older versions of them that no longer count: real files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from codesearch.core.index.builder import build_search_index
from codesearch.core.index.manifest import count_terms
from codesearch.core.index.search_index import SearchIndex, open_search_index
from codesearch.core.index.source_index import SourceIndex
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.core.store.store_rows import to_batch

Rows = Sequence[IndexedChunk]


def build_one(folder: Path, files: Mapping[str, Rows]) -> SourceIndex:
    """Return the index of the files, of one segment; `folder` has to be new."""
    return SourceIndex([_build(folder / "one.index", files.values())])


def build_several(folder: Path, files: Mapping[str, Rows], older: Mapping[str, Rows]) -> SourceIndex:
    """Return an index of the same files in four segments, of which the second has nothing that counts.

    The files lie in turn in the three others. `older` are what came before: of a path that is none of the files' all
    over the older segments, of the others in those before theirs.
    """
    owners = {path: (0, 2, 3)[number % 3] for number, path in enumerate(sorted(files))}
    segments, dead_terms = [], []
    for number in range(4):
        live = {path: rows for path, rows in files.items() if owners[path] == number}
        dead = {path: rows for path, rows in older.items() if owners.get(path, 3) > number}
        path = folder / f"{number}.index"
        whole = _build(path, [*live.values(), *dead.values()])
        numbers = [file for path in sorted(dead) if (file := whole.find_file(path)) is not None]
        segments.append(whole.without(np.array(numbers, np.int32)))
        dead_terms.append(count_terms(whole, np.array(numbers, np.int32)))
    return SourceIndex(segments, dead_terms)


def _build(path: Path, files: Iterable[Rows]) -> SearchIndex:
    rows = [row for of_file in files for row in of_file]
    build_search_index([to_batch(rows)] if rows else [], len(rows[0].vector), path)
    segment = open_search_index(path)
    assert segment is not None
    return segment
