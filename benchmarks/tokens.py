"""Tokens: how much of what is to be found is in hand after 1k, 2k, 4k and 8k tokens of reading.

python -m benchmarks.tokens [--bench DIR --trees DIR [--data-dir DIR]] [--tasks FILE --tasks-work DIR] [--write]: reads
the records of semantic_search as the tool shows them, semble's results behind a line with their place, and what an
agent without an index finds (peers/grep_and_read.py), each in its order. --tasks: a JSON line per task (kind `issue` or
`question`, repository, commit, text, files, spans, seen); in its work folder git/NAME-COMMIT10 are bare repositories
and data/ our index of them by that name. An index that is there is taken as it is, a missing one made. semantic_search
is asked once for each budget, with `max_tokens`. A token is four characters; of a task the first 32,768 are asked.
With --peers what the others reach is kept, and not measured again. Ctrl-C prints what was measured until then.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.environments import ENVIRONMENTS, python_of
from benchmarks.quality import index_trees, open_assembly
from benchmarks.scoring import Repository, load_scorer, read_repositories
from benchmarks.token_reading import AROUND, BUDGETS, OURS, SEMBLE, WHOLE, Question, Reader, Recalls
from benchmarks.token_recall import Target
from codesearch.assembly import open_indexer
from codesearch.tools.semantic_search import MAX_QUESTION_LENGTH
from indexer.pipeline import SilentProgress


def main() -> None:
    """Index, ask, read, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, help="folder with repos.json, annotations/ and score.py")
    parser.add_argument("--trees", type=Path, help="folder with one source tree per repository")
    parser.add_argument("--data-dir", type=Path, help="keep the index of the trees here; default: a temporary folder")
    parser.add_argument("--repo", action="append", default=[], help="only this repository; may be repeated")
    parser.add_argument("--tasks", type=Path, help="a file of tasks")
    parser.add_argument("--tasks-work", type=Path, help="folder with git/ and data/ of the tasks")
    parser.add_argument("--issues", type=int, default=1_000, help="at most so many issues are asked")
    parser.add_argument("--questions", type=int, default=1_000, help="at most so many questions are asked")
    parser.add_argument("--words", type=int, default=5, help="how many words are searched with ripgrep")
    parser.add_argument("--environments", type=Path, default=ENVIRONMENTS, help="folder for semble's environment")
    parser.add_argument("--peers", type=Path, help="keep here what the others reach; default: measure it")
    parser.add_argument("--write", action="store_true", help="write results/tokens-DATE.md, too")
    options = parser.parse_args()
    if bool(options.bench) != bool(options.trees) or bool(options.tasks) != bool(options.tasks_work):
        parser.error("--bench goes with --trees, --tasks with --tasks-work")
    semble = python_of(options.environments, "semble", ("semble",))
    recalls: Recalls = defaultdict(list)
    with tempfile.TemporaryDirectory() as temporary:
        try:
            if options.bench:
                measure_bench(options, options.data_dir or Path(temporary) / "data", semble, recalls)
            if options.tasks:
                measure_tasks(options, semble, recalls)
        except KeyboardInterrupt:
            print("stopped; the page has what was measured until now", file=sys.stderr)
    page = "\n".join(describe(options, recalls)) + "\n"
    print(page, end="")
    if options.write:
        (Path(__file__).parent / "results" / f"tokens-{date.today()}.md").write_text(page, encoding="utf-8")


def measure_bench(options: argparse.Namespace, data_dir: Path, semble: Path, recalls: Recalls) -> None:
    """Ask the annotated queries of every tree."""
    scorer = load_scorer(options.bench)
    with closing(open_assembly(data_dir)) as assembly:
        ids = {source.name: source.id for source in assembly.catalog.list_sources()}
        repositories = read_repositories(options.bench, options.trees, options.repo)
        missing = [repository.name for repository in repositories if repository.name not in ids]
        ids |= dict(index_trees(assembly, options.bench, options.trees, missing) if missing else ())
        for repository in repositories:
            questions = list(read_questions(scorer, repository))
            opened = partial(keep_tree, repository.folder)
            reader = Reader(
                assembly, ids[repository.name], repository.name, opened, repository.root, options.words, options.peers
            )
            reader.measure(questions, semble, recalls)


def read_questions(scorer: Any, repository: Repository) -> Iterator[Question]:
    """Yield the repository's queries that have a target in its tree."""
    files = [path.relative_to(repository.tree).as_posix() for path in repository.tree.rglob("*") if path.is_file()]
    for item in repository.items:
        ranges: dict[frozenset[str], set[tuple[int, int]]] = defaultdict(set)
        for target in map(scorer.parse_target, (*item.get("relevant", ()), *item.get("secondary", ()))):
            paths = frozenset(file for file in files if scorer.same_path(file, target["path"]))
            first, last = target["start_line"], target["end_line"]
            if paths:
                ranges[paths].add((first or 1, last or 10**9))
        if ranges:
            targets = tuple(Target(paths, tuple(sorted(found))) for paths, found in ranges.items())
            yield Question(item["query"], (f"bench, {scorer.category_of(item)}", "bench, all"), targets)


def measure_tasks(options: argparse.Namespace, semble: Path, recalls: Recalls) -> None:
    """Ask a sample of the tasks whose repository is there."""
    chosen: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for kind, count in (("issue", options.issues), ("question", options.questions)):
        for task in sample_tasks(options, kind, count):
            chosen[name_of(task)].append(task)
    with closing(open_assembly(options.tasks_work / "data")) as assembly:
        ids = {source.name: source.id for source in assembly.catalog.list_sources()}
        for name, tasks in chosen.items():
            place = options.tasks_work / "git" / name
            if name not in ids:
                report = open_indexer(assembly).index(
                    str(place), name=name, branch=None, subdir=None, progress=SilentProgress()
                )
                ids[name] = report.source.id
            opened = partial(export_tree, place, tasks[0]["commit"])
            reader = Reader(assembly, ids[name], name, opened, "", options.words, options.peers)
            try:
                reader.measure([read_task(task) for task in tasks], semble, recalls)
            except subprocess.CalledProcessError as error:
                print(f"{name}: left out, its files cannot be exported: {error}", file=sys.stderr, flush=True)


def name_of(task: dict[str, Any]) -> str:
    """Return the name of a task's repository at its commit."""
    return f"{task['repository'].rpartition('/')[2]}-{task['commit'][:10]}".lower()


def sample_tasks(options: argparse.Namespace, kind: str, count: int) -> list[dict[str, Any]]:
    """Return tasks of a kind, the repositories in turn; always the same."""
    tasks = [json.loads(line) for line in options.tasks.read_text(encoding="utf-8").splitlines()]
    own = [task for task in tasks if task["kind"] == kind and (options.tasks_work / "git" / name_of(task)).is_dir()]
    own.sort(key=lambda task: hashlib.sha256(task["id"].encode()).hexdigest())
    turns: Counter[str] = Counter()
    ordered = []
    for number, task in enumerate(own):
        turns[task["repository"]] += 1
        ordered.append((turns[task["repository"]], number))
    return [own[number] for _, number in sorted(ordered)[:count]]


def read_task(task: dict[str, Any]) -> Question:
    """Return a task's text with its gold files, and their lines where they are known."""
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for path, first, last in task.get("spans") or ():
        spans[path].append((first, last))
    targets = tuple(Target(frozenset({path}), tuple(spans[path])) for path in task["files"])
    kind = f"{task['kind']}s"
    seen = "made with the repository" if task.get("seen") else "not made with it"
    return Question(task["text"][:MAX_QUESTION_LENGTH], (f"{kind}, {seen}", f"{kind}, all"), targets)


@contextmanager
def keep_tree(folder: Path) -> Iterator[Path]:
    """Give a folder that is there."""
    yield folder


@contextmanager
def export_tree(place: Path, commit: str) -> Iterator[Path]:
    """Give a temporary folder with the files of a commit."""
    with tempfile.TemporaryDirectory() as temporary:
        archive = Path(temporary) / "tree.tar"
        git = ["git", "--git-dir", str(place), "archive", "--output", str(archive), commit]
        subprocess.run(git, check=True)
        tree = Path(temporary) / "tree"
        tree.mkdir()
        subprocess.run(["tar", "-x", "-f", str(archive), "-C", str(tree)], check=True)
        archive.unlink()
        yield tree


def describe(options: argparse.Namespace, recalls: Recalls) -> Iterator[str]:
    """Yield the lines of the page."""
    yield f"# Recall by tokens that were read, {date.today()}"
    yield ""
    yield f"Mean share of the files to be found of which a line was read. {os.cpu_count()} cores; words for ripgrep: "
    yield f"{options.words}; at most {options.issues} issues and {options.questions} questions. The best is bold."
    yield ""
    yield "    python -m benchmarks.tokens --bench DIR --trees DIR --tasks FILE --tasks-work DIR --write"
    yield ""
    yield f"| asked | n | system | {' | '.join(f'{budget // 1000}k' for budget in BUDGETS)} |"
    yield "|---|---:|---|" + "---:|" * len(BUDGETS)
    for group in dict.fromkeys(group for group, _ in recalls):
        means = {
            system: [sum(column) / len(column) for column in zip(*recalls[group, system], strict=True)]
            for system in (OURS, SEMBLE, WHOLE, AROUND)
        }
        best = [max(column) for column in zip(*means.values(), strict=True)]
        for system, values in means.items():
            shown = [f"**{v:.3f}**" if v == top else f"{v:.3f}" for v, top in zip(values, best, strict=True)]
            yield f"| {group} | {len(recalls[group, system])} | {system} | {' | '.join(shown)} |"


if __name__ == "__main__":
    main()
