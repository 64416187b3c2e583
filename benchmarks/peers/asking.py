"""What the runners share: the command line they take, asking and timing queries, one result per file."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

# [path, first line, last line]
Result = list[Any]
Answer = Callable[[str], list[Result]]


def parser_of(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the options that every runner takes."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=Path, required=True, help="a JSON list of strings")
    parser.add_argument("--top-k", type=int, default=10, help="results per query")
    parser.add_argument("--out", type=Path, required=True, help="where the results go")
    return parser


def ask_all(arguments: argparse.Namespace, answer: Answer, figures: Mapping[str, object]) -> None:
    """Ask every query once, the first once more before; write the results, print the figures as one JSON object."""
    queries: list[str] = json.loads(arguments.queries.read_text(encoding="utf-8"))
    for query in queries[:1]:
        answer(query)
    results: dict[str, list[Result]] = {}
    times = []
    for query in queries:
        started = time.perf_counter()
        results[query] = answer(query)
        times.append(round(1000 * (time.perf_counter() - started), 3))
    arguments.out.write_text(json.dumps(results), encoding="utf-8")
    print(json.dumps({**figures, "query_ms": times}))


def one_per_file(results: Iterable[Result], limit: int) -> list[Result]:
    """Return the first result of each file, in the given order, at most `limit`."""
    first: dict[str, Result] = {}
    for result in results:
        first.setdefault(result[0], result)
    return list(first.values())[:limit]


def add_prefix(results: Mapping[str, Sequence[Result]], folder: str | None) -> dict[str, list[Result]]:
    """Return the results with paths from the repository's root, where `folder` of it was searched."""
    prefix = f"{folder}/" if folder else ""
    return {query: [[prefix + path, *lines] for path, *lines in found] for query, found in results.items()}
