"""Data sources that consist of several segments with dead files, beside what they are in one, for tests."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.manifest import count_terms
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import SourceIndex
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.retrieval.index_rows import DIMENSION, index_of, make_row, random_vectors

WORDS = "alpha beta gamma delta parse retry request socket handler buffer token stream cache index query parser".split()
FOLDERS = ("", "src/", "src/net/", "tests/", "docs/", "lib/v1/", "lib/v2/", "zz/")
LANGUAGES = (("py", "python"), ("go", "go"), ("md", "markdown"), ("js", "javascript"))


def draw_files(chance: random.Random, count: int, most_rows: int = 4) -> dict[str, list[IndexedChunk]]:
    """Return the rows of so many made-up files, by path."""
    files: dict[str, list[IndexedChunk]] = {}
    while len(files) < count:
        extension, language = chance.choice(LANGUAGES)
        path = (
            f"{chance.choice(FOLDERS)}{chance.choice(WORDS)}{chance.choice(['', chance.randrange(count)])}.{extension}"
        )
        files[path] = draw_rows(chance, path, language, most_rows)
    return files


def draw_rows(chance: random.Random, path: str, language: str, most_rows: int = 4) -> list[IndexedChunk]:
    """Return made-up rows of a file: definitions with few names, pieces of one, plain text; some say the same.

    Of half of the files it is known what the commits said that changed them.
    """
    rows: list[IndexedChunk] = []
    line = 1
    for _ in range(chance.randint(1, most_rows)):
        lines = [" ".join(chance.choices(WORDS, k=chance.randint(1, 6))) for _ in range(chance.randint(1, 4))]
        if chance.random() < 0.1:
            lines = ["could not open the socket of the request"]
        name = chance.choice(["retry", "parse", "Client.retry", "Parser.parse", "read_token", None, None])
        vector = _draw_vector(chance)
        kind = chance.choice(["function", "method", "class"])
        if name is not None and chance.random() < 0.3:
            whole = (line, line + len(lines))
            for number, text in enumerate(("\n".join(lines), "return alpha")):
                start = line if not number else line + len(lines)
                rows.append(
                    make_row(path, text, start=start, symbol=name, kind=kind, signature=f"def {name}(x)",
                             language=language, vector=_draw_vector(chance), symbol_lines=whole,
                             holds_head=not number)
                )  # fmt: skip
        else:
            rows.append(
                make_row(path, "\n".join(lines), start=line, symbol=name, kind=kind, language=language, vector=vector)
            )
        line += len(lines) + 2
    # Of its own chance: what else is drawn stays as it was.
    of_subjects = random.Random(f"{path} {line} {rows[0].chunk.content}")
    if of_subjects.random() < 0.5:
        said = (" ".join(of_subjects.choices(WORDS, k=of_subjects.randint(1, 6))) for _ in range(8))
        rows[0] = replace(rows[0], subjects="\n".join(said))
    return rows


def _draw_vector(chance: random.Random) -> NDArray[np.float32]:
    vector: NDArray[np.float32] = random_vectors(1, DIMENSION, seed=chance.randrange(1 << 30))[0]
    return vector


def divide(
    chance: random.Random, files: dict[str, list[IndexedChunk]], segments: int, *, redrawn: float = 0.3
) -> tuple[SourceIndex, SourceIndex]:
    """Return a source that has files in one segment, and in several: of some an older one has another version."""
    whole = SourceIndex([index_of([row for rows in files.values() for row in rows])])
    contents: list[dict[str, list[IndexedChunk]]] = [{} for _ in range(segments)]
    dead: list[list[str]] = [[] for _ in range(segments)]
    for path, rows in files.items():
        owner = chance.randrange(segments)
        contents[owner][path] = rows
        for older in range(owner):
            if chance.random() < redrawn:
                contents[older][path] = draw_rows(chance, path, rows[0].chunk.language or "python")
                dead[older].append(path)
    for number in range(segments):
        for path, rows in draw_files(chance, chance.randrange(3)).items():
            if path not in files:
                contents[number].setdefault(path, rows)
                dead[number] = sorted({*dead[number], path})
    return whole, join_segments(contents, dead)


def join_segments(contents: Sequence[dict[str, list[IndexedChunk]]], dead: Sequence[Sequence[str]]) -> SourceIndex:
    """Return the source of segments with these files, without those that have none."""
    segments: list[SearchIndex] = []
    counts = []
    for files, dead_paths in zip(contents, dead, strict=True):
        if files:
            made = index_of([row for rows in files.values() for row in rows])
            numbers = np.array(
                sorted(file for path in dead_paths if (file := made.find_file(path)) is not None), np.int32
            )
            segments.append(made.without(numbers))
            counts.append(count_terms(made, numbers))
    return SourceIndex(segments, counts)
