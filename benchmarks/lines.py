"""Lines: own questions to eight real repositories, each with the lines that answer it, and needs told at four lengths.

python -m benchmarks.lines [--mirrors DIR] [--data-dir DIR] [--misses]: indexes each repository at the commit that
line_questions.json names and asks its questions. Prints how often a record that holds answering lines is first, among
five and ten, how often one of five that has a score of 0.3 or more does, and how many tokens ten records have; and of
message_needs.json how often the file is among five, by how many words the need is told in, and by language for the
longest, which are told in Chinese, Japanese and Korean, too. A git mirror of github.com/OWNER/NAME is looked for in
DIR/OWNER+NAME/repo and DIR/OWNER+NAME; without one the repository is cloned.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.quality import open_assembly
from codesearch.assembly import LOCAL_PRINCIPAL, Assembly, open_indexer
from codesearch.core.types import Hit, SearchQuery
from codesearch.retrieval.budgets import CHARACTERS_PER_TOKEN
from indexer.pipeline import SilentProgress

QUESTIONS, NEEDS = (Path(__file__).with_name(name) for name in ("line_questions.json", "message_needs.json"))
LENGTHS = (8, 16, 40, 200)
LANGUAGES = ("zh", "ja", "ko")
THRESHOLD = 0.3
FIGURES = ("first", "in five", "in ten", "kept at 0.3")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a question got: where the first record with answering lines is, from 1, and the score of the first of five.

    None where none is. `tokens`: of ten records.
    """

    repository: str
    query: str
    rank: int | None
    score: float | None
    tokens: float

    def figures(self) -> tuple[bool, ...]:
        """Return the outcome by FIGURES."""
        rank = self.rank or 99
        return rank == 1, rank <= 5, rank <= 10, self.score is not None and self.score >= THRESHOLD


def main() -> None:
    """Index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirrors", type=Path, help="folder with git mirrors")
    parser.add_argument("--data-dir", type=Path, help="keep the index here; default: a temporary folder")
    parser.add_argument("--misses", action="store_true", help="print each question whose lines are not first")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = arguments.data_dir or Path(temporary)
        with closing(open_assembly(work)) as assembly:
            sources = {
                spec["url"]: index_commit(assembly, spec, arguments.mirrors, work) for spec in read_specs(QUESTIONS)
            }
            outcomes = list(ask_questions(assembly, sources))
            lengths = {str(length): measure_needs(assembly, sources, f"words_{length}") for length in LENGTHS}
            languages = {name: measure_needs(assembly, sources, f"words_200_{name}") for name in LANGUAGES}
    print_outcomes(outcomes)
    print_shares("words", "---:", lengths)
    print_shares("language", "---", languages)
    for outcome in outcomes if arguments.misses else ():
        if outcome.rank != 1:
            print(f"{outcome.repository}: {outcome.query}: {outcome.rank or 'not in ten'}, {outcome.score or 0:.2f}")


def read_specs(path: Path) -> list[dict[str, Any]]:
    """Return the repositories of a file of questions, with their commits."""
    specs: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return specs


def index_commit(assembly: Assembly, spec: dict[str, Any], mirrors: Path | None, work: Path) -> str:
    """Index a repository at its commit and return the data source's id; nothing is done when it is there."""
    name = spec["url"].rpartition("/")[2].lower()
    place = (work / "commits" / name).resolve()
    if not place.exists():
        _git("init", "--quiet", "--bare", str(place))
        owner_and_name = "+".join(spec["url"].split("/")[-2:])
        found = [mirrors / owner_and_name / "repo", mirrors / owner_and_name] if mirrors else []
        mirror = next((path.resolve() for path in found if (path / "objects").is_dir()), None)
        if mirror is None:
            _git("--git-dir", str(place), "fetch", "--quiet", "--depth=1", spec["url"], spec["commit"])
        else:
            # Nothing is copied: the mirror may lack what is not read, too.
            (place / "objects" / "info" / "alternates").write_text(f"{mirror / 'objects'}\n", encoding="utf-8")
        _git("--git-dir", str(place), "update-ref", "refs/heads/main", spec["commit"])
        _git("--git-dir", str(place), "symbolic-ref", "HEAD", "refs/heads/main")
    report = open_indexer(assembly).index(str(place), name=name, branch=None, subdir=None, progress=SilentProgress())
    return report.source.id


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], check=True)


def ask_questions(assembly: Assembly, sources: dict[str, str]) -> Iterator[Outcome]:
    """Ask every question of line_questions.json."""
    for spec in read_specs(QUESTIONS):
        for question in spec["questions"]:
            hits = assembly.retriever.retrieve(
                LOCAL_PRINCIPAL, SearchQuery(sources[spec["url"]], question["query"], top_k=10)
            )
            right = [number for number, hit in enumerate(hits, 1) if holds(hit, question["answers"])]
            scores = [hits[number - 1].score for number in right if number <= 5]
            tokens = sum(len(hit.chunk.content) for hit in hits) / CHARACTERS_PER_TOKEN
            repository = spec["url"].rpartition("/")[2]
            yield Outcome(repository, question["query"], min(right, default=None), max(scores, default=None), tokens)


def holds(hit: Hit, answers: Sequence[Sequence[Any]]) -> bool:
    """Say whether a record has lines of one of the answers."""
    chunk = hit.chunk
    return any(
        chunk.path == path and chunk.start_line <= last and first <= chunk.end_line for path, first, last in answers
    )


def measure_needs(assembly: Assembly, sources: dict[str, str], key: str) -> tuple[int, int]:
    """Ask every need of message_needs.json by its text at key: how many have the file in five, and how many."""
    found = []
    for spec in read_specs(NEEDS):
        for need in spec["needs"]:
            query = SearchQuery(sources[spec["url"]], need[key], top_k=50)
            hits = assembly.retriever.retrieve(LOCAL_PRINCIPAL, query)
            files = list(dict.fromkeys(hit.chunk.path for hit in hits))[:5]
            found.append(any(path in files for path, _, _ in need["answers"]))
    return sum(found), len(found)


def print_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Print a row for each repository and one for all."""
    print(f"| repository | questions | {' | '.join(FIGURES)} | tokens of ten |")
    print("|---|---:|" + "---:|" * (len(FIGURES) + 1))
    names = list(dict.fromkeys(outcome.repository for outcome in outcomes))
    for name in [*names, "all"]:
        own = [outcome for outcome in outcomes if name in ("all", outcome.repository)]
        counts = [sum(column) for column in zip(*(outcome.figures() for outcome in own), strict=True)]
        tokens = sum(outcome.tokens for outcome in own) / len(own)
        print(f"| {name} | {len(own)} | {' | '.join(map(str, counts))} | {tokens:,.0f} |")


def print_shares(heading: str, alignment: str, shares: Mapping[str, tuple[int, int]]) -> None:
    """Print a table of the needs: how many there are and how many have the file in five, a row for each name."""
    print(f"\n| {heading} | needs | file in five |\n|{alignment}|---:|---:|")
    for name, (right, count) in shares.items():
        print(f"| {name} | {count} | {right} |")


if __name__ == "__main__":
    main()
