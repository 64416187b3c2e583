"""NDCG@10 on annotated queries: indexes each source tree, asks each query, scores with the folder's score.py.

python -m benchmarks.quality --bench DIR --trees DIR [--data-dir DIR] [--out FILE] [--repo NAME]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly, open_indexer
from codesearch.core.config import load_settings
from codesearch.core.types import SearchQuery
from indexer.chunking.version import CHUNKER_VERSION
from indexer.pipeline import SilentProgress

TOP_K = 10


def open_assembly(data_dir: Path) -> Assembly:
    """Open the parts on a data folder, with every other setting from the environment."""
    return Assembly(load_settings(data_dir=data_dir), CHUNKER_VERSION)


def index_trees(assembly: Assembly, bench: Path, trees: Path, only: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Index each tree at its benchmark root; yield (repository, data source id) in the order of repos.json."""
    indexer = open_indexer(assembly)
    for spec in json.loads((bench / "repos.json").read_text()):
        name = spec["name"]
        if (only and name not in only) or not (trees / name).is_dir():
            continue
        root = spec.get("benchmark_root")
        report = indexer.index(str(trees / name), name=name, branch=None, subdir=root, progress=SilentProgress())
        print(
            f"{name}: {report.source.chunk_count} chunks, {report.characters / 1e6:.2f} MB in {report.seconds:.1f} s",
            file=sys.stderr,
        )
        yield name, report.source.id


def main() -> None:
    """Index, ask, score, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="folder with repos.json, annotations/ and score.py")
    parser.add_argument("--trees", type=Path, required=True, help="folder with one source tree per repository")
    parser.add_argument("--data-dir", type=Path, help="keep the index here; default: a temporary folder")
    parser.add_argument("--out", type=Path, help="keep the results here")
    parser.add_argument("--repo", action="append", default=[], help="only this repository; may be repeated")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        data_dir = arguments.data_dir or Path(temporary) / "data"
        results = ask_all(data_dir, arguments.bench, arguments.trees, arguments.repo)
        out = arguments.out or Path(temporary) / "results.json"
        out.write_text(json.dumps(results, indent=1))
        command = [sys.executable, arguments.bench / "score.py", "--annotations", arguments.bench / "annotations"]
        subprocess.run([*command, "--trees", arguments.trees, "--results", out, "--per-repo"], check=True)


def ask_all(data_dir: Path, bench: Path, trees: Path, only: Sequence[str]) -> dict[str, dict[str, list[list[object]]]]:
    """Return repository -> query -> [[path, start line, end line], ...], best first."""
    results: dict[str, dict[str, list[list[object]]]] = {}
    seconds: list[float] = []
    with closing(open_assembly(data_dir)) as assembly:
        for name, source_id in list(index_trees(assembly, bench, trees, only)):
            answers: dict[str, list[list[object]]] = {}
            for item in json.loads((bench / "annotations" / f"{name}.json").read_text()):
                started = time.perf_counter()
                hits = assembly.retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery(source_id, item["query"], TOP_K))
                seconds.append(time.perf_counter() - started)
                answers[item["query"]] = [[hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line] for hit in hits]
            results[name] = answers
    seconds.sort()
    print(f"query p50 {1000 * seconds[len(seconds) // 2]:.1f} ms", file=sys.stderr)
    return results


if __name__ == "__main__":
    main()
