"""Fits what tells whether a repository has an answer at all: codesearch/retrieval/presence.py.

python training/presence.py --bench DIR --trees DIR --clones DIR [--translated FILE] [--data-dir DIR]: asks each
repository of all sets its own questions, others' and everyday ones, fits the log-odds of the first, and prints WEIGHTS,
OFFSET and what they reach with repositories left out. Translated questions, where given, are only reported.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from presence_questions import Asked, ask_all

from codesearch.retrieval.presence import OFFSET, WEIGHTS

FOLDS = 6
# How much a question of each set counts: the sets differ in size, and no wording is to decide alone.
OF_SET = {"benchmark": 1.0, "paraphrased": 0.7, "plain": 0.4, "lines": 1.0, "golden": 1.0}
# How much all questions of other repositories, and all everyday ones, count beside all own ones. Repositories left out,
# a record over 0.5 for others' questions / right first records over 0.5 that stay: 0.5 gives 8.3 / 98.5%,
# 1 5.8 / 97.0%, 1.5 4.7 / 95.8%, 2 3.9 / 95.0%, 2.5 3.7 / 94.1%.
OTHERS_SHARE, EVERYDAY_SHARE = 1.5, 1.0
# Of scores.
THRESHOLDS = (0.5, 0.3)


def main() -> None:
    """Index, ask, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="folder with repos.json and annotations/")
    parser.add_argument("--trees", type=Path, required=True, help="folder with one source tree per repository")
    parser.add_argument("--clones", type=Path, required=True, help="clones of the repositories of questions/")
    parser.add_argument("--translated", type=Path, help="JSON list of questions in other languages, by language")
    parser.add_argument("--data-dir", type=Path, help="keep the indexes here; default: a temporary folder")
    arguments = parser.parse_args()
    translated = json.loads(arguments.translated.read_text(encoding="utf-8")) if arguments.translated else []
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = arguments.data_dir or Path(temporary)
        asked = list(ask_all(arguments.bench, arguments.trees, arguments.clones, data_dir, translated))
    report(asked)


def weigh(asked: Sequence[Asked]) -> NDArray[np.float64]:
    """Return how much each question counts."""
    kinds = np.array([item.kind for item in asked])
    counts = np.array([OF_SET[item.of_set] for item in asked])
    own = counts[kinds == "own"].sum()
    counts[kinds == "translated"] = 0.0
    for kind, share in (("others'", OTHERS_SHARE), ("everyday", EVERYDAY_SHARE)):
        of_kind = kinds == kind
        counts[of_kind] *= own * share / max(1.0, counts[of_kind].sum())
    return counts


def fit(values: NDArray[np.float64], is_own: NDArray[np.bool_], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights of the columns and an offset: logistic regression by Newton's method, L2 of 1 on z-scores."""
    means, deviations = values.mean(axis=0), values.std(axis=0) + 1e-9
    columns = np.column_stack(((values - means) / deviations, np.ones(len(values))))
    weights = np.zeros(columns.shape[1])
    penalty = np.r_[np.ones(len(weights) - 1), 0]
    for _ in range(50):
        chances = 1 / (1 + np.exp(-columns @ weights))
        gradient = columns.T @ (counts * (chances - is_own)) + penalty * weights
        curvature = (columns * (counts * chances * (1 - chances))[:, None]).T @ columns + np.diag(penalty + 1e-6)
        weights -= np.linalg.solve(curvature, gradient)
    scaled = weights[:-1] / deviations
    fitted: NDArray[np.float64] = np.r_[scaled, weights[-1] - scaled @ means]
    return fitted


def report(asked: Sequence[Asked]) -> None:
    """Print the fitted constants beside the present ones, and what comes of both, the new with repositories out."""
    values = np.array([item.values for item in asked])
    is_own = np.array([item.kind == "own" for item in asked])
    counts = weigh(asked)
    fitted = fit(values[counts > 0], is_own[counts > 0], counts[counts > 0])
    for name, weight in zip(WEIGHTS, fitted, strict=False):
        print(f"{name}: {weight:.4f} (now {WEIGHTS[name]})")
    print(f"OFFSET: {fitted[-1]:.4f} (now {OFFSET})\n")
    present = values @ np.array(list(WEIGHTS.values())) + OFFSET
    print_shares(asked, [np.zeros(len(asked)), present, _leave_out(asked, values, is_own, counts)])


def _leave_out(
    asked: Sequence[Asked], values: NDArray[np.float64], is_own: NDArray[np.bool_], counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the log-odds of each question from a fit without its repository, in whichever sets that is."""
    names = np.array([item.repository.lower() for item in asked])
    repositories = sorted(set(names.tolist()))
    np.random.default_rng(0).shuffle(repositories)
    log_odds = np.zeros(len(asked))
    for fold in range(FOLDS):
        held_out = np.isin(names, repositories[fold::FOLDS])
        train = ~held_out & (counts > 0)
        of_fold = fit(values[train], is_own[train], counts[train])
        log_odds[held_out] = values[held_out] @ of_fold[:-1] + of_fold[-1]
    return log_odds


def print_shares(asked: Sequence[Asked], doubts: Sequence[NDArray[np.float64]]) -> None:
    """Print per set and kind how many get a record over 0.5, and how many right first records stay over thresholds."""
    before = np.array([item.log_odds for item in asked])
    is_right = np.array([item.is_right for item in asked])
    print("| set | questions | asked | a record over 0.5: no doubt / now / fitted | right first records that stay |")
    print("|---|---|---:|---:|---|")
    for of_set, kind in dict.fromkeys((item.of_set, item.kind) for item in asked):
        is_it = np.array([(item.of_set, item.kind) == (of_set, kind) for item in asked])
        after = [before + np.minimum(0, doubt) for doubt in doubts]
        shares = " / ".join(f"{(scores[is_it] > 0).mean():.1%}" for scores in after)
        stay = []
        for threshold in THRESHOLDS if (is_it & is_right).any() else ():
            least = np.log(threshold / (1 - threshold))
            right = is_it & is_right & (before > least)
            stay.append(
                f"over {threshold}: " + " / ".join(f"{(scores[right] > least).mean():.1%}" for scores in after[1:])
            )
        print(f"| {of_set} | {kind} | {is_it.sum()} | {shares} | {', '.join(stay)} |")


if __name__ == "__main__":
    main()
