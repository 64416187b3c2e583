"""NDCG@10 on annotated queries that are asked in other languages, too.

python -m benchmarks.other_languages --bench DIR --trees DIR --questions FILE [--data-dir DIR]: FILE is a JSON list;
each item has the repository (`repo`), the annotated `query`, and the same in other languages by their codes.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from benchmarks.quality import TOP_K, index_trees, open_assembly
from benchmarks.scoring import Mean, load_scorer, read_repositories, score, total
from codesearch.assembly import LOCAL_PRINCIPAL
from codesearch.core.types import SearchQuery
from codesearch.retrieval.translation.translation import LANGUAGES

AS_ANNOTATED = "query"


def main() -> None:
    """Index, ask in each language, print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bench", type=Path, required=True, help="folder with repos.json, annotations/ and score.py")
    parser.add_argument("--trees", type=Path, required=True, help="folder with one source tree per repository")
    parser.add_argument("--questions", type=Path, required=True, help="the queries in other languages")
    parser.add_argument("--data-dir", type=Path, help="keep the index here; default: a temporary folder")
    arguments = parser.parse_args()
    asked = json.loads(arguments.questions.read_text(encoding="utf-8"))
    scorer = load_scorer(arguments.bench)
    with (
        tempfile.TemporaryDirectory() as temporary,
        closing(open_assembly(arguments.data_dir or Path(temporary) / "data")) as assembly,
    ):
        sources = dict(index_trees(assembly, arguments.bench, arguments.trees, ()))
        repositories = read_repositories(arguments.bench, arguments.trees, sources)
        print("| language | questions | NDCG@10 |\n|---|---:|---:|")
        for language in (AS_ANNOTATED, *LANGUAGES):
            means: list[Mean] = []
            for repository in repositories:
                of_repository = {
                    item[AS_ANNOTATED]: item[language] for item in asked if item["repo"] == repository.name
                }
                results = {}
                for annotated, text in of_repository.items():
                    query = SearchQuery(sources[repository.name], text, TOP_K)
                    hits = assembly.retriever.retrieve(LOCAL_PRINCIPAL, query)
                    results[annotated] = [[hit.chunk.path, hit.chunk.start_line, hit.chunk.end_line] for hit in hits]
                items = tuple(item for item in repository.items if item["query"] in of_repository)
                means += score(scorer, replace(repository, items=items), results).values()
            mean = total(means)
            print(f"| {language} | {mean.count} | {mean.value or 0:.4f} |", flush=True)


if __name__ == "__main__":
    main()
