"""CPU seconds of reading files: chunks, words, terms and vectors, by language, in one process without the store.

python -m benchmarks.chunking TREE... [--against CHECKOUT] [--turns N] [--files N]: with another checkout of this
project, both read the same files in turns, each in a process of its own, and the best turn of each counts. `--write`
keeps the table in results/.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import defaultdict
from datetime import datetime, timezone
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_MOST_BYTES = 500_000
# Of a language with less text, the figures say more about the machine.
_LEAST_CHARACTERS = 300_000


def main() -> None:
    """Measure each checkout in processes of its own, or be one of those."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="*", type=Path, metavar="TREE")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="another checkout, measured in turns")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--files", type=int, default=400, help="files of a language at most, drawn with a fixed seed")
    parser.add_argument("--write", action="store_true", help="keep the table in benchmarks/results/")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        print(json.dumps({name: measure(paths) for name, paths in json.load(sys.stdin).items()}))
        return
    files = files_by_language(arguments.trees, arguments.files)
    if not files:
        parser.error(f"these trees hold no language of which there are {_LEAST_CHARACTERS:,} characters")
    checkouts = [path.resolve() for path in (arguments.against, _ROOT) if path is not None]
    best: list[dict[str, dict[str, float]]] = [{} for _ in checkouts]
    for _ in range(arguments.turns):
        for checkout, figures in zip(checkouts, best, strict=True):
            for language, measured in run(checkout, files).items():
                if language not in figures or measured["cpu_seconds"] < figures[language]["cpu_seconds"]:
                    figures[language] = measured
    table = tabulate({language: len(paths) for language, paths in files.items()}, best)
    print(table)
    if arguments.write:
        day = datetime.now(timezone.utc).date()
        commits = " -> ".join(map(commit_of, checkouts))
        (_ROOT / f"benchmarks/results/chunking-{day}.md").write_text(
            f"# CPU seconds of reading files, {day}\n\n`python -m benchmarks.chunking`: {commits}, in turns in one "
            f"run, the best of {arguments.turns} turns each.\n\n{table}\n"
        )


def commit_of(checkout: Path) -> str:
    """Return the commit that is checked out, shortened."""
    command = ["git", "-C", str(checkout), "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def files_by_language(trees: list[Path], most: int) -> dict[str, list[str]]:
    """Return the text files below the trees that have a language, by its name, those of little text left out."""
    from indexer.chunking.languages.table import language_name_of

    found: dict[str, list[str]] = defaultdict(list)
    for tree in trees:
        for path in sorted(tree.rglob("*")):
            if path.is_file() and not path.is_symlink() and 0 < path.stat().st_size <= _MOST_BYTES:
                content = path.read_bytes()
                name = language_name_of(str(path), content.decode("utf-8", "replace")) if b"\0" not in content else None
                if name is not None:
                    found[name].append(str(path))
    drawn = {
        name: sorted(random.Random(7).sample(paths, min(most, len(paths)))) for name, paths in sorted(found.items())
    }
    return {name: paths for name, paths in drawn.items() if sum(map(os.path.getsize, paths)) >= _LEAST_CHARACTERS}


def run(checkout: Path, files: dict[str, list[str]]) -> dict[str, dict[str, float]]:
    """Measure a checkout's code in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--inside"]
    # The folder of this script, which Python puts first, holds no package of ours.
    environment = os.environ | {"PYTHONPATH": str(checkout), "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        command, input=json.dumps(files), cwd=checkout, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    figures: dict[str, dict[str, float]] = json.loads(done.stdout)
    return figures


def measure(paths: list[str]) -> dict[str, float]:
    """Read files as a first index reads them, all but the store; return characters, chunks and CPU seconds."""
    from codesearch.core.config import load_settings
    from codesearch.core.embedding.loading import load_embedder
    from codesearch.core.types import SourceFile
    from indexer.batches import BatchIndexer, group_files

    settings = load_settings(embedding_model="bundled")
    indexer = BatchIndexer(load_embedder(settings), settings)
    files = [SourceFile(path, Path(path).read_bytes().decode("utf-8", "replace"), "", None) for path in paths]
    started = time.thread_time()
    chunks = sum(indexer.embed(indexer.chunk(group), "0" * 24).chunk_count for group in group_files(files))
    return {
        "cpu_seconds": time.thread_time() - started,
        "characters": sum(len(file.text) for file in files),
        "chunks": chunks,
    }


def tabulate(counts: dict[str, int], best: list[dict[str, dict[str, float]]]) -> str:
    """Return the figures as a table in Markdown, a row a language and one for all."""
    names = [*counts, "all"]
    for figures in best:
        figures["all"] = {
            key: sum(one[key] for one in figures.values()) for key in ("cpu_seconds", "characters", "chunks")
        }
    rows = ["| language | files | MB | chunks | CPU s | CPU s per MB | ratio |", "|---|---:|---:|---:|---:|---:|---:|"]
    for name in names:
        seconds = [figures[name]["cpu_seconds"] for figures in best]
        megabytes, chunks = best[-1][name]["characters"] / 1e6, int(best[-1][name]["chunks"])
        per_megabyte = " -> ".join(f"{one / megabytes:.2f}" for one in seconds)
        rows.append(
            f"| {name} | {counts.get(name, sum(counts.values())):,} | {megabytes:.1f} | {chunks:,} "
            f"| {' -> '.join(f'{one:.2f}' for one in seconds)} | {per_megabyte} | {seconds[-1] / seconds[0]:.2f} |"
        )
    return "\n".join(rows)


if __name__ == "__main__":
    main()
