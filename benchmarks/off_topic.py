"""Off topic: questions that have no answer in a repository, asked of the eight repositories of benchmarks.lines.

python -m benchmarks.off_topic [--mirrors DIR] [--data-dir DIR] [--kept]: some of off_topic_questions.json are of
everyday life, the rest about software of other kinds. Prints how many of the tries get a record with a score of 0.3 and
of 0.5, a row for each repository. Mirrors are looked for as in benchmarks.lines, and a --data-dir of it will do.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.lines import QUESTIONS, index_commit, read_specs
from benchmarks.quality import open_assembly
from codesearch.assembly import LOCAL_PRINCIPAL, Assembly
from codesearch.core.types import SearchQuery

OFF_TOPIC = Path(__file__).with_name("off_topic_questions.json")
THRESHOLDS = (0.3, 0.5)


@dataclass(frozen=True, slots=True)
class Try:
    """A question that a repository was asked, and the score and path of its first record."""

    repository: str
    query: str
    score: float
    path: str


def main() -> None:
    """Index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirrors", type=Path, help="folder with git mirrors")
    parser.add_argument("--data-dir", type=Path, help="keep the index here; default: a temporary folder")
    parser.add_argument("--kept", action="store_true", help="print each try that gets a record over the last threshold")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.data_dir or Path(temporary)
        with closing(open_assembly(work)) as assembly:
            tries = list(ask_off_topic(assembly, arguments.mirrors, work))
    print_tries(tries)
    for item in tries if arguments.kept else ():
        if item.score >= THRESHOLDS[-1]:
            print(f"{item.repository}: {item.query}: {item.score:.2f} {item.path}")


def ask_off_topic(assembly: Assembly, mirrors: Path | None, work: Path) -> Iterator[Try]:
    """Ask every question of every repository."""
    questions: list[str] = json.loads(OFF_TOPIC.read_text(encoding="utf-8"))
    for spec in read_specs(QUESTIONS):
        source = index_commit(assembly, spec, mirrors, work)
        for question in questions:
            hits = assembly.retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery(source, question, top_k=1))
            score, path = (hits[0].score, hits[0].chunk.path) if hits else (0.0, "")
            yield Try(spec["url"].rpartition("/")[2], question, score, path)


def print_tries(tries: Sequence[Try]) -> None:
    """Print a row for each repository and one for all."""
    print(f"| repository | tries | {' | '.join(f'over {threshold}' for threshold in THRESHOLDS)} |")
    print("|---|---:|" + "---:|" * len(THRESHOLDS))
    names = list(dict.fromkeys(item.repository for item in tries))
    for name in [*names, "all"]:
        scores = [item.score for item in tries if name in ("all", item.repository)]
        counts = [sum(score >= threshold for score in scores) for threshold in THRESHOLDS]
        print(f"| {name} | {len(scores)} | {' | '.join(map(str, counts))} |")


if __name__ == "__main__":
    main()
