"""Runs semble on one source tree. By semble's own Python, with nothing but the standard library and semble.

python semble_runner.py --tree DIR --queries FILE --top-k K --out FILE [--model-path DIR] [--alpha A] [--save DIR]

FILE holds a list of strings. OUT maps each to [[path, start line, end line], ...], best first, paths from the tree. One
JSON object on stdout: the seconds of indexing, the time at which the index was ready, milliseconds per query, memory.

The model is a folder with a static model. Where semble cannot load it, a stand-in without words takes its place and
`alpha` is 0: BM25 and semble's ranking alone, which look at no vector.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import struct
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

BUNDLED_MODEL = Path(__file__).resolve().parents[2] / "codesearch" / "bundled_model"
MODEL_FILES = ("model.safetensors", "tokenizer.json")
UNKNOWN = "[UNK]"


def main() -> None:
    """Index, ask, write, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, required=True, help="folder to index")
    parser.add_argument("--queries", type=Path, required=True, help="a JSON list of strings")
    parser.add_argument("--top-k", type=int, default=10, help="results per query")
    parser.add_argument("--out", type=Path, required=True, help="where the results go")
    parser.add_argument("--model-path", type=Path, default=BUNDLED_MODEL, help="folder with a static model")
    parser.add_argument("--alpha", type=float, help="share of the vectors in the score; default: semble's own choice")
    parser.add_argument("--save", type=Path, help="save the index here afterwards, to measure its size")
    arguments = parser.parse_args()
    queries = json.loads(arguments.queries.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        # semble keeps indexes and its own statistics in a cache: every run starts with an empty one. It indexes with
        # four workers when started from a shell, as here.
        os.environ["SEMBLE_CACHE_LOCATION"] = temporary
        os.environ.setdefault("SEMBLE_INDEX_WORKERS", "4")
        model = Path(temporary) / "model"
        prepare_model(arguments.model_path, model)
        index, figures, alpha = build(arguments.tree, model, arguments.alpha)
        results, figures["query_ms"] = ask(index, queries, arguments.top_k, alpha)
        if arguments.save:
            index.save(arguments.save)
    arguments.out.write_text(json.dumps(results), encoding="utf-8")
    figures["peak_rss"] = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps(figures))


def prepare_model(source: Path, folder: Path) -> None:
    """Lay out a static model as semble's loader wants it: with a configuration, without which it takes no folder."""
    folder.mkdir()
    for path in source.iterdir() if source.is_dir() else ():
        if path.is_file() and path.name != "config.json":
            (folder / path.name).symlink_to(path.resolve())
    config = source / "config.json"
    written = json.loads(config.read_text(encoding="utf-8")) if config.is_file() else {}
    (folder / "config.json").write_text(json.dumps({"normalize": True, **written}), encoding="utf-8")


def build(tree: Path, model: Path, alpha: float | None) -> tuple[Any, dict[str, Any], float | None]:
    """Return the index, figures about it, and the alpha to ask with."""
    from semble.index import SembleIndex  # type: ignore[import-not-found,unused-ignore]

    name = "given"
    try:
        import numpy as np
        from model2vec import StaticModel  # type: ignore[import-not-found,unused-ignore]

        if not np.isfinite(StaticModel.from_pretrained(model).encode(["model"])).all():
            raise ValueError("vectors that are not numbers")
    except Exception as error:  # whatever the loaders raise for a folder that they do not know
        name, alpha = f"stand-in ({error})".replace(str(model), "the folder"), 0.0
        model = model.with_name("stand-in")
        write_stand_in(model)
    started = time.perf_counter()
    index = SembleIndex.from_path(tree, model_path=str(model))
    figures = {
        "system": f"semble {version('semble')}",
        "model": name,
        "alpha": alpha,
        "index_seconds": round(time.perf_counter() - started, 3),
        "ready_at": time.time(),
        "files": index.stats.indexed_files,
        "chunks": index.stats.total_chunks,
    }
    return index, figures, alpha


def write_stand_in(folder: Path) -> None:
    """Write a model that knows one token and gives it the vector (1, 0)."""
    folder.mkdir()
    header = json.dumps({"embeddings": {"dtype": "F32", "shape": [1, 2], "data_offsets": [0, 8]}}).encode()
    tensors = struct.pack("<Q", len(header)) + header + struct.pack("<2f", 1.0, 0.0)
    (folder / MODEL_FILES[0]).write_bytes(tensors)
    tokenizer: dict[str, Any] = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [],
        "normalizer": None,
        "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None,
        "decoder": None,
        "model": {"type": "WordLevel", "vocab": {UNKNOWN: 0}, "unk_token": UNKNOWN},
    }
    (folder / MODEL_FILES[1]).write_text(json.dumps(tokenizer), encoding="utf-8")
    (folder / "config.json").write_text(json.dumps({"normalize": True}), encoding="utf-8")


def ask(index: Any, queries: list[str], top_k: int, alpha: float | None) -> tuple[dict[str, Any], list[float]]:
    """Return the results and the milliseconds of each query; the first is asked once before, unmeasured."""
    for query in queries[:1]:
        index.search(query, top_k=top_k, alpha=alpha)
    results, times = {}, []
    for query in queries:
        started = time.perf_counter()
        found = index.search(query, top_k=top_k, alpha=alpha)
        times.append(round(1000 * (time.perf_counter() - started), 3))
        chunks = [result.chunk for result in found]
        results[query] = [[chunk.file_path, chunk.start_line, chunk.end_line] for chunk in chunks]
    return results, times


if __name__ == "__main__":
    main()
