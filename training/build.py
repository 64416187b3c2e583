"""Builds the bundled embedding model from public sources: clones, pairs, distillation, training, int8 table.

python training/build.py --clones CLONES --work WORK --out codesearch/bundled_model

What CLONES and WORK hold already is used again. Give --out another folder to compare before replacing the model.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from clones import read_repositories
from corpus import RepositoryPairs, RowFinder, choose_words, join_bags, read_pairs
from distill import DIMENSION, Provenance, distil, find_teacher, write_model
from numpy.typing import NDArray
from pairs import KINDS, build_pairs
from train import Pairs, Table, Trainer, Training, measure_recall, rotate_to_variance

# A word gets a row of its own when so many repositories and answers hold it.
MIN_REPOSITORIES, MIN_TEXTS = 4, 40
# The share of each kind that is trained on, where not all: with every name, body and test 0.809, with none 0.811.
SHARES = {"body": 0.15, "name": 0.2, "test": 0.3}
_ROTATION_TEXTS = 50_000


def select_pairs(repositories: Sequence[RepositoryPairs], finder: RowFinder, seed: int = 0) -> Pairs:
    """Return the pairs to train on, over the table's rows; those without a known word on either side are left out."""
    questions, answers, numbers, kinds = [], [], [], []
    for number, repository in enumerate(repositories):
        question, answer = finder.find(repository.words, repository.questions, repository.answers)
        questions.append(question)
        answers.append(answer)
        kinds.append(repository.kinds)
        numbers.append(np.full(len(repository.kinds), number, dtype=np.int32))
    question, answer = join_bags(questions), join_bags(answers)
    shares = np.array([SHARES.get(kind, 1.0) for kind in KINDS])[np.concatenate(kinds)]
    drawn = np.random.default_rng(seed).random(len(shares)) < shares
    chosen = np.flatnonzero(drawn & (np.diff(question.offsets) > 0) & (np.diff(answer.offsets) > 0))
    return Pairs(question.take(chosen), answer.take(chosen), np.concatenate(numbers)[chosen])


def measure_held_out(table: Table, repositories: Sequence[RepositoryPairs], finder: RowFinder) -> dict[str, float]:
    """Return recall@10 by kind over the repositories that are not trained on."""
    texts = []
    for repository in repositories:
        question, answer = finder.find(repository.words, repository.questions, repository.answers)
        texts.append((repository.kinds, question, answer))
    return measure_recall(table, texts, KINDS)


def split_lengths(table: Table) -> tuple[Table, NDArray[np.float32]]:
    """Return the rows at length 1, and their lengths, which are the weights that write_model wants."""
    weights = np.linalg.norm(table, axis=1)
    return (table / np.maximum(weights, 1e-12)[:, None]).astype(np.float32), weights.astype(np.float32)


def build(clones: Path, work: Path, out: Path, processes: int, training: Training) -> dict[str, dict[str, float]]:
    """Run every step and write the model; returns recall@10 on the held-out repositories before and after training."""
    build_pairs(clones, work / "pairs", processes)
    listed = read_repositories()
    files = {repository.name: work / "pairs" / f"{repository.name.replace('/', '+')}.npz" for repository in listed}
    trained = [read_pairs(files[repository.name]) for repository in listed if not repository.held_out]
    held_out = [read_pairs(files[repository.name]) for repository in listed if repository.held_out]
    teacher_words = (find_teacher() / "vocab.txt").read_text(encoding="utf-8").splitlines()
    code_words = choose_words(trained, set(teacher_words), MIN_REPOSITORIES, MIN_TEXTS)
    vocabulary, rows, weights = distil(code_words, DIMENSION)
    start: Table = rows * weights[:, None]
    finder = RowFinder(vocabulary.tokenizer, vocabulary.rows)
    figures = {"distilled": measure_held_out(start, held_out, finder)}
    pairs = select_pairs(trained, finder, training.seed)
    print(f"{len(code_words)} code words, {len(start)} rows, {len(pairs.repositories):,} pairs", flush=True)
    began = perf_counter()

    def report(epoch: int, loss: float, _: Table) -> None:
        print(f"epoch {epoch + 1}: loss {loss:.3f}, {perf_counter() - began:.0f} s", flush=True)

    table = Trainer(start, pairs, training).run(report)
    sample = np.random.default_rng(training.seed).permutation(len(pairs.answers))[:_ROTATION_TEXTS]
    table = rotate_to_variance(table, pairs.answers.take(sample))
    figures["trained"] = measure_held_out(table, held_out, finder)
    write_model(out, vocabulary, *split_lengths(table), Provenance(len(trained), len(pairs.repositories)))
    return figures


def main() -> None:
    """Build the model into the folder given with --out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clones", type=Path, required=True, help="where the repositories lie or are cloned to")
    parser.add_argument("--work", type=Path, required=True, help="where the pairs are kept")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=Training().epochs)
    arguments = parser.parse_args()
    training = Training(epochs=arguments.epochs)
    figures = build(arguments.clones, arguments.work, arguments.out, arguments.processes, training)
    print(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
