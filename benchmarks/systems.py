"""The systems that the benchmark compares: how each indexes one repository and is asked, in processes of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.asking import Result, add_prefix
from benchmarks.processes import ProcessWatch, folder_bytes
from benchmarks.scoring import Repository

ROOT = Path(__file__).parents[1]
TOP_K = 10
CODESEARCH, HTTP, SEMBLE, SEMBLE_BM25, RIPGREP, TEXT, VECTOR = (
    "codesearch",
    "codesearch-http",
    "semble",
    "semble-bm25",
    "ripgrep",
    "text",
    "vector",
)
LABELS = {
    CODESEARCH: "codesearch",
    HTTP: "codesearch over HTTP",
    SEMBLE: "semble, our model",
    SEMBLE_BM25: "semble, BM25 alone",
    RIPGREP: "ripgrep",
    TEXT: "plain full text",
    VECTOR: "plain vectors",
}
# These ask what codesearch has indexed.
ON_OUR_INDEX = (CODESEARCH, HTTP, TEXT, VECTOR)
# These are compared by the time of indexing, from the process's start until queries can be asked.
INDEXERS = (CODESEARCH, SEMBLE)


class RunFailedError(Exception):
    """A system's process failed; the message is its last line on stderr."""


@dataclass(slots=True)
class Measured:
    """What one system did on one repository. Times of indexing are one per run; `None`: not measured."""

    system: str = ""
    index_seconds: list[float] = field(default_factory=list)
    query_ms: list[float] = field(default_factory=list)
    peak_bytes: int = 0
    store_bytes: int | None = None
    results: dict[str, list[Result]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ended:
    """A process that has ended well: what it printed, when it began, how long it took, its tree's peak memory."""

    output: dict[str, Any]
    began_at: float
    seconds: float
    peak_bytes: int


def run_watched(command: Sequence[str | Path], environment: Mapping[str, str] | None = None) -> Ended:
    """Run a command that prints one JSON object as its last line, and watch its processes. Raises RunFailedError."""
    variables = {**os.environ, **(environment or {})}
    began_at, started = time.time(), time.perf_counter()
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, env=variables, cwd=ROOT, text=True, **pipes)  # type: ignore[call-overload]
    with process, ProcessWatch(process.pid) as watch:
        output, errors = process.communicate()
        seconds = time.perf_counter() - started
    if process.returncode:
        lines = [line for line in errors.splitlines() if line.strip()] or [f"exit status {process.returncode}"]
        raise RunFailedError(lines[-1].strip())
    return Ended(json.loads(output.strip().splitlines()[-1]), began_at, seconds, watch.peak_bytes)


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a run keeps its files: `folder` is emptied after every repository."""

    folder: Path
    semble_python: Path | None

    @property
    def data_dir(self) -> Path:
        """The data folder of codesearch's index of the current repository."""
        return self.folder / "data"

    def ask_options(self, repository: Repository) -> list[str]:
        """Write the queries; return the options that every runner takes for them."""
        queries = self.folder / "queries.json"
        queries.write_text(json.dumps(repository.queries), encoding="utf-8")
        return ["--queries", str(queries), "--top-k", str(TOP_K), "--out", str(self.folder / "results.json")]

    def read_results(self) -> dict[str, list[Result]]:
        """Return what the last runner wrote."""
        results: dict[str, list[Result]] = json.loads((self.folder / "results.json").read_text(encoding="utf-8"))
        return results


@dataclass(frozen=True, slots=True)
class OurIndex:
    """What `codesearch index` made of a repository, how long its process took, and what it used."""

    source_id: str
    source: dict[str, Any]
    seconds: float
    peak_bytes: int
    store_bytes: int


def index_codesearch(workplace: Workplace, repository: Repository) -> OurIndex:
    """Index a repository with `codesearch index` into a fresh data folder."""
    shutil.rmtree(workplace.data_dir, ignore_errors=True)
    command = [sys.executable, "-m", "codesearch.cli", "index", str(repository.tree.resolve()), "--json"]
    command += ["--name", repository.name, *(["--subdir", repository.root] if repository.root else [])]
    ended = run_watched(command, {"CODESEARCH_DATA_DIR": str(workplace.data_dir)})
    said = ended.output
    source = {"megabytes": said["characters"] / 1e6, "files": said["files"], "chunks": said["chunks"]}
    return OurIndex(said["id"], source, ended.seconds, ended.peak_bytes, folder_bytes(workplace.data_dir))


def ask_codesearch(workplace: Workplace, repository: Repository, index: OurIndex, system: str) -> Measured:
    """Ask codesearch, through the Retriever or over HTTP, or one of the plain searches over its chunks."""
    module = "codesearch_runner" if system in (CODESEARCH, HTTP) else "plain_runner"
    command = [sys.executable, "-m", f"benchmarks.peers.{module}", "--data-dir", str(workplace.data_dir)]
    command += workplace.ask_options(repository)
    if module == "codesearch_runner":
        command += ["--source", index.source_id, *(["--http"] if system == HTTP else [])]
    else:
        command += ["--mode", system]
    ended = run_watched(command)
    said, results = ended.output, workplace.read_results()
    if module == "plain_runner":
        times, size = [said["index_seconds"]], said["store_bytes"]
        return Measured(said["system"], times, said["query_ms"], ended.peak_bytes, size, results)
    peak = max(index.peak_bytes, ended.peak_bytes)
    return Measured(said["system"], [index.seconds], said["query_ms"], peak, index.store_bytes, results)


def run_semble(workplace: Workplace, repository: Repository, system: str, model: Path) -> Measured:
    """Let semble index the repository's folder and answer; its time counts until its index is ready."""
    saved = workplace.folder / "semble"
    command = [str(workplace.semble_python), str(ROOT / "benchmarks" / "peers" / "semble_runner.py")]
    command += ["--tree", str(repository.folder.resolve()), *workplace.ask_options(repository)]
    command += ["--model-path", str(model.resolve()), "--save", str(saved)]
    ended = run_watched([*command, *(["--alpha", "0"] if system == SEMBLE_BM25 else [])])
    if system == SEMBLE and ended.output["model"] != "given":
        raise RunFailedError(f"semble cannot load the model: {ended.output['model']}")
    return Measured(
        ended.output["system"],
        [ended.output["ready_at"] - ended.began_at],
        ended.output["query_ms"],
        ended.peak_bytes,
        folder_bytes(saved),
        add_prefix(workplace.read_results(), repository.root),
    )


def run_ripgrep(workplace: Workplace, repository: Repository) -> Measured:
    """Ask ripgrep, which has no index."""
    command = [sys.executable, "-m", "benchmarks.peers.ripgrep_runner", "--tree", str(repository.folder.resolve())]
    ended = run_watched([*command, *workplace.ask_options(repository)])
    results = add_prefix(workplace.read_results(), repository.root)
    return Measured(ended.output["system"], [], ended.output["query_ms"], ended.peak_bytes, None, results)
