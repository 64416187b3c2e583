"""`codesearch evaluate`: asks a repository's own later commits of its earlier tree and says how well that went.

main.py adds the command to its group. Everything is built in a temporary folder; the data folder is only read.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly, open_indexer
from codesearch.cli import output
from codesearch.cli.completion import complete_repositories
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.progress import index_progress
from codesearch.cli.sources import find_named
from codesearch.core.counts import count_contents, say_count
from codesearch.core.errors import SourceError
from codesearch.core.types import DataSource, SearchQuery
from codesearch.retrieval.evaluation import (
    DEFAULT_TOP_K,
    RECORDS,
    Figures,
    Judgement,
    Passage,
    judge,
    summarise,
    worst_first,
)

if TYPE_CHECKING:
    from indexer.history.questions import History, Question
    from indexer.history.repository import HistoryRepository
    from indexer.pipeline import IndexReport, Progress

DEFAULT_COMMITS = 100
WORST_SHOWN = 10
FILES_SHOWN = 3
COMMIT_DIGITS = 12


@click.command()
@click.argument("knowledge_id", metavar="ID", shell_complete=complete_repositories)
@click.option(
    "--commits", type=click.IntRange(1, 2000), default=DEFAULT_COMMITS, show_default=True, help="How many to ask."
)
@click.option(
    "--top-k",
    type=click.IntRange(1, RECORDS),
    default=DEFAULT_TOP_K,
    show_default=True,
    help="How many files and records count as found.",
)
@click.option("--since", metavar="COMMIT", help="Index the tree of this commit and ask the commits after it.")
@as_json_option
@click.pass_obj
def evaluate(
    holder: LazyAssembly, knowledge_id: str, commits: int, top_k: int, since: str | None, as_json: bool
) -> None:
    """Say how well the search works on the repository ID (or its name), judged by its own history.

    Indexes the tree of an earlier commit in a temporary folder, asks the subjects of later commits, and compares what
    is found with the files and symbols that they changed. Nothing is added to the index or to the repository.

    \b
    codesearch evaluate flask
    codesearch evaluate flask --commits 300 --json
    """
    assembly = holder.get()
    source = find_named(assembly, knowledge_id)
    with (
        tempfile.TemporaryDirectory(prefix="codesearch-evaluate-", ignore_cleanup_errors=True) as temporary,
        index_progress(source.name) as progress,
    ):
        history, report, judgements = _evaluate(assembly, source, Path(temporary), commits, top_k, since, progress)
    figures, worst = summarise(judgements), worst_first(judgements)
    if as_json:
        output.print_json(_as_json(source, history, report, figures, worst, top_k))
    else:
        _print(source, history, report, figures, worst, top_k)


def _evaluate(
    assembly: Assembly,
    source: DataSource,
    folder: Path,
    commits: int,
    top_k: int,
    since: str | None,
    progress: Progress,
) -> tuple[History, IndexReport, list[Judgement]]:
    from indexer.history.repository import open_history
    from indexer.source.opening import parse_location

    progress.start("reading the history")
    settings = assembly.settings
    location = parse_location(source.location)
    repository = open_history(location, branch=source.branch, folder=folder, settings=settings)
    # What decides about the answers stays: the model, the sizes, the workers. Catalog and store are new ones.
    own = settings.model_copy(
        update={
            "data_dir": folder / "data",
            "store_uri": None,
            "database_url": None,
            "model_cache_dir": settings.resolved_model_cache_dir,
        }
    )
    with closing(Assembly(own, assembly.chunker_version)) as temporary:
        if "embedder" in assembly.__dict__:
            temporary.embedder = assembly.embedder
        subdir = location.subdir_from_root(source.subdir)
        history = choose_history(temporary, repository, commits=commits, since=since, subdir=subdir)
        report = index_base(temporary, repository, subdir, progress)
        progress.start(f"asking {say_count(len(history.questions), 'question')}")
        return history, report, ask(temporary, report.source.id, history.questions, top_k)


def choose_history(
    assembly: Assembly, repository: HistoryRepository, *, commits: int, since: str | None, subdir: str | None
) -> History:
    """Choose the earlier commit and the questions, with files cut as the assembly would index them."""
    from indexer.batches import BatchIndexer
    from indexer.history.questions import choose_questions

    batches = BatchIndexer(assembly.embedder, assembly.settings)
    return choose_questions(
        repository,
        lambda file: batches.chunk([file])[0].chunks,
        count=commits,
        since=since,
        subdir=subdir,
        max_file_bytes=assembly.settings.max_file_bytes,
    )


def index_base(
    assembly: Assembly, repository: HistoryRepository, subdir: str | None, progress: Progress
) -> IndexReport:
    """Index the earlier commit. Raises SourceError when nothing in it can be indexed."""
    from indexer.history.questions import BASE_BRANCH

    indexer = open_indexer(assembly)
    report = indexer.index(str(repository.path), name="evaluated", branch=BASE_BRANCH, subdir=subdir, progress=progress)
    if not report.source.chunk_count:
        raise SourceError("Nothing in the earlier commit can be indexed; choose a later one with --since.")
    return report


def ask(assembly: Assembly, source_id: str, questions: Sequence[Question], top_k: int) -> list[Judgement]:
    """Ask each question and judge what came, in order."""
    judgements = []
    for question in questions:
        hits = assembly.retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery(source_id, question.text, RECORDS))
        passages = [Passage(hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line) for hit in hits]
        judgements.append(judge(question, passages, top_k))
    return judgements


def _print(
    source: DataSource, history: History, report: IndexReport, figures: Figures, worst: list[Judgement], top_k: int
) -> None:
    tree = f"{history.base[:COMMIT_DIGITS]} ({count_contents(report.source)})"
    print(output.visible(f"{source.name}: {say_count(figures.questions, 'later commit')} asked of the tree at {tree}"))
    print()
    symbols = "none changed" if figures.symbol_recall is None else f"{figures.symbol_recall:.3f}"
    among, commits = say_count(top_k, "file"), say_count(figures.symbol_questions, "commit")
    rows = [
        (
            f"file recall@{top_k}",
            f"{figures.file_recall:.3f}",
            f"changed files among the first {among}",
        ),
        (
            f"symbol recall@{top_k}",
            symbols,
            f"changed definitions in the first {say_count(top_k, 'record')} ({commits})",
        ),
        ("MRR", f"{figures.mrr:.3f}", "one over the rank of the first changed file"),
        ("first file right", f"{figures.first_right:.0%}", "of the commits"),
        ("any file right", f"{figures.any_right:.0%}", f"of the commits, among the first {among}"),
    ]
    output.print_table(("measure", "value", "is"), rows)
    shown = [item for item in worst[:WORST_SHOWN] if item.reciprocal_rank < 1 or item.file_recall < 1]
    if shown:
        print(f"\nThe worst {len(shown)}:" if len(shown) > 1 else "\nThe worst:")
    for item in shown:
        expected = (
            f"{path} ({f'file {rank}' if rank else 'not found'})"
            for path, rank in zip(item.question.files, item.ranks, strict=True)
        )
        lines = [
            f"{item.question.commit[:COMMIT_DIGITS]}  {item.question.text}",
            f"  changed: {', '.join(expected)}",
            f"  found:   {', '.join(item.first_files[:FILES_SHOWN]) or 'nothing'}",
        ]
        for line in lines:
            print(output.visible(line))


def _as_json(
    source: DataSource, history: History, report: IndexReport, figures: Figures, worst: list[Judgement], top_k: int
) -> dict[str, object]:
    """Return the JSON form: the figures, then every question, worst first. Absent values are left out."""
    value: dict[str, object] = {
        "id": source.id,
        "name": source.name,
        "base": history.base,
        "tip": history.tip,
        "files": report.source.file_count,
        "chunks": report.source.chunk_count,
        "top_k": top_k,
        **figures_as_json(figures),
        "questions": [_judgement_as_json(item) for item in worst],
    }
    return value


def figures_as_json(figures: Figures) -> dict[str, object]:
    """Return the JSON form of the figures; symbol recall is left out when no symbol was expected."""
    value: dict[str, object] = {
        "queries": figures.questions,
        "symbol_queries": figures.symbol_questions,
        "file_recall": round(figures.file_recall, 4),
        "shown_file_recall": round(figures.shown_file_recall, 4),
        "mrr": round(figures.mrr, 4),
        "first_right": round(figures.first_right, 4),
        "any_right": round(figures.any_right, 4),
    }
    if figures.symbol_recall is not None:
        value["symbol_recall"] = round(figures.symbol_recall, 4)
    return value


def _judgement_as_json(item: Judgement) -> dict[str, object]:
    value: dict[str, object] = {
        "commit": item.question.commit,
        "query": item.question.text,
        "file_recall": round(item.file_recall, 4),
        "reciprocal_rank": round(item.reciprocal_rank, 4),
        "expected_files": [
            {"path": path, **({"rank": rank} if rank else {})}
            for path, rank in zip(item.question.files, item.ranks, strict=True)
        ],
        "expected_symbols": [
            {"path": symbol.path, "symbol": symbol.name, "found": found}
            for symbol, found in zip(item.question.symbols, item.found_symbols, strict=True)
        ],
        "found_files": list(item.first_files),
    }
    if item.symbol_recall is not None:
        value["symbol_recall"] = round(item.symbol_recall, 4)
    return value
