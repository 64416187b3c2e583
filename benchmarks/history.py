"""Questions from history, side by side: repositories' later commits asked of their earlier trees, as `evaluate` does.

python -m benchmarks.history MIRROR... [--commits N] [--semble-python PATH] [--data-dir DIR] [--trees DIR]
    [--queries FILE] [--json]

MIRROR is a git repository with its history, or a clone URL. With a Python that has semble installed, semble is asked
the same questions over the same tree, exported to a folder. docs/evaluate.md defines the figures.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

from benchmarks.quality import open_assembly
from codesearch.cli.evaluate import DEFAULT_COMMITS, ask, choose_history, figures_as_json, index_base
from codesearch.core.config import load_settings
from codesearch.core.errors import CodesearchError
from codesearch.retrieval.evaluation import DEFAULT_TOP_K, RECORDS, Figures, Passage, judge, summarise
from indexer.history.questions import History, Question
from indexer.history.repository import HistoryRepository, open_history
from indexer.pipeline import SilentProgress
from indexer.source.git_snapshot import GitSnapshot
from indexer.source.opening import parse_location, suggested_name
from indexer.source.skipping import Skipped

SEMBLE_RUNNER = Path(__file__).parent / "peers" / "semble_runner.py"
OWN, SEMBLE = "codesearch", "semble"
MEASURES = ("file_recall", "symbol_recall", "mrr")


@dataclass(frozen=True, slots=True)
class RepositoryResult:
    """One repository: the earlier tree, and each system's figures over the same questions."""

    name: str
    base: str
    files: int
    figures: dict[str, Figures]


def main() -> None:
    """Choose, index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mirrors", nargs="+", metavar="MIRROR")
    parser.add_argument("--commits", type=int, default=DEFAULT_COMMITS, help="questions per repository")
    parser.add_argument("--semble-python", type=Path, metavar="PATH", help="a Python that has semble installed")
    parser.add_argument("--data-dir", type=Path, help="keep the indexes here; default: a temporary folder")
    parser.add_argument("--trees", type=Path, help="keep the exported trees here; default: a temporary folder")
    parser.add_argument("--queries", type=Path, help="write the questions with their answers here, as JSON")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    results: list[RepositoryResult] = []
    asked: list[dict[str, object]] = []
    for mirror in arguments.mirrors:
        with tempfile.TemporaryDirectory() as temporary:
            try:
                result, records = run_repository(mirror, Path(temporary), arguments)
            except CodesearchError as error:
                print(f"{mirror}: {error.message}", file=sys.stderr, flush=True)
                continue
        results.append(result)
        asked += records
        if arguments.queries:
            arguments.queries.write_text(json.dumps(asked, indent=1), encoding="utf-8")
    if not results:
        sys.exit("No repository could be evaluated.")
    print(json.dumps(as_json(results)) if arguments.json else "\n".join(as_table(results)))


def run_repository(
    mirror: str, folder: Path, arguments: argparse.Namespace
) -> tuple[RepositoryResult, list[dict[str, object]]]:
    """Evaluate one repository; return its figures, and its questions with their answers."""
    location = parse_location(mirror)
    name = repository_name(mirror)
    started = time.monotonic()
    # Kept with its index, which knows it by its place.
    place = (arguments.data_dir or folder) / name
    place.mkdir(parents=True, exist_ok=True)
    repository = open_history(location, branch=None, folder=place, settings=load_settings())
    with closing(open_assembly(place)) as assembly:
        history = choose_history(assembly, repository, commits=arguments.commits, since=None, subdir=None)
        chosen = time.monotonic()
        report = index_base(assembly, repository, None, SilentProgress())
        indexed = time.monotonic()
        judgements = ask(assembly, report.source.id, history.questions, DEFAULT_TOP_K)
    print(
        f"{name}: {len(history.questions)} questions in {chosen - started:.1f} s, {report.source.file_count} files "
        f"indexed in {indexed - chosen:.1f} s, asked in {time.monotonic() - indexed:.1f} s",
        file=sys.stderr,
        flush=True,
    )
    figures = {OWN: summarise(judgements)}
    tree = (arguments.trees or folder / "trees") / name
    if arguments.trees or arguments.semble_python:
        export_tree(repository, history.base, tree)
    if arguments.semble_python:
        figures[SEMBLE] = ask_semble(arguments.semble_python, tree, history, folder)
    records = [question_as_json(name, tree, question) for question in history.questions]
    return RepositoryResult(name, history.base, report.source.file_count, figures), records


def repository_name(mirror: str) -> str:
    """Return a short name: of `OWNER+NAME/repo`, the layout of real_run.py, its NAME."""
    path = Path(mirror)
    return path.parent.name.partition("+")[2] or suggested_name(parse_location(mirror))


def export_tree(repository: HistoryRepository, base: str, folder: Path) -> None:
    """Write the regular files of a commit to a folder. Git's own export would leave out what .gitattributes says."""
    with GitSnapshot(repository.git, base) as snapshot:
        for entry, content in snapshot.read(snapshot.list_files()):
            if not isinstance(content, Skipped):
                path = folder / entry.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)


def ask_semble(python: Path, tree: Path, history: History, folder: Path) -> Figures:
    """Let semble index the tree and answer the questions, in a process of its own."""
    queries, out = folder / "queries.json", folder / "results.json"
    queries.write_text(json.dumps([question.text for question in history.questions]), encoding="utf-8")
    command = [python, SEMBLE_RUNNER, "--tree", tree, "--queries", queries, "--top-k", RECORDS, "--out", out]
    subprocess.run([str(part) for part in command], check=True, stdout=subprocess.DEVNULL)
    answers: dict[str, list[tuple[str, int, int]]] = json.loads(out.read_text(encoding="utf-8"))
    return summarise(
        [judge(question, [Passage(*passage) for passage in answers[question.text]]) for question in history.questions]
    )


def question_as_json(name: str, tree: Path, question: Question) -> dict[str, object]:
    """Return a question with its answers."""
    return {
        "repo": name,
        "tree": str(tree),
        "commit": question.commit,
        "query": question.text,
        "files": list(question.files),
        "symbols": [
            [symbol.path, symbol.name, [list(lines) for lines in symbol.ranges]] for symbol in question.symbols
        ],
        "lines": [list(line) for line in question.lines],
    }


def averages(results: Sequence[RepositoryResult]) -> dict[str, dict[str, float]]:
    """Return system -> measure -> the mean over the repositories that have it."""
    systems = results[0].figures
    values = {
        (system, measure): [
            value for result in results if (value := getattr(result.figures[system], measure)) is not None
        ]
        for system in systems
        for measure in MEASURES
    }
    return {
        system: {measure: round(mean(values[system, measure]), 4) for measure in MEASURES if values[system, measure]}
        for system in systems
    }


def as_table(results: Sequence[RepositoryResult]) -> list[str]:
    """Return a Markdown table, then the averages, then where semble is ahead in file recall."""
    systems = list(results[0].figures)
    heads = [f"{label} {system}" for label in ("files@10", "symbols@10", "MRR") for system in systems]
    lines = [
        f"| repository | base | files | queries | {' | '.join(heads)} |",
        f"|---|---|---:|---:|{'---:|' * len(heads)}",
    ]
    for result in sorted(results, key=lambda result: result.name):
        values = [getattr(result.figures[system], measure) for measure in MEASURES for system in systems]
        own = result.figures[OWN]
        lines.append(
            f"| {result.name} | {result.base[:10]} | {result.files:,} | {own.questions} "
            f"| {' | '.join('' if value is None else f'{value:.3f}' for value in values)} |"
        )
    means = averages(results)
    shown = [
        f"{means[system][measure]:.3f}" if measure in means[system] else ""
        for measure in MEASURES
        for system in systems
    ]
    lines.append(f"| mean of {len(results)} | | | | {' | '.join(shown)} |")
    if SEMBLE in systems:
        lines += ["", *_behind(results)]
    return lines


def _behind(results: Sequence[RepositoryResult]) -> list[str]:
    means = averages(results)
    ratio = means[OWN]["file_recall"] / max(1e-9, means[SEMBLE]["file_recall"]) - 1
    behind = [
        f"{result.name} ({result.figures[OWN].file_recall:.3f} against {result.figures[SEMBLE].file_recall:.3f})"
        for result in results
        if result.figures[OWN].file_recall < result.figures[SEMBLE].file_recall
    ]
    return [
        f"File recall against semble: {ratio:+.1%} on average.",
        f"Behind semble: {', '.join(behind) or 'nowhere'}.",
    ]


def as_json(results: Sequence[RepositoryResult]) -> dict[str, object]:
    """Return the JSON form: per repository and system, and the averages."""
    return {
        "repositories": [
            {
                "name": result.name,
                "base": result.base,
                "files": result.files,
                "systems": {system: figures_as_json(figures) for system, figures in result.figures.items()},
            }
            for result in results
        ],
        "averages": averages(results),
    }


if __name__ == "__main__":
    main()
