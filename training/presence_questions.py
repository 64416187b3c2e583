"""Questions for presence.py: asked to the repository that they are about, to others, and everyday ones to all."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from ranker_data import export_trees, index_fixtures, lines_of

from benchmarks.lines import index_commit
from benchmarks.quality import index_trees, open_assembly
from codesearch.assembly import Assembly
from codesearch.core.predicates import EVERYTHING
from codesearch.core.types import DataSource
from codesearch.retrieval.adjustments import adjust_candidates
from codesearch.retrieval.candidates import find_candidates, join_candidates
from codesearch.retrieval.features.table import compute_features
from codesearch.retrieval.features.view import View
from codesearch.retrieval.matches import describe_matches
from codesearch.retrieval.presence import WEIGHTS, describe_presence
from codesearch.retrieval.query.understanding import understand_query
from codesearch.retrieval.ranking import model_for, score_rows
from codesearch.retrieval.search import embed_texts
from tests.golden.golden_set import read_golden_set

QUESTIONS = Path(__file__).with_name("questions")
# Of each set, how many questions of other repositories and how many everyday ones each of its repositories is asked.
OTHERS = {"benchmark": (12, 4), "paraphrased": (8, 4), "plain": (5, 2), "golden": (10, 3), "lines": (0, 0)}
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
class Repository:
    """One that is asked, with its own questions and the paths that answer each."""

    of_set: str
    assembly: Assembly
    source: DataSource
    questions: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to a repository: what tells of an answer, the first record's log-odds without it, what it is.

    kind: `own`, `others'`, `everyday`, or `translated`. is_right: the first record is of a file that answers.
    """

    of_set: str
    repository: str
    kind: str
    values: tuple[float, ...]
    log_odds: float
    is_right: bool


def ask_all(
    bench: Path, trees: Path, clones: Path, data_dir: Path, translated: Sequence[dict[str, str]]
) -> Iterator[Asked]:
    """Index the repositories of all sets, below `data_dir`, and ask each its own, others' and everyday questions.

    `translated` are questions of the annotated benchmark in other languages.
    """
    chance = random.Random(7)
    with ExitStack() as stack:
        repositories = list(_open_sets(stack, bench, trees, clones, data_dir))
        pool = [(item.source.name, text) for item in repositories for text in item.questions]
        for item in repositories:
            ask = partial(ask_question, item)
            for text in item.questions:
                yield from ask("own", text, item.questions[text])
            others, everyday = OTHERS[item.of_set]
            strange = [text for name, text in pool if not _is_alike(name, item.source.name)]
            for text in chance.sample(strange, others):
                yield from ask("others'", text)
            for text in chance.sample(EVERYDAY_QUESTIONS, everyday):
                yield from ask("everyday", text)
            for question in translated if item.of_set == "benchmark" else ():
                if question["repo"] == item.source.name:
                    for language in LANGUAGES:
                        yield from ask("translated", question[language], item.questions.get(question["query"], ()))


def _is_alike(name: str, other: str) -> bool:
    """Whether two repositories may be the same, in two sets."""
    one, two = sorted((name.lower(), other.lower()), key=len)
    return one in two


def _open_sets(stack: ExitStack, bench: Path, trees: Path, clones: Path, data_dir: Path) -> Iterator[Repository]:
    folders = {"benchmark": (bench, trees)}
    for name in ("paraphrased", "plain"):
        of_trees = data_dir / f"{name}-trees"
        folders[name] = (QUESTIONS / name, of_trees)
        if not of_trees.is_dir():
            export_trees(QUESTIONS / name, clones, of_trees)
    for name, (questions, of_trees) in folders.items():
        assembly = stack.enter_context(closing(open_assembly(data_dir / name)))
        for repository, source_id in list(index_trees(assembly, questions, of_trees, ())):
            yield Repository(name, assembly, assembly.catalog.get_source(source_id), _read(questions, repository))
    assembly = stack.enter_context(closing(open_assembly(data_dir / "golden")))
    for folder, source in index_fixtures(assembly).items():
        asked = {
            q.text: tuple(target.path for target in q.targets) for q in read_golden_set() if q.repository == folder
        }
        yield Repository("golden", assembly, source, _without_names(asked))
    assembly = stack.enter_context(closing(open_assembly(data_dir / "lines")))
    for spec in json.loads((QUESTIONS / "lines.json").read_text(encoding="utf-8")):
        source = assembly.catalog.get_source(index_commit(assembly, spec, clones, data_dir / "lines"))
        asked = {item["query"]: tuple(path for path, *_ in item["answers"]) for item in spec["questions"]}
        yield Repository("lines", assembly, source, _without_names(asked))


def _read(questions: Path, repository: str) -> dict[str, tuple[str, ...]]:
    items = json.loads((questions / "annotations" / f"{repository}.json").read_text(encoding="utf-8"))
    answers = {item["query"]: item.get("relevant", []) + item.get("secondary", []) for item in items}
    return _without_names(
        {
            text: tuple(raw if isinstance(raw, str) else str(raw["path"]) for raw in found)
            for text, found in answers.items()
        }
    )


def _without_names(questions: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Leave out what is one word: a name is there or not."""
    return {text: answers for text, answers in questions.items() if len(text.split()) > 1}


def ask_question(repository: Repository, kind: str, text: str, answers: Sequence[str] = ()) -> Iterator[Asked]:
    """Ask without regard to presence; yield nothing where it has no say."""
    index = repository.assembly.search_indexes.get(repository.source.id, repository.source.run_id)
    terms = understand_query(text, index.segments)
    if terms.is_name or terms.is_message:
        return
    vector = embed_texts(repository.assembly.embedder, terms.texts)
    candidates = join_candidates(find_candidates([(index, EVERYTHING)], terms, vector, 10))
    view = View(terms, candidates)
    highest: list[float] = []

    def keep(margin: float) -> float:
        highest.append(margin)
        return 0.0

    matches_of = partial(describe_matches, candidates)
    features, adjusted = compute_features(view), adjust_candidates(view)
    scores = score_rows(model_for(terms), features, candidates.files, matches_of, adjusted, keep).scores
    first = int(scores.argmax())
    path, best = lines_of(candidates, first)[0], float(scores[first])
    values = describe_presence(view, highest[0])
    log_odds = float(np.log(best / (1 - best)))
    if np.isfinite(log_odds):
        is_right = any(path == answer or path.endswith(f"/{answer}") for answer in answers)
        told = tuple(values[name] for name in WEIGHTS)
        yield Asked(repository.of_set, repository.source.name, kind, told, log_odds, is_right)
