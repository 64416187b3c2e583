"""Indexes real repositories and asks each ten questions over HTTP, as a user would; prints the figures as Markdown.

python -m benchmarks.real_run [--mirrors DIR] [--out docs/real-run.md]

The questions, and the files that answer them, are in real_questions.json. A local mirror of github.com/OWNER/NAME is
looked for in DIR/OWNER+NAME/repo and DIR/NAME; without one the repository is cloned.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

QUESTIONS = Path(__file__).with_name("real_questions.json")
TOP_K = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question got: the rank of the first right file from 1, None when none of the five was right."""

    query: str
    milliseconds: float
    rank: int | None
    first: str


def codesearch(data_dir: Path, *arguments: str) -> dict[str, Any]:
    """Run a command with --json and return what it printed."""
    environment = {**os.environ, "CODESEARCH_DATA_DIR": str(data_dir)}
    command = [sys.executable, "-m", "codesearch.cli", *arguments, "--json"]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    value: dict[str, Any] = json.loads(done.stdout)
    return value


@contextmanager
def running_service(data_dir: Path) -> Iterator[str]:
    """Serve the data folder on a free port; give the base URL once it is ready."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "CODESEARCH_DATA_DIR": str(data_dir), "CODESEARCH_LOG_LEVEL": "warning"}
    command = [sys.executable, "-m", "codesearch.cli", "serve", "--port", str(port)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(300):
                try:
                    urllib.request.urlopen(f"{url}/readyz").close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield url
        finally:
            process.terminate()


def ask(url: str, key: str, source_id: str, question: dict[str, Any]) -> Answer:
    """Ask one question over HTTP."""
    body = {"knowledge_id": source_id, "query": question["query"], "retrieval_setting": {"top_k": TOP_K}}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/retrieval", json.dumps(body).encode(), headers)
    started = time.perf_counter()
    with urllib.request.urlopen(request) as response:
        records = json.load(response)["records"]
    milliseconds = 1000 * (time.perf_counter() - started)
    found = [record["metadata"] for record in records]
    ranks = (
        rank for rank, folder in enumerate(found, 1) if any(answer in folder["path"] for answer in question["answers"])
    )
    first = "{path}:{start_line}-{end_line}".format(**found[0]) if found else "nothing"
    return Answer(question["query"], milliseconds, next(ranks, None), first)


def find_repository(url: str, mirrors: Path | None) -> str:
    """Return the local mirror of a repository, or its URL."""
    owner, name = url.split("/")[-2:]
    for folder in (mirrors / f"{owner}+{name}" / "repo", mirrors / name) if mirrors else ():
        if folder.is_dir():
            return str(folder)
    return url


def main() -> None:
    """Index, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mirrors", type=Path, help="folder with git mirrors; default: clone")
    parser.add_argument("--out", type=Path, help="write the Markdown here")
    arguments = parser.parse_args()
    specifications = json.loads(QUESTIONS.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = Path(temporary)
        sources = [
            codesearch(data_dir, "index", find_repository(item["url"], arguments.mirrors), "--name", _name(item["url"]))
            for item in specifications
        ]
        key = codesearch(data_dir, "key", "create", "real-run")["secret"]
        with running_service(data_dir) as url:
            answers = [
                [ask(url, key, source["id"], question) for question in item["questions"]]
                for item, source in zip(specifications, sources, strict=True)
            ]
    text = "\n".join(describe(specifications, sources, answers))
    print(text)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")


def _name(url: str) -> str:
    return url.rsplit("/", 1)[-1]


def describe(
    specifications: list[dict[str, Any]], sources: list[dict[str, Any]], answers: list[list[Answer]]
) -> Iterator[str]:
    """Yield the Markdown: a table of repositories, then one of answers for each."""
    yield "# Real repositories, real questions\n"
    yield "Made by `python -m benchmarks.real_run`: each repository indexed by `codesearch index`, ten questions asked"
    yield "over HTTP. A question counts as answered when a file that a person would call the answer is first, or among"
    yield "the first five.\n"
    yield "| repository | language | commit | files | chunks | MB | indexed in | first | in five | median |"
    yield "|---|---|---|---:|---:|---:|---:|---:|---:|---:|"
    for item, source, given in zip(specifications, sources, answers, strict=True):
        first = sum(answer.rank == 1 for answer in given)
        found = sum(answer.rank is not None for answer in given)
        median = statistics.median(answer.milliseconds for answer in given)
        yield (
            f"| [{_name(item['url'])}]({item['url']}) | {item['language']} | {source['commit'][:10]} "
            f"| {source['files']:,} | {source['chunks']:,} | {source['characters'] / 1e6:.1f} "
            f"| {source['seconds']:.1f} s | {first} of {len(given)} | {found} of {len(given)} | {median:.0f} ms |"
        )
    for item, given in zip(specifications, answers, strict=True):
        yield f"\n## {_name(item['url'])}\n"
        yield "| question | first record | right file at |"
        yield "|---|---|---|"
        for answer in given:
            yield f"| {answer.query} | `{answer.first}` | {answer.rank or 'not in five'} |"


if __name__ == "__main__":
    main()
