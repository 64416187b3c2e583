"""Measures codesearch beside its peers in one run: quality, query times, indexing, memory, size.

python -m benchmarks.compare --bench DIR --trees DIR [--out DIR] [--repo NAME]... [--system NAME]... [--write-docs]

Each repository of the folder's repos.json is indexed at its benchmark_root and asked its annotated queries by every
system, each in processes and an environment of its own. Figures go to OUT/COMMIT.json and .md, and with --write-docs to
docs/benchmarks.md and its plots.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import report
from benchmarks.environments import ENVIRONMENTS, PLOT_REQUIREMENTS, EnvironmentSetupError, python_of
from benchmarks.scoring import Repository, load_scorer, read_repositories, score
from benchmarks.systems import (
    CODESEARCH,
    INDEXERS,
    LABELS,
    ON_OUR_INDEX,
    RIPGREP,
    ROOT,
    SEMBLE,
    SEMBLE_BM25,
    Measured,
    RunFailedError,
    Workplace,
    ask_codesearch,
    index_codesearch,
    run_ripgrep,
    run_semble,
)

RESULTS = Path(__file__).with_name("results")
MODEL = ROOT / "codesearch" / "bundled_model"
SEMBLE_SYSTEMS = (SEMBLE, SEMBLE_BM25)


def main() -> None:
    """Measure, save, print; make the page where it is asked for."""
    options = parse()
    if options.from_results:
        run = json.loads(options.from_results.read_text(encoding="utf-8"))
    else:
        run = measure(options)
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / f"{run['commit']}.json").write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
        (options.out / f"{run['commit']}.md").write_text(report.results_page(run), encoding="utf-8")
    print(report.results_page(run))
    if options.write_docs:
        write_docs(run, options.environments)


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, help="folder with repos.json, annotations/ and score.py")
    parser.add_argument("--trees", type=Path, help="folder with one source tree per repository")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the figures go; default: benchmarks/results")
    parser.add_argument("--repo", action="append", default=[], help="only this repository; may be repeated")
    parser.add_argument("--system", action="append", choices=list(LABELS), help="only this one; may be repeated")
    parser.add_argument("--skip", action="append", default=[], choices=list(LABELS), help="all but this one; likewise")
    parser.add_argument(
        "--index-tree", action="append", default=[], type=Path, metavar="DIR", help="also compare indexing of this tree"
    )
    parser.add_argument("--index-runs", type=int, default=1, help="runs of indexing; their median counts")
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS, help="folder for the peers' environments")
    parser.add_argument("--upgrade", action="store_true", help="bring the peers' environments up to date first")
    parser.add_argument("--write-docs", action="store_true", help="write docs/benchmarks.md and docs/images/")
    parser.add_argument("--from-results", type=Path, metavar="FILE", help="measure nothing: read an earlier run's JSON")
    options = parser.parse_args()
    if not options.from_results and not (options.bench and options.trees):
        parser.error("--bench and --trees say what to measure on")
    options.systems = [name for name in options.system or LABELS if name not in options.skip]
    return options


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run every system on every repository; return the figures, ready for JSON."""
    repositories = read_repositories(options.bench, options.trees, options.repo)
    repositories += [Repository(tree.resolve().name, "", tree, "") for tree in options.index_tree]
    if not repositories:
        raise SystemExit(f"{options.trees} has none of the repositories that {options.bench / 'repos.json'} names.")
    scorer = load_scorer(options.bench)
    compile_modules()
    run = describe_run(options)
    wanted, semble = list(options.systems), None
    if set(wanted) & set(SEMBLE_SYSTEMS):
        try:
            semble = python_of(options.environments, "semble", ("semble",), upgrade=options.upgrade)
        except EnvironmentSetupError as error:
            run["notes"].append(f"semble was not measured: {error}")
            wanted = [name for name in wanted if name not in SEMBLE_SYSTEMS]
    if RIPGREP in wanted and shutil.which("rg") is None:
        run["notes"].append("ripgrep was not measured: there is no `rg` on the path")
        wanted.remove(RIPGREP)
    for number, repository in enumerate(repositories, 1):
        print(f"{number}/{len(repositories)} {repository.name}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as temporary:
            workplace = Workplace(Path(temporary), semble)
            run["repositories"].append(
                measure_repository(workplace, repository, wanted, scorer, run, options.index_runs)
            )
    run["notes"] += [f"{message} ({', '.join(names)})" for message, names in run.pop("failures").items()]
    run["minutes"] = round((time.time() - run.pop("began_at")) / 60, 1)
    run["load_average"].append(round(os.getloadavg()[0], 1))
    return run


def compile_modules() -> None:
    """Compile our modules as pip compiles those of the peers; it leaves alone what it installs to be edited."""
    for package in ("codesearch", "indexer"):
        compileall.compile_dir(ROOT / package, quiet=1)


def describe_run(options: argparse.Namespace) -> dict[str, Any]:
    """Return what must be known to judge the figures: commit, machine, command."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--exclude=*"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    command = "python -m benchmarks.compare --bench DIR --trees DIR"
    command += "".join(f" --repo {name}" for name in options.repo)
    command += "".join(f" --system {name}" for name in options.system or ())
    command += "".join(f" --skip {name}" for name in options.skip)
    command += "".join(f" --index-tree {tree.name}" for tree in options.index_tree)
    return {
        "commit": commit.stdout.strip(),
        "command": command + (f" --index-runs {options.index_runs}" if options.index_runs > 1 else ""),
        "began_at": time.time(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 1e9),
        "python": ".".join(map(str, sys.version_info[:2])),
        "load_average": [round(os.getloadavg()[0], 1)],
        "versions": {},
        "notes": [],
        "failures": {},
        "repositories": [],
    }


def measure_repository(
    workplace: Workplace, repository: Repository, wanted: list[str], scorer: Any, run: dict[str, Any], index_runs: int
) -> dict[str, Any]:
    """Run the wanted systems on one repository; return its figures. What fails is noted and left out."""
    for path in repository.folder.rglob("*"):  # so that the first system does not pay for reading the disk
        if path.is_file():
            path.read_bytes()
    figures: dict[str, Any] = {"name": repository.name, "language": repository.language, "systems": {}}
    ours, measured = None, {}
    if set(wanted) & set(ON_OUR_INDEX):
        try:
            ours = index_codesearch(workplace, repository)
            figures |= ours.source
        except RunFailedError as error:
            note_failure(run, workplace, f"codesearch could not index: {error}", repository)
    for system in wanted:
        if (not repository.items and system not in INDEXERS) or (system in ON_OUR_INDEX and ours is None):
            continue
        try:
            if ours is not None and system in ON_OUR_INDEX:
                measured[system] = ask_codesearch(workplace, repository, ours, system)
            elif system in SEMBLE_SYSTEMS:
                measured[system] = run_semble(workplace, repository, system, MODEL)
            else:
                measured[system] = run_ripgrep(workplace, repository)
        except RunFailedError as error:
            note_failure(run, workplace, f"{LABELS[system]} failed: {error}", repository)
    repeat_indexing(workplace, repository, measured, index_runs)
    for system, item in measured.items():
        run["versions"][system] = item.system
        figures["systems"][system] = as_figures(item, score(scorer, repository, item.results))
    return figures


def note_failure(run: dict[str, Any], workplace: Workplace, message: str, repository: Repository) -> None:
    """Keep a failure, once with all the repositories it happened on, without this machine's paths."""
    for path, shown in ((workplace.folder, "FOLDER"), (repository.tree.resolve(), "TREE"), (ROOT, "ROOT")):
        message = message.replace(str(path), shown)
    print(f"{repository.name}: {message}", file=sys.stderr, flush=True)
    run["failures"].setdefault(message, []).append(repository.name)


def repeat_indexing(workplace: Workplace, repository: Repository, measured: dict[str, Measured], runs: int) -> None:
    """Index again, in turns, with the systems whose indexing is compared, and keep every time."""
    silent = Repository(repository.name, repository.language, repository.tree, repository.root)
    for _ in range(1, runs):
        if CODESEARCH in measured:
            measured[CODESEARCH].index_seconds.append(index_codesearch(workplace, silent).seconds)
        if SEMBLE in measured:
            measured[SEMBLE].index_seconds += run_semble(workplace, silent, SEMBLE, MODEL).index_seconds


def as_figures(item: Measured, means: Any) -> dict[str, Any]:
    """Return what is kept of a measurement: no queries, no results."""
    return {
        "index_seconds": [round(seconds, 3) for seconds in item.index_seconds],
        "query_ms": [round(milliseconds, 2) for milliseconds in item.query_ms],
        "peak_bytes": item.peak_bytes,
        "store_bytes": item.store_bytes,
        "ndcg": {category: [round(mean.total, 6), mean.count] for category, mean in sorted(means.items())},
    }


def write_docs(run: dict[str, Any], environments: Path) -> None:
    """Write docs/benchmarks.md and its plots."""
    images = ROOT / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    python = python_of(environments, "plots", ("--requirement", str(PLOT_REQUIREMENTS)))
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / "plots.json"
        data.write_text(json.dumps(report.plot_data(run)), encoding="utf-8")
        subprocess.run([python, Path(__file__).with_name("plots.py"), data, images], check=True)
    (ROOT / "docs" / "benchmarks.md").write_text(report.docs_page(run), encoding="utf-8")


if __name__ == "__main__":
    main()
