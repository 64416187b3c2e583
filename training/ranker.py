"""Trains the ranking model on queries with known answers: codesearch/retrieval/ranking_model.json.

python training/ranker.py --bench DIR --trees DIR [--history FILE] --out codesearch/retrieval/ranking_model.json

Queries come from an annotated benchmark (development half), the golden set over fixtures/repos, and FILE, commit
subjects with the files they touched. Everything reported is of repositories left out.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from catboost import CatBoost
from numpy.typing import NDArray
from ranker_data import FEATURES, Query, read_benchmark, read_golden, read_history
from ranker_fit import fit_calibration, fit_trees, fit_weights, to_files

from benchmarks.quality import open_assembly

# How much a query of each set counts beside one of the benchmark. The history's answers are many and vague.
GOLDEN_WEIGHT, HISTORY_WEIGHT = 0.5, 0.05
FOLDS = 6
# A name is looked up: few signs, chosen by coordinate ascent, five sixths of the benchmark's repositories at a time.
NAME_WEIGHTS = {
    "similarity": 0.7, "lexical": 0.2, "names_it": 0.2, "declares_it": 0.3, "is_type": 0.1, "is_value": -0.1,
    "is_test": -0.2, "is_example": -0.2, "is_old": -0.2, "is_document": -0.2, "candidates_in_file": 0.05,
    "position": -0.05, "file_lexical": 0.1,
}  # fmt: skip


class Fitted(NamedTuple):
    """Weights per feature, and trees over files; no trees for names."""

    weights: NDArray[np.float64]
    trees: CatBoost | None

    def margins(self, query: Query) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.float64]]:
        """Return each row's weighted sum, the best row of each file, and the files' margins."""
        sums = query.features @ self.weights
        features, best = to_files(query, sums)
        return sums, best, sums[best] if self.trees is None else self.trees.predict(features)


def fit_questions(queries: Sequence[Query]) -> Fitted:
    """Fit the model of queries in words."""
    weights = fit_weights(queries)
    return Fitted(weights, fit_trees(queries, weights))


def fit_names(_: Sequence[Query]) -> Fitted:
    """Return the model of queries that are one name."""
    return Fitted(np.array([10 * NAME_WEIGHTS.get(name, 0.0) for name in FEATURES]), None)


def leave_out(
    queries: Sequence[Query], fit: Callable[[Sequence[Query]], Fitted]
) -> Iterator[tuple[Query, NDArray[np.float64], NDArray[np.intp], NDArray[np.float64]]]:
    """Yield each query with what a model says of it that was fitted without any query of its repository."""
    groups = sorted({query.repository for query in queries})
    np.random.default_rng(0).shuffle(groups)
    for fold in range(FOLDS):
        held_out = set(groups[fold::FOLDS])
        fitted = fit([query for query in queries if query.repository not in held_out])
        for query in queries:
            if query.repository in held_out:
                yield query, *fitted.margins(query)


def ndcg(query: Query, _: NDArray[np.float64], best: NDArray[np.intp], margins: NDArray[np.float64]) -> float:
    """Return NDCG@10 of the files in the order of their margins; further rows of a file come after all files."""
    hits = query.covers[best[np.argsort(-margins, kind="stable")[:10]]]
    discounts = 1 / np.log2(np.arange(2, 12))
    ranks = {int(np.argmax(hits[:, target])) for target in range(hits.shape[1]) if hits[:, target].any()}
    ideal = discounts[: min(10, query.target_count)].sum()
    return float(sum(discounts[rank] for rank in ranks) / ideal) if query.target_count else 0.0


def train(queries: Sequence[Query], fit: Callable[[Sequence[Query]], Fitted], title: str) -> dict[str, Any]:
    """Fit on all queries, calibrate on what was left out, print the figures of what was left out."""
    left_out = list(leave_out(queries, fit))
    for kind in sorted({query.kind for query in queries}):
        values = [ndcg(*item) for item in left_out if item[0].kind == kind]
        print(f"{title:10s} {kind:24s} NDCG@10 {np.mean(values):.4f}  ({len(values)} queries)")
    fitted = fit(queries)
    calibration = fit_calibration([item for item in left_out if not item[0].is_history])
    weights = {name: round(float(w), 5) for name, w in zip(FEATURES, fitted.weights, strict=True) if w}
    trees = None if fitted.trees is None else export_trees(fitted.trees)
    return {"weights": weights, "trees": trees, "calibration": calibration}


def export_trees(model: CatBoost) -> dict[str, Any]:
    """Return CatBoost's oblivious trees as codesearch/retrieval/tree_model.py reads them."""
    names = (*FEATURES, "sum", "sum_gap")
    with tempfile.TemporaryDirectory() as folder:
        model.save_model(str(Path(folder) / "model.json"), format="json")
        content = json.loads((Path(folder) / "model.json").read_text())
    scale, bias = content["scale_and_bias"]
    depth = max(len(tree["splits"]) for tree in content["oblivious_trees"])
    exported: dict[str, Any] = {"bias": round(float(np.sum(bias)), 6), "features": [], "borders": [], "leaves": []}
    for tree in content["oblivious_trees"]:
        missing = depth - len(tree["splits"])
        exported["features"].append([names[s["float_feature_index"]] for s in tree["splits"]] + [names[0]] * missing)
        # Nothing is over such a border.
        exported["borders"].append([round(s["border"], 6) for s in tree["splits"]] + [1e30] * missing)
        leaves = [round(value * scale, 6) for value in tree["leaf_values"]]
        exported["leaves"].append(leaves + [0.0] * (len(leaves) * ((1 << missing) - 1)))
    return exported


def main() -> None:
    """Gather, fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="folder with repos.json and annotations/")
    parser.add_argument("--trees", type=Path, required=True, help="folder with one source tree per repository")
    parser.add_argument("--history", type=Path, help="queries from commit histories")
    parser.add_argument("--data-dir", type=Path, help="keep the indexes here; default: a temporary folder")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = arguments.data_dir or Path(temporary)
        queries: list[Query] = []
        with closing(open_assembly(data_dir / "benchmark")) as assembly:
            queries += read_benchmark(assembly, arguments.bench, arguments.trees)
        with closing(open_assembly(data_dir / "golden")) as assembly:
            queries += read_golden(assembly, GOLDEN_WEIGHT)
        if arguments.history:
            with closing(open_assembly(data_dir / "history")) as assembly:
                queries += read_history(assembly, arguments.history, HISTORY_WEIGHT)
    names = [query for query in queries if query.is_name and not query.is_history]
    questions = [query for query in queries if not query.is_name]
    model = {
        "names": train(names, fit_names, "names"),
        "questions": train(questions, fit_questions, "questions"),
    }
    arguments.out.write_text(json.dumps(model, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
