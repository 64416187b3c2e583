"""Asks a source that codesearch has indexed, through the Retriever or, with --http, through POST /retrieval.

python -m benchmarks.peers.codesearch_runner --data-dir DIR --source ID --queries FILE --top-k K --out FILE [--http]
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from benchmarks.latency import serve
from benchmarks.peers.asking import Answer, Result, ask_all, parser_of
from benchmarks.quality import open_assembly
from codesearch.assembly import LOCAL_PRINCIPAL
from codesearch.core.types import SearchQuery

KEY = "benchmark"


def main() -> None:
    """Open, ask, write, print."""
    parser = parser_of(__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="the data folder that holds the index")
    parser.add_argument("--source", required=True, help="the data source's id")
    parser.add_argument("--http", action="store_true", help="ask over HTTP, on one connection that stays open")
    arguments = parser.parse_args()
    way = over_http if arguments.http else in_process
    with way(arguments.data_dir, arguments.source, arguments.top_k) as answer:
        ask_all(arguments, answer, {"system": "codesearch"})


@contextmanager
def in_process(data_dir: Path, source_id: str, top_k: int) -> Iterator[Answer]:
    """Give the function that asks the Retriever."""
    with closing(open_assembly(data_dir)) as assembly:

        def answer(query: str) -> list[Result]:
            hits = assembly.retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery(source_id, query, top_k))
            return [[hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line] for hit in hits]

        yield answer


@contextmanager
def over_http(data_dir: Path, source_id: str, top_k: int) -> Iterator[Answer]:
    """Give the function that asks a service of its own on that data folder."""
    with closing(open_assembly(data_dir)) as assembly:
        secret = assembly.catalog.create_key(KEY)[1]
    body = {"knowledge_id": source_id, "retrieval_setting": {"top_k": top_k}}
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    with serve(data_dir, secret, "a first question", knowledge_id=source_id) as (port, _):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

        def answer(query: str) -> list[Result]:
            connection.request("POST", "/retrieval", json.dumps({**body, "query": query}), headers)
            records = json.loads(connection.getresponse().read())["records"]
            found = [record["metadata"] for record in records]
            return [[place["path"], place["start_line"], place["end_line"]] for place in found]

        with closing(connection):
            yield answer


if __name__ == "__main__":
    main()
