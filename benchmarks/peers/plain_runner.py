"""Plain full-text or plain vector search over codesearch's own chunks, by LanceDB alone: no weights, no ranking.

python -m benchmarks.peers.plain_runner --data-dir DIR --mode text|vector --queries FILE --top-k K --out FILE

`text`: BM25 over one column with the tokens of path, symbol and content, any token matches. `vector`: cosine distance,
every row compared. Both answer with one chunk per file, the best one, of the first hundred.
"""

from __future__ import annotations

import tempfile
import time
from itertools import chain
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa
from lancedb.index import FTS
from lancedb.query import MatchQuery

from benchmarks.peers.asking import Answer, Result, ask_all, one_per_file, parser_of
from benchmarks.processes import folder_bytes
from benchmarks.quality import open_assembly
from codesearch.assembly import Assembly
from codesearch.core.embedding.loading import load_embedder
from codesearch.core.text.tokens import tokenize

CANDIDATES = 100
PASSAGE = ["path", "start_line", "end_line"]


def main() -> None:
    """Read the chunks, build, ask, write, print."""
    parser = parser_of(__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="the data folder that holds codesearch's index")
    parser.add_argument("--mode", choices=("text", "vector"), required=True)
    arguments = parser.parse_args()
    assembly = open_assembly(arguments.data_dir)
    rows = read_rows(assembly)
    with tempfile.TemporaryDirectory() as temporary:
        started = time.perf_counter()
        if arguments.mode == "text":
            answer = text_search(temporary, rows, arguments.top_k)
        else:
            answer = vector_search(temporary, rows, arguments.top_k, load_embedder(assembly.settings))
        figures = {
            "system": f"lancedb {lancedb.__version__}",
            "index_seconds": round(time.perf_counter() - started, 3),
            "store_bytes": folder_bytes(Path(temporary)),
        }
        ask_all(arguments, answer, figures)


def read_rows(assembly: Assembly) -> pa.Table:
    """Return the place, symbol, content and vector of every chunk."""
    columns: dict[str, list[Any]] = {name: [] for name in (*PASSAGE, "symbol", "content")}
    vectors = []
    for source in assembly.catalog.list_sources():
        for batch in chain.from_iterable(assembly.store.scan_rows(source.id, source.run_id)):
            contents = batch.contents
            places = zip(contents.starts.tolist(), contents.lengths.tolist(), strict=True)
            columns["path"] += batch.paths
            columns["start_line"] += batch.start_lines.tolist()
            columns["end_line"] += batch.end_lines.tolist()
            columns["symbol"] += batch.symbols
            columns["content"] += [contents.data[start : start + size].tobytes().decode() for start, size in places]
            vectors.append(batch.vectors * batch.vector_scales[:, None])
    joined = np.concatenate(vectors)
    return pa.table(columns).append_column("vector", pa.FixedSizeListArray.from_arrays(joined.ravel(), joined.shape[1]))


def text_search(folder: str, rows: pa.Table, top_k: int) -> Answer:
    """Build the full-text index; return the function that asks it."""
    texts = zip(*(rows[name].to_pylist() for name in ("path", "symbol", "content")), strict=True)
    tokens = pa.array([" ".join(tokenize("\n".join(parts))) for parts in texts], pa.string())
    table: Any = lancedb.connect(folder).create_table("text", rows.select(PASSAGE).append_column("tokens", tokens))
    plain = FTS(base_tokenizer="whitespace", stem=False, remove_stop_words=False, ascii_folding=False)
    table.create_index("tokens", config=plain)
    match: Any = MatchQuery  # its optional arguments are required in its type

    def answer(query: str) -> list[Result]:
        words = " ".join(tokenize(query))
        if not words:
            return []
        return payloads_of(table.search(match(words, "tokens"), query_type="fts"), top_k)

    return answer


def vector_search(folder: str, rows: pa.Table, top_k: int, embedder: Any) -> Answer:
    """Store the vectors; return the function that compares a query's with all of them."""
    table: Any = lancedb.connect(folder).create_table("vectors", rows.select([*PASSAGE, "vector"]))

    def answer(query: str) -> list[Result]:
        return payloads_of(table.search(embedder.embed_query(query)).distance_type("cosine"), top_k)

    return answer


def payloads_of(search: Any, top_k: int) -> list[Result]:
    """Run a search; return its best passages, one per file."""
    found = search.limit(CANDIDATES).to_arrow()
    return one_per_file(map(list, zip(*(found[name].to_pylist() for name in PASSAGE), strict=True)), top_k)


if __name__ == "__main__":
    main()
