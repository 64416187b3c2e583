"""Queries with known answers for ranker.py: each with its candidates' features and which of them answer."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from clones import Repository, find_clone
from numpy.typing import NDArray

from benchmarks.quality import index_trees, open_assembly
from codesearch.assembly import Assembly, open_indexer
from codesearch.cli.evaluate import choose_history, index_base
from codesearch.core.config import load_settings
from codesearch.core.predicates import EVERYTHING
from codesearch.core.types import DataSource
from codesearch.retrieval.candidates import JoinedCandidates, find_candidates, join_candidates
from codesearch.retrieval.features.table import FEATURES, compute_features
from codesearch.retrieval.features.view import View
from codesearch.retrieval.matches import Matches, describe_matches
from codesearch.retrieval.query.terms import parse_query
from indexer.history.repository import open_history
from indexer.pipeline import SilentProgress
from indexer.source.git import Git
from indexer.source.git_snapshot import GitSnapshot
from indexer.source.opening import parse_location
from indexer.source.skipping import Skipped
from tests.golden.golden_set import FIXTURES, read_golden_set

__all__ = ["FEATURES", "Query", "export_trees", "index_fixtures", "read_benchmark", "read_golden", "read_history"]

# Of each repository's history.
COMMITS = 60
_WANTED = 10
_LAST_LINE = 1 << 30
# A path, first line, last line; all of the file without lines.
Target = tuple[str, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """A query's candidates: features (c, f), files (c,) ascending, covers (c, t) bool, which of t found targets.

    `match_values` (terms, c, features) are kept at half precision, `match_shares` (terms,). `target_count` counts those
    too that no candidate covers.
    """

    repository: str
    kind: str
    text: str
    weight: float
    features: NDArray[np.float32]
    match_values: NDArray[np.float16]
    match_shares: NDArray[np.float32]
    files: NDArray[np.int64]
    covers: NDArray[np.bool_]
    target_count: int

    @property
    def is_name(self) -> bool:
        """Whether the query is one word."""
        return len(self.text.split()) == 1

    def matches_of(self, rows: NDArray[np.intp]) -> Matches:
        """Return the matches of these rows."""
        return Matches(self.match_values[:, rows].astype(np.float32), self.match_shares)


def read_benchmark(assembly: Assembly, bench: Path, trees: Path, prefix: str, weight: float) -> Iterator[Query]:
    """Yield the queries of an annotated benchmark: repos.json and annotations/NAME.json.

    `prefix` stands before the names of its repositories and kinds.
    """
    for name, source_id in list(index_trees(assembly, bench, trees, [])):
        known = [path.relative_to(trees / name).as_posix() for path in (trees / name).rglob("*") if path.is_file()]
        source = assembly.catalog.get_source(source_id)
        for item in json.loads((bench / "annotations" / f"{name}.json").read_text()):
            targets = [_parse_target(raw) for raw in item.get("relevant", []) + item.get("secondary", [])]
            targets = [target for target in targets if any(_is_same(path, target[0]) for path in known)]
            default = "architecture" if item["query"].lower().startswith("how ") else "semantic"
            kind = item.get("category") or ("symbol" if " " not in item["query"].strip() else default)
            yield _ask(assembly, source, prefix + name, prefix + kind, item["query"], targets, weight)


def read_golden(assembly: Assembly, weight: float) -> Iterator[Query]:
    """Yield the golden set's queries."""
    sources = index_fixtures(assembly)
    for query in read_golden_set():
        targets = [(target.path, target.first, target.last) for target in query.targets]
        repository = f"golden {query.repository}"
        kind = f"golden {query.category}"
        yield _ask(assembly, sources[query.repository], repository, kind, query.text, targets, weight)


def index_fixtures(assembly: Assembly) -> dict[str, DataSource]:
    """Index what the golden set asks; return the data sources by their folders' names."""
    indexer, progress = open_indexer(assembly), SilentProgress()
    return {
        folder.name: indexer.index(str(folder), name=None, branch=None, subdir=None, progress=progress).source
        for folder in sorted(FIXTURES.iterdir())
    }


def export_trees(questions: Path, clones: Path, out: Path) -> None:
    """Write the source trees that questions/ asks, as of their revisions, below `out`. Raises SystemExit."""
    for spec in json.loads((questions / "repos.json").read_text(encoding="utf-8")):
        repository = _repository_of(spec)
        git = Git(find_clone(clones, repository), display=repository.name)
        root = spec["benchmark_root"]
        with GitSnapshot(git, spec["revision"]) as snapshot:
            wanted = [entry for entry in snapshot.list_files() if not root or entry.path.startswith(f"{root}/")]
            for entry, content in snapshot.read(wanted):
                if not isinstance(content, Skipped):
                    path = out / spec["name"] / entry.path
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(content)


def read_history(
    repositories: Path, clones: Path, names: Collection[str], prefix: str, weight: float
) -> Iterator[Query]:
    """Yield commit subjects with the files that those commits changed, of the named repositories of repos.json.

    `prefix` is that of the same repositories' questions. Each tree is that of before its commits, as docs/evaluate.md
    says, indexed into a temporary folder.
    """
    for spec in json.loads(repositories.read_text(encoding="utf-8")):
        if spec["name"] not in names:
            continue
        clone = find_clone(clones, _repository_of(spec))
        with tempfile.TemporaryDirectory() as folder:
            history_of = open_history(
                parse_location(str(clone)), branch=None, folder=Path(folder), settings=load_settings()
            )
            with closing(open_assembly(Path(folder) / "data")) as assembly:
                history = choose_history(assembly, history_of, commits=COMMITS, since=None, subdir=None)
                source = index_base(assembly, history_of, None, SilentProgress()).source
                for question in history.questions:
                    targets = [(path, 1, _LAST_LINE) for path in question.files]
                    yield _ask(assembly, source, prefix + spec["name"], "history", question.text, targets, weight)


def _repository_of(spec: Mapping[str, str]) -> Repository:
    owner_and_name = spec["url"].removesuffix(".git").split("/", 3)[3]
    return Repository(owner_and_name, "", spec["revision"], held_out=False)


def _ask(
    assembly: Assembly,
    source: DataSource,
    repository: str,
    kind: str,
    text: str,
    targets: Sequence[Target],
    weight: float,
) -> Query:
    index = assembly.search_indexes.get(source.id, source.run_id)
    terms = parse_query(text)
    vector = assembly.embedder.embed_query(text)
    candidates = join_candidates(find_candidates([(index, EVERYTHING)], terms, vector, _WANTED))
    features, files = compute_features(View(terms, candidates)), candidates.files
    covers = np.zeros((len(files), len(targets)), np.bool_)
    for position in range(len(files)):
        path, first, last = lines_of(candidates, position)
        for number, target in enumerate(targets):
            covers[position, number] = _is_same(path, target[0]) and first <= target[2] and target[1] <= last
    matches = describe_matches(candidates, np.arange(len(files)))
    values = matches.values.astype(np.float16)
    return Query(repository, kind, text, weight, features, values, matches.shares, files, covers, len(targets))


def lines_of(candidates: JoinedCandidates, number: int) -> tuple[str, int, int]:
    """Return the path of a candidate, and its first and last line."""
    _, segment, row = candidates.place_of(number)
    return segment.path_of(int(segment.file_of_row[row])), int(segment.start_lines[row]), int(segment.end_lines[row])


def _parse_target(raw: str | dict[str, int | str | None]) -> Target:
    if isinstance(raw, str):
        return raw, 1, _LAST_LINE
    first, last = raw.get("start_line"), raw.get("end_line")
    return (
        (str(raw["path"]), 1, _LAST_LINE)
        if first is None or last is None
        else (str(raw["path"]), int(first), int(last))
    )


def _is_same(path: str, other: str) -> bool:
    return path == other or path.endswith(f"/{other}") or other.endswith(f"/{path}")
