"""Searches in a data source of several segments beside the same rows in one: whether and how fast they answer alike.

python -m benchmarks.segments TREE... [--queries FILE] [--data-dir DIR] [--segments 10] [--dead 0.1] [--rounds 3]

Each tree is indexed, and its rows are written to one segment; to `--segments` by chance, a share `--dead` of whose
files earlier ones have, too, as dead ones; and to a large one with nine small ones of `--changed` files each. FILE
holds a query per line; without one, the golden set asks. All are asked in turns. Prints one JSON object per tree and
way to divide it: the share of queries with other first ten records, of those with other scores, milliseconds at p50
and CPU milliseconds per search of one segment and of several, and the quotients.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from benchmarks.latency import read_queries
from benchmarks.quality import open_assembly
from codesearch.assembly import Assembly, open_indexer
from codesearch.core.index.builder import build_search_index
from codesearch.core.index.manifest import count_terms
from codesearch.core.index.merging import read_rows
from codesearch.core.index.search_index import SearchIndex, open_search_index
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.types import DataSource, Hit, SearchQuery
from codesearch.retrieval.search import Retriever
from codesearch.retrieval.turns import Work
from indexer.pipeline import SilentProgress

TOP_K = 10
SCORE_TOLERANCE = 1e-3
SMALL_SEGMENTS = 9


@dataclass(slots=True)
class Times:
    """What each search took, in milliseconds."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def summarise(self) -> tuple[float, float]:
        """Return the median and the mean CPU time."""
        return float(np.median(self.wall)), float(np.mean(self.cpu))


class OneIndex:
    """The search indexes of a single data source."""

    def __init__(self, index: SourceIndex) -> None:
        self._index = index

    def get(self, source_id: str, run_id: int) -> SourceIndex:
        """Return the index, whatever is asked for."""
        return self._index


def main() -> None:
    """Index, divide, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE", help="folders with source code")
    parser.add_argument("--queries", type=Path, help="a file with one query per line; default: the golden set")
    parser.add_argument("--data-dir", type=Path, help="keep the index here, and use it when it is there")
    parser.add_argument("--segments", type=int, default=10, help="how many the rows are divided into")
    parser.add_argument("--dead", type=float, default=0.1, help="the share of files with an older version")
    parser.add_argument("--changed", type=int, default=10, help="files of each small segment beside a large one")
    parser.add_argument("--rounds", type=int, default=3, help="how often each query is asked")
    arguments = parser.parse_args()
    queries = read_queries(arguments.queries)
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = arguments.data_dir or Path(temporary) / "data"
        with closing(open_assembly(data_dir)) as assembly:
            for tree in arguments.trees:
                report = open_indexer(assembly).index(
                    str(tree), name=None, branch=None, subdir=None, progress=SilentProgress()
                )
                index = assembly.search_indexes.get(report.source.id, report.source.run_id)
                divider = Divider(index, Path(temporary), random.Random(tree.name))
                whole = divider.join()
                print(f"{tree.name}: {whole.row_count} chunks", file=sys.stderr)
                for name, divided in (
                    (f"{arguments.segments} alike", divider.divide(arguments.segments, arguments.dead)),
                    (f"a large and {SMALL_SEGMENTS} small", divider.change(arguments.changed)),
                ):
                    found = compare(assembly, report.source, whole, divided, queries, arguments.rounds)
                    print(json.dumps({"tree": tree.name, "segments": name, **found}), flush=True)


class Divider:
    """Writes the live rows of a data source to new segments."""

    def __init__(self, index: SourceIndex, folder: Path, chance: random.Random) -> None:
        self._index = index
        self._folder = folder
        self._chance = chance
        self._paths = [path for path, _, _ in index.files_below("")]

    def join(self) -> SourceIndex:
        """Return them in one segment."""
        return SourceIndex([self._write(set(self._paths))])

    def divide(self, count: int, dead: float) -> SourceIndex:
        """Return them in as many segments, of which earlier ones have a share of the files of later ones as dead."""
        contents: list[set[str]] = [set() for _ in range(count)]
        dead_paths: list[set[str]] = [set() for _ in range(count)]
        for path in self._paths:
            owner = self._chance.randrange(count)
            contents[owner].add(path)
            if owner and self._chance.random() < dead:
                dead_paths[self._chance.randrange(owner)].add(path)
        return self._make(contents, dead_paths)

    def change(self, files: int) -> SourceIndex:
        """Return them in a large segment and some small ones, whose files the large one has as dead ones."""
        changed = self._chance.sample(self._paths, min(len(self._paths), SMALL_SEGMENTS * files))
        parts = [set(changed[number::SMALL_SEGMENTS]) for number in range(SMALL_SEGMENTS)]
        nothing: list[set[str]] = [set() for _ in parts]
        return self._make([set(self._paths) - set(changed), *parts], [set(changed), *nothing])

    def _make(self, contents: Sequence[set[str]], dead_paths: Sequence[set[str]]) -> SourceIndex:
        segments, counts = [], []
        for paths, dead in zip(contents, dead_paths, strict=True):
            if paths | dead:
                made = self._write(paths | dead)
                files = np.array(sorted(file for path in dead if (file := made.find_file(path)) is not None), np.int32)
                segments.append(made.without(files))
                counts.append(count_terms(made, files))
        return SourceIndex(segments, counts)

    def _write(self, paths: set[str]) -> SearchIndex:
        parts = [
            segment.without(
                np.array(
                    [file for file in range(segment.file_count) if not self._is_wanted(segment, file, paths)], np.int32
                )
            )
            for segment in self._index.segments
        ]
        path = self._folder / f"{len(list(self._folder.glob('*.segment')))}.segment"
        build_search_index((batch for part in parts for batch in read_rows(part)), self._index.dimension, path)
        made = open_search_index(path)
        if made is None:
            raise RuntimeError(f"{path} cannot be read back")
        return made

    def _is_wanted(self, segment: SearchIndex, file: int, paths: set[str]) -> bool:
        return segment.is_live(file) and segment.path_of(file) in paths


def compare(
    assembly: Assembly,
    source: DataSource,
    whole: SourceIndex,
    divided: SourceIndex,
    queries: Sequence[str],
    rounds: int,
) -> dict[str, float]:
    """Ask both in turns; return how they differ and what they take."""
    retrievers = [
        Retriever(OneIndex(index), assembly.catalog, lambda: assembly.embedder, assembly.index_format.table_name)
        for index in (whole, divided)
    ]
    for retriever in retrievers:
        retriever.warm_up()
        ask(retriever, source, queries[0], Times())
    times = Times(), Times()
    other_records = other_scores = 0
    for query in queries:
        for _ in range(rounds):
            expected, found = (
                ask(retriever, source, query, of_one) for retriever, of_one in zip(retrievers, times, strict=True)
            )
        same = [place_of(hit) for hit in found] == [place_of(hit) for hit in expected]
        other_records += not same
        other_scores += same and any(
            abs(one.score - other.score) > SCORE_TOLERANCE for one, other in zip(found, expected, strict=True)
        )
    (one_wall, one_cpu), (wall, cpu) = (of_one.summarise() for of_one in times)
    return {
        "rows": whole.row_count,
        "queries": len(queries),
        "other_records": round(other_records / len(queries), 4),
        "other_scores": round(other_scores / len(queries), 4),
        "p50_of_one": round(one_wall, 2),
        "p50": round(wall, 2),
        "p50_quotient": round(wall / one_wall, 2),
        "cpu_of_one": round(one_cpu, 2),
        "cpu": round(cpu, 2),
        "cpu_quotient": round(cpu / one_cpu, 2),
    }


def ask(retriever: Retriever, source: DataSource, query: str, times: Times) -> list[Hit]:
    """Return the first records, and add what they took."""
    wall, cpu = time.perf_counter(), time.process_time()
    hits = retriever.search([source], SearchQuery(source.id, query, TOP_K), Work("benchmark"))
    times.wall.append(1000 * (time.perf_counter() - wall))
    times.cpu.append(1000 * (time.process_time() - cpu))
    return hits


def place_of(hit: Hit) -> tuple[str, int, int]:
    """Return where a record stands."""
    return hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line


if __name__ == "__main__":
    main()
