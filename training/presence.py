"""Fits what tells whether a repository has an answer at all: codesearch/retrieval/presence.py.

python training/presence.py --bench DIR --trees DIR [--translated FILE]: asks each repository its own questions, others'
and everyday ones, fits the log-odds of the first, and prints WEIGHTS, OFFSET and what they reach with repositories left
out. Translated questions, where given, keep other languages from being taken for other subjects.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import index_trees, open_assembly
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.predicates import EVERYTHING
from codesearch.retrieval.adjustments import adjust_candidates
from codesearch.retrieval.candidates import find_candidates, join_candidates
from codesearch.retrieval.features.table import compute_features
from codesearch.retrieval.features.view import View
from codesearch.retrieval.matches import describe_matches
from codesearch.retrieval.presence import OFFSET, WEIGHTS, describe_presence
from codesearch.retrieval.query.understanding import understand_query
from codesearch.retrieval.ranking import model_for, score_rows
from codesearch.retrieval.search import QueryEmbedder, embed_texts

OTHERS_QUESTIONS = 20
FOLDS = 6
# So much counts a question of each kind.
OWN, OTHERS, EVERYDAY, TRANSLATED = 1.0, 0.6, 0.4, 0.3
LANGUAGES = ("zh", "ja", "ko", "de", "es", "fr", "pt", "ru")
EVERYDAY_QUESTIONS = (
    "what should I cook for dinner tonight",
    "how do I renew a passport",
    "the best hiking trails near the city",
    "how to train a puppy",
    "what will the weather be tomorrow",
    "which mortgage has the lowest rate",
    "the history of the roman empire",
    "how to mend a leaking tap",
    "symptoms of a cold",
    "cheap flights to spain",
    "how do I bake bread with sourdough",
    "who won the world cup",
    "how to learn to play the guitar",
    "a recipe for pancakes",
    "when do tulips bloom",
    "how to remove a wine stain",
    "train times to berlin",
    "how tall is the highest mountain",
    "how to write a letter to a landlord",
    "exercises against pain in the back",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a repository: what tells of an answer, whether it is its own, and how much it counts."""

    repository: str
    kind: str
    values: tuple[float, ...]
    log_odds: float
    is_own: bool
    weight: float


def main() -> None:
    """Index, ask, fit, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="folder with repos.json and annotations/")
    parser.add_argument("--trees", type=Path, required=True, help="folder with one source tree per repository")
    parser.add_argument("--translated", type=Path, help="JSON list of questions in other languages, by language")
    parser.add_argument("--data-dir", type=Path, help="keep the index here; default: a temporary folder")
    arguments = parser.parse_args()
    chance = random.Random(5)
    asked: list[Asked] = []
    translated = json.loads(arguments.translated.read_text(encoding="utf-8")) if arguments.translated else []
    with (
        tempfile.TemporaryDirectory() as temporary,
        closing(open_assembly(arguments.data_dir or Path(temporary) / "data")) as assembly,
    ):
        sources = dict(index_trees(assembly, arguments.bench, arguments.trees, ()))
        own = {name: read_questions(arguments.bench, name) for name in sources}
        for name, source_id in sources.items():
            source = assembly.catalog.get_source(source_id)
            ask = partial(ask_question, assembly.search_indexes.get(source.id, source.run_id), assembly.embedder, name)
            others = [text for other in own if other != name for text in own[other]]
            asked += [ask("own", text, is_own=True, weight=OWN) for text in own[name]]
            asked += [ask("others'", text, weight=OTHERS) for text in chance.sample(others, OTHERS_QUESTIONS)]
            asked += [ask("everyday", text, weight=EVERYDAY) for text in EVERYDAY_QUESTIONS]
            for item in translated:
                is_own = item["repo"] == name
                for language in LANGUAGES:
                    if is_own or chance.random() < 1 / (2 * len(own)):
                        kind = "translated" if is_own else "others', translated"
                        asked.append(ask(kind, item[language], is_own=is_own, weight=TRANSLATED))
    report([item for item in asked if np.isfinite(item.log_odds)])


def read_questions(bench: Path, name: str) -> list[str]:
    """Return the questions to a repository that are more than one word."""
    items = json.loads((bench / "annotations" / f"{name}.json").read_text(encoding="utf-8"))
    return [item["query"] for item in items if len(item["query"].split()) > 1]


def ask_question(
    index: SourceIndex,
    embedder: QueryEmbedder,
    repository: str,
    kind: str,
    text: str,
    *,
    is_own: bool = False,
    weight: float,
) -> Asked:
    """Ask, without regard to presence."""
    terms = understand_query(text, index.segments)
    vector = embed_texts(embedder, terms.texts)
    candidates = join_candidates(find_candidates([(index, EVERYTHING)], terms, vector, 10))
    view = View(terms, candidates)
    highest: list[float] = []

    def keep(margin: float) -> float:
        highest.append(margin)
        return 0.0

    matches_of = partial(describe_matches, candidates)
    features, adjusted = compute_features(view), adjust_candidates(view)
    scored = score_rows(model_for(terms), features, candidates.files, matches_of, adjusted, keep)
    best = float(scored.scores.max())
    values = describe_presence(view, highest[0])
    return Asked(repository, kind, tuple(values[name] for name in WEIGHTS), np.log(best / (1 - best)), is_own, weight)


def fit(values: NDArray[np.float64], asked: Sequence[Asked]) -> NDArray[np.float64]:
    """Return the weights of the columns and an offset: logistic regression by Newton's method, L2 of 1 on z-scores."""
    means, deviations = values.mean(axis=0), values.std(axis=0) + 1e-9
    columns = np.column_stack(((values - means) / deviations, np.ones(len(values))))
    is_own = np.array([item.is_own for item in asked], np.float64)
    counts = np.array([item.weight for item in asked])
    weights = np.zeros(columns.shape[1])
    penalty = np.r_[np.ones(len(weights) - 1), 0]
    for _ in range(50):
        chances = 1 / (1 + np.exp(-columns @ weights))
        gradient = columns.T @ (counts * (chances - is_own)) + penalty * weights
        curvature = (columns * (counts * chances * (1 - chances))[:, None]).T @ columns + np.eye(len(weights))
        weights -= np.linalg.solve(curvature, gradient)
    scaled = weights[:-1] / deviations
    fitted: NDArray[np.float64] = np.r_[scaled, weights[-1] - scaled @ means]
    return fitted


def report(asked: Sequence[Asked]) -> None:
    """Print the fitted constants beside the present ones, and what comes of them with repositories left out."""
    values = np.array([item.values for item in asked])
    fitted = fit(values, asked)
    for name, weight in zip(WEIGHTS, fitted, strict=False):
        print(f"{name}: {weight:.4f} (now {WEIGHTS[name]})")
    print(f"OFFSET: {fitted[-1]:.4f} (now {OFFSET})\n")
    repositories = sorted({item.repository for item in asked})
    np.random.default_rng(0).shuffle(repositories)
    lowered = np.zeros(len(asked))
    for fold in range(FOLDS):
        held_out = np.array([item.repository in repositories[fold::FOLDS] for item in asked])
        if held_out.all():
            continue
        of_fold = fit(values[~held_out], [item for item, out in zip(asked, held_out, strict=True) if not out])
        lowered[held_out] = np.minimum(0, values[held_out] @ of_fold[:-1] + of_fold[-1])
    before = np.array([item.log_odds for item in asked])
    print("| questions | asked | a record over 0.5, before | after |\n|---|---:|---:|---:|")
    for kind in dict.fromkeys(item.kind for item in asked):
        is_it = np.array([item.kind == kind for item in asked])
        shares = [(scores[is_it] > 0).mean() for scores in (before, before + lowered)]
        print(f"| {kind} | {is_it.sum()} | {shares[0]:.1%} | {shares[1]:.1%} |")


if __name__ == "__main__":
    main()
