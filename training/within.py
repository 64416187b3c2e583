"""Fits what chooses among the rows of a file: `within` of the questions' model in ranking_model.json.

python training/within.py --mirrors DIR [--data-dir DIR] [--model FILE]: asks questions/lines.json, whose answers are
lines, and the golden set; prints how often the row that comes first in a right file answers, with repositories left
out; writes the weights into the model file. After training/ranker.py, whose weights it builds on.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from ranker_data import index_fixtures, lines_of
from scipy.optimize import minimize

from benchmarks.lines import index_commit
from benchmarks.quality import open_assembly
from codesearch.assembly import Assembly
from codesearch.core.predicates import EVERYTHING
from codesearch.core.types import DataSource
from codesearch.retrieval.adjustments import adjust_candidates
from codesearch.retrieval.candidates import find_candidates, join_candidates
from codesearch.retrieval.features.table import FEATURES, compute_features
from codesearch.retrieval.features.view import View
from codesearch.retrieval.query.understanding import understand_query
from codesearch.retrieval.ranking import model_for, order_by_file
from codesearch.retrieval.search import embed_texts
from tests.golden.golden_set import read_golden_set

QUESTIONS = Path(__file__).with_name("questions") / "lines.json"
MODEL = Path(__file__).parents[1] / "codesearch" / "retrieval" / "ranking_model.json"
FOLDS = 6
# On the squares of standardised weights less those that choose the speaker. Of 649 files of questions/lines.json, with
# repositories left out, the right row came first in 413 with 30, in 404 with 100 to 400, in 396 with 800 and in 377
# with the speaker first; of 71 of benchmarks/line_questions.json, which are worded otherwise, in 39, 41 or 42, 43, 43.
PENALTY = 400.0
# What differs among the rows of a file.
OF_ROWS: Final = tuple(
    FEATURES.index(name)
    for name in (
        "lexical similarity covered covered_by_name covered_by_qualifier covered_by_signature covered_by_comment "
        "covers_name names_it qualified_names_it declares_it declares is_symbol is_file is_type is_value is_method "
        "references length lexical_order similarity_order lexical_gap compounds compounds_in_name position definitions "
        "related related_in_name related_in_qualifier related_in_signature related_in_comment related_names_share"
    ).split()
)


class AskedFile(NamedTuple):
    """A file that holds an answer: features (r, OF_ROWS and the sum) of its candidates, what is fixed, which answer."""

    repository: str
    kind: str
    features: NDArray[np.float64]
    fixed: NDArray[np.float64]
    answers: NDArray[np.bool_]


def main() -> None:
    """Ask, fit, report, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirrors", type=Path, help="folder with git mirrors; what lacks there is fetched")
    parser.add_argument("--data-dir", type=Path, help="keep the indexes here; default: a temporary folder")
    parser.add_argument("--model", type=Path, default=MODEL)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = arguments.data_dir or Path(temporary)
        files = [*ask_lines(data_dir / "lines", arguments.mirrors), *ask_golden(data_dir / "golden")]
    report(files)
    model = json.loads(arguments.model.read_text(encoding="utf-8"))
    weights = fold_sum(fit(files), model["questions"]["weights"])
    model["questions"]["within"] = {name: round(weight, 5) for name, weight in weights.items() if weight}
    arguments.model.write_text(json.dumps(model, separators=(",", ":")) + "\n", encoding="utf-8")


def ask_lines(data_dir: Path, mirrors: Path | None) -> Iterator[AskedFile]:
    """Yield the files that answer the questions of questions/lines.json."""
    with closing(open_assembly(data_dir)) as assembly:
        for spec in json.loads(QUESTIONS.read_text(encoding="utf-8")):
            source = assembly.catalog.get_source(index_commit(assembly, spec, mirrors, data_dir))
            for question in spec["questions"]:
                yield from ask(assembly, source, "lines", question["query"], question["answers"])


def ask_golden(data_dir: Path) -> Iterator[AskedFile]:
    """Yield the files that answer the golden set's questions."""
    with closing(open_assembly(data_dir)) as assembly:
        sources = index_fixtures(assembly)
        for query in read_golden_set():
            answers = [(target.path, target.first, target.last) for target in query.targets]
            yield from ask(assembly, sources[query.repository], "golden", query.text, answers)


def ask(
    assembly: Assembly, source: DataSource, kind: str, text: str, answers: Sequence[Sequence[Any]]
) -> Iterator[AskedFile]:
    """Yield those files of a question's candidates of which some rows answer and some do not."""
    index = assembly.search_indexes.get(source.id, source.run_id)
    terms = understand_query(text, index.segments)
    if terms.is_name:
        return
    vector = embed_texts(assembly.embedder, terms.texts)
    candidates = join_candidates(find_candidates([(index, EVERYTHING)], terms, vector, 10))
    view = View(terms, candidates)
    features = compute_features(view)
    sums = features @ model_for(terms).weights
    columns = np.column_stack((features[:, OF_ROWS], sums)).astype(np.float64)
    fixed = adjust_candidates(view).for_rows.astype(np.float64)
    right = np.zeros(len(sums), np.bool_)
    for number in range(len(right)):
        path, first, last = lines_of(candidates, number)
        right[number] = any(path == wanted and first <= end and start <= last for wanted, start, end in answers)
    order, firsts, sizes = order_by_file(sums, candidates.files)
    for first, size in zip(firsts.tolist(), sizes.tolist(), strict=True):
        rows = order[first : first + size]
        if right[rows].any() and not right[rows].all():
            yield AskedFile(source.name, kind, columns[rows], fixed[rows], right[rows])


def fit(files: Sequence[AskedFile]) -> NDArray[np.float64]:
    """Return the weights of OF_ROWS and of the sum.

    Minimises, over the files, -log(sum of exp(s) over the rows that answer / the same over all of its candidates).
    """
    features, fixed = np.concatenate([file.features for file in files]), np.concatenate([file.fixed for file in files])
    answers = np.concatenate([file.answers for file in files])
    deviations = features.std(axis=0) + 1e-6
    columns = (features - features.mean(axis=0)) / deviations
    sizes = [len(file.answers) for file in files]
    starts, owners = np.cumsum([0, *sizes[:-1]]), np.repeat(np.arange(len(files)), sizes)
    start = np.zeros(columns.shape[1])
    start[-1] = deviations[-1]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        values = columns @ weights + fixed
        powers = np.exp(values - np.maximum.reduceat(values, starts)[owners])
        everything = np.add.reduceat(powers, starts)
        right = np.add.reduceat(powers * answers, starts) + 1e-300
        gradient = columns.T @ (powers / everything[owners] - powers * answers / right[owners])
        distance = weights - start
        value = float((np.log(everything) - np.log(right)).sum()) + PENALTY / 2 * float(distance @ distance)
        return value, gradient + PENALTY * distance

    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300})
    weights: NDArray[np.float64] = found.x / deviations
    return weights


def report(files: Sequence[AskedFile]) -> None:
    """Print for each kind how many files there are, and in how many the row that comes first answers."""
    repositories = sorted({file.repository for file in files})
    np.random.default_rng(0).shuffle(repositories)
    speaking = np.zeros(len(OF_ROWS) + 1)
    speaking[-1] = 1.0
    counts: dict[str, list[int]] = {}
    for fold in range(FOLDS):
        held_out = set(repositories[fold::FOLDS])
        weights = fit([file for file in files if file.repository not in held_out])
        for file in (file for file in files if file.repository in held_out):
            of_kind = counts.setdefault(file.kind, [0, 0, 0])
            of_kind[0] += 1
            of_kind[1] += is_first(file, speaking)
            of_kind[2] += is_first(file, weights)
    for kind, (count, before, after) in sorted(counts.items()):
        print(f"{kind}: {count} files; the speaker answers in {before}, the row that is chosen in {after}")


def is_first(file: AskedFile, weights: NDArray[np.float64]) -> bool:
    """Say whether the row answers that comes first."""
    return bool(file.answers[np.argmax(file.features @ weights + file.fixed)])


def fold_sum(weights: NDArray[np.float64], of_speaker: dict[str, float]) -> dict[str, float]:
    """Return the weights by feature, those of the speaker's sum among them."""
    found = {name: float(weights[-1]) * weight for name, weight in of_speaker.items()}
    for number, weight in zip(OF_ROWS, weights[:-1].tolist(), strict=True):
        found[FEATURES[number]] = found.get(FEATURES[number], 0.0) + weight
    return found


if __name__ == "__main__":
    main()
