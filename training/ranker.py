"""Trains the ranking model on queries with known answers: codesearch/retrieval/ranking_model.json.

python training/ranker.py --bench DIR --trees DIR --clones DIR --out codesearch/retrieval/ranking_model.json

Queries come from an annotated benchmark (development half), the golden set over fixtures/repos, our own questions to
other repositories (questions/, whose clones lie in or go to --clones), and commits of some of these with the files that
they changed. All figures are of repositories left out.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from ranker_data import FEATURES, Query, export_trees, read_benchmark, read_golden, read_history
from ranker_fit import NAMES_PENALTY, QUESTIONS_PENALTY, fit_calibration, fit_weights
from ranker_network import fit_network, to_files

from benchmarks.quality import open_assembly
from codesearch.retrieval.matches import MATCH_FEATURES
from codesearch.retrieval.network import Network
from codesearch.retrieval.ranking import score_rows
from codesearch.retrieval.ranking_model import FILE_FEATURES, Calibration, QueryModel

QUESTIONS = Path(__file__).with_name("questions")
# How much a query of each set counts beside one of the benchmark; those that are only reported count nothing.
WEIGHTS = {"benchmark": 1.0, "golden": 0.5, "plain": 0.5, "paraphrased": 0.0, "history": 0.3}
FOLDS = 6
# A name is looked up by few features. Chosen by hand on the benchmark, they keep the learned ones from what only
# holds in some repositories: a type, for one, is named before its constructors.
NAME_WEIGHTS = {
    "similarity": 7.0, "lexical": 2.0, "names_it": 2.0, "declares_it": 3.0, "is_type": 3.0, "is_value": -1.0,
    "is_test": -2.0, "is_example": -2.0, "is_old": -4.0, "is_document": -2.0, "candidates_in_file": 0.5,
    "position": -0.5, "file_lexical": 1.0,
}  # fmt: skip
CHOSEN_SHARE, NAME_SCALE = 0.3, 10.0
# Repositories of questions/ whose commits are asked, too: in many languages, of all sizes.
HISTORIES = {
    "plain": frozenset("go-redis textual diesel guice wai sttp react-hook-form factory_bot".split()),
    "paraphrased": frozenset(
        "django-rest-framework coveragepy xstate grdb.swift undici libgit2 commonmark concurrent-ruby tonic kotlinpoet "
        "humanizer zap-zig".split()
    ),
}
_UNCALIBRATED = Calibration(1.0, 0.0, 0.0, 0.0)


class Fitted(NamedTuple):
    """Weights per feature, and a network over files; none for names."""

    weights: NDArray[np.float32]
    network: Network | None

    def margins(self, query: Query) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the best row of each file, and the files' margins."""
        sums = query.features @ self.weights
        features, best = to_files(query, sums)
        model = QueryModel(self.weights, self.network, _UNCALIBRATED)
        margins = model.margins_of(features, query.matches_of(best))
        return best, margins


def fit_questions(queries: Sequence[Query]) -> Fitted:
    """Fit the model of queries in words."""
    counted = [query for query in queries if query.weight]
    weights = fit_weights(counted, QUESTIONS_PENALTY).astype(np.float32)
    return Fitted(weights, fit_network(counted, weights))


def fit_names(queries: Sequence[Query]) -> Fitted:
    """Fit the model of queries that are one name: every set that counts at all counts the same."""
    counted = [replace(query, weight=1.0) for query in queries if query.weight]
    learned = fit_weights(counted, NAMES_PENALTY)
    chosen = np.array([NAME_WEIGHTS.get(name, 0.0) for name in FEATURES])
    features = np.concatenate([query.features for query in counted])
    parts = ((1 - CHOSEN_SHARE, learned), (CHOSEN_SHARE, chosen))
    weights = sum(NAME_SCALE * share * weights / (features @ weights).std() for share, weights in parts)
    return Fitted(np.asarray(weights, np.float32), None)


def leave_out(queries: Sequence[Query], fit: Callable[[Sequence[Query]], Fitted]) -> Iterator[tuple[Query, Fitted]]:
    """Yield each query with a model that was fitted without any query of its repository."""
    groups = sorted({_group_of(query) for query in queries})
    np.random.default_rng(0).shuffle(groups)
    for fold in range(FOLDS):
        held_out = set(groups[fold::FOLDS])
        fitted = fit([query for query in queries if _group_of(query) not in held_out])
        for query in queries:
            if _group_of(query) in held_out:
                yield query, fitted


def _group_of(query: Query) -> str:
    """Return its repository's name without the set's: one that is in several sets is left out of all at once."""
    return query.repository.rpartition(" ")[2]


def ndcg(query: Query, fitted: Fitted, calibration: Calibration) -> float:
    """Return NDCG@10 of the rows as they are ranked; further rows of what was found gain nothing and cost ranks."""
    model = QueryModel(fitted.weights, fitted.network, calibration)
    scored = score_rows(model, query.features, query.files, query.matches_of)
    hits = query.covers[np.argsort(-scored.scores, kind="stable")[:10]]
    discounts = 1 / np.log2(np.arange(2, 12))
    ranks = {int(np.argmax(hits[:, target])) for target in range(hits.shape[1]) if hits[:, target].any()}
    ideal = discounts[: min(10, query.target_count)].sum()
    return float(sum(discounts[rank] for rank in ranks) / ideal) if query.target_count else 0.0


def train(queries: Sequence[Query], fit: Callable[[Sequence[Query]], Fitted], title: str) -> dict[str, Any]:
    """Fit on all queries, calibrate on what was left out, print the figures of what was left out."""
    left_out = list(leave_out(queries, fit))
    calibration = fit_calibration(
        [(query, *fitted.margins(query)) for query, fitted in left_out if _is_calibrated_on(query)]
    )
    for kind in sorted({query.kind for query in queries}):
        values = [ndcg(query, fitted, calibration) for query, fitted in left_out if query.kind == kind]
        print(f"{title:10s} {kind:24s} NDCG@10 {np.mean(values):.4f}  ({len(values)} queries)")
    fitted = fit(queries)
    return {
        "weights": {name: round(float(w), 5) for name, w in zip(FEATURES, fitted.weights, strict=True) if w},
        "network": None if fitted.network is None else export_network(fitted.network),
        "calibration": asdict(calibration),
    }


def _is_calibrated_on(query: Query) -> bool:
    """Whether its answers are whole: a commit changes what its subject does not speak of."""
    return query.weight > 0 and query.kind != "history"


def export_network(network: Network) -> dict[str, Any]:
    """Return a network as codesearch/retrieval/network.py reads it, to five digits."""
    layers = (network.means, network.deviations, network.hidden)
    features = {
        name: {"mean": _round(mean), "deviation": _round(deviation), "hidden": _round(hidden)}
        for name, mean, deviation, hidden in zip(FILE_FEATURES, *layers, strict=True)
    }
    terms = {
        "signs": {name: _round(weights) for name, weights in zip(MATCH_FEATURES, network.terms.first, strict=True)},
        "first_bias": _round(network.terms.first_bias),
        "second": _round(network.terms.second),
        "second_bias": _round(network.terms.second_bias),
    }
    return {
        "features": features,
        "terms": terms,
        "from_terms": _round(network.from_terms),
        "bias": _round(network.bias),
        "output": _round(network.output),
    }


def _round(values: NDArray[np.float32]) -> Any:
    return json.loads(
        json.dumps(values.astype(np.float64).tolist()), parse_float=lambda text: float(f"{float(text):.5g}")
    )


def read_queries(arguments: argparse.Namespace, data_dir: Path) -> list[Query]:
    """Return the queries of all sets, each set's indexes in a folder of its own below `data_dir`."""
    queries: list[Query] = []
    with closing(open_assembly(data_dir / "benchmark")) as assembly:
        queries += read_benchmark(assembly, arguments.bench, arguments.trees, "", WEIGHTS["benchmark"])
    with closing(open_assembly(data_dir / "golden")) as assembly:
        queries += read_golden(assembly, WEIGHTS["golden"])
    for name in ("plain", "paraphrased"):
        trees = data_dir / f"{name}-trees"
        export_trees(QUESTIONS / name, arguments.clones, trees)
        with closing(open_assembly(data_dir / name)) as assembly:
            queries += read_benchmark(assembly, QUESTIONS / name, trees, f"{name} ", WEIGHTS[name])
        repositories = QUESTIONS / name / "repos.json"
        queries += read_history(repositories, arguments.clones, HISTORIES[name], f"{name} ", WEIGHTS["history"])
    return queries


def main() -> None:
    """Gather, fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="folder with repos.json and annotations/")
    parser.add_argument("--trees", type=Path, required=True, help="folder with one source tree per repository")
    parser.add_argument("--clones", type=Path, required=True, help="clones of the repositories of questions/")
    parser.add_argument("--data-dir", type=Path, help="keep the indexes here; default: a temporary folder")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        queries = read_queries(arguments, arguments.data_dir or Path(temporary))
    names = [query for query in queries if query.is_name and query.kind != "history"]
    questions = [query for query in queries if not query.is_name]
    model = {
        "names": train(names, fit_names, "names"),
        "questions": train(questions, fit_questions, "questions"),
    }
    arguments.out.write_text(json.dumps(model, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
