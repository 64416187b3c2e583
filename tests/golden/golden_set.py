"""The golden set: what developers would ask of the fixtures, where the answers are, and how well they were found.

One file per fixture repository in queries/. A line `category: query` is followed by its answers, indented, each
`path`, or `path:first-last` where only those lines answer.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codesearch.core.types import Chunk

GOLDEN = Path(__file__).parent
FIXTURES = GOLDEN.parents[1] / "fixtures" / "repos"
CATEGORIES = ("symbol", "semantic", "architecture")
DEPTH = 10


@dataclass(frozen=True, slots=True)
class Target:
    """Lines that answer: lines `first`..`last` of a file, or all of it."""

    path: str
    first: int = 1
    last: int = 1_000_000

    def is_covered_by(self, chunk: Chunk) -> bool:
        """Say whether the chunk shows at least one of the target's lines."""
        return self.path == chunk.path and chunk.start_line <= self.last and self.first <= chunk.end_line


@dataclass(frozen=True, slots=True)
class GoldenQuery:
    """A question to one fixture repository."""

    repository: str
    category: str
    text: str
    targets: tuple[Target, ...]


def read_golden_set() -> list[GoldenQuery]:
    """Return every query, in the order of the files' names and lines. Raises ValueError for a line it cannot read."""
    return [query for path in sorted((GOLDEN / "queries").glob("*.txt")) for query in _read_queries(path)]


def _read_queries(path: Path) -> list[GoldenQuery]:
    queries: list[GoldenQuery] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith(" ") and queries:
            last = queries[-1]
            targets = (*last.targets, _read_target(line.strip()))
            queries[-1] = GoldenQuery(last.repository, last.category, last.text, targets)
        elif line.strip():
            category, separator, text = line.partition(": ")
            if not separator or category not in CATEGORIES:
                raise ValueError(f"{path.name}:{number}: begin with one of {', '.join(CATEGORIES)} and a colon")
            queries.append(GoldenQuery(path.stem, category, text, ()))
    return queries


def _read_target(text: str) -> Target:
    path, separator, lines = text.partition(":")
    if not separator:
        return Target(path)
    first, _, last = lines.partition("-")
    return Target(path, int(first), int(last))


def ranks_of(chunks: Sequence[Chunk], targets: Sequence[Target]) -> list[int | None]:
    """Return for each target the rank, from 0, of the first of ten chunks that covers it, None for none."""
    return [
        next((rank for rank, chunk in enumerate(chunks[:DEPTH]) if target.is_covered_by(chunk)), None)
        for target in targets
    ]


def recall(chunks: Sequence[Chunk], targets: Sequence[Target], depth: int) -> float:
    """Return the share of the targets that the first `depth` chunks cover."""
    return sum(rank is not None and rank < depth for rank in ranks_of(chunks, targets)) / len(targets)


def reciprocal_rank(chunks: Sequence[Chunk], targets: Sequence[Target]) -> float:
    """Return 1 / the rank, from 1, of the first chunk that covers any target, 0 when none of ten does."""
    return max((1 / (rank + 1) for rank in ranks_of(chunks, targets) if rank is not None), default=0.0)


def ndcg(chunks: Sequence[Chunk], targets: Sequence[Target]) -> float:
    """Return the normalised discounted cumulative gain of the first ten chunks (Jarvelin and Kekalainen, 2002).

    A target gains 1 at the rank of the first chunk that covers it, a rank at most 1: further chunks of what was found
    already gain nothing and cost their ranks.
    """
    ranks = set(ranks_of(chunks, targets))
    gain = sum(1 / math.log2(rank + 2) for rank in ranks if rank is not None)
    return gain / sum(1 / math.log2(rank + 2) for rank in range(min(DEPTH, len(targets))))
