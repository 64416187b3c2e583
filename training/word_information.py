"""Counts how many of the rows of many repositories have each word: codesearch/retrieval/word_information.bin.

python training/word_information.py --data-dir DIR [--out FILE]: DIR is what training/presence.py or training/ranker.py
kept. Its repositories of questions/plain and questions/paraphrased count the same, whatever their size.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality import open_assembly
from codesearch.core.index.array_file import write_arrays
from codesearch.core.index.source_index import SourceIndex
from codesearch.retrieval.word_information import LEAST_SHARE, MOST, STEPS

OUT = Path(__file__).resolve().parents[1] / "codesearch" / "retrieval" / "word_information.bin"
SETS = ("plain", "paraphrased")
# A word of fewer repositories is one of their own: it tells as much as one that nobody has.
LEAST_REPOSITORIES = 3


def main() -> None:
    """Count, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="with the indexes of both sets")
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    shares: dict[int, float] = defaultdict(float)
    repositories: Counter[int] = Counter()
    seen: set[str] = set()
    for name in SETS:
        with closing(open_assembly(arguments.data_dir / name)) as assembly:
            for source in sorted(assembly.catalog.list_sources(), key=lambda source: source.name):
                if source.name.lower() in seen or not source.run_id:
                    continue
                seen.add(source.name.lower())
                for term, share in count_terms(assembly.search_indexes.get(source.id, source.run_id)).items():
                    shares[term] += share
                    repositories[term] += 1
    kept = sorted(term for term, count in repositories.items() if count >= LEAST_REPOSITORIES)
    information = -np.log(np.array([shares[term] for term in kept]) / len(seen) + LEAST_SHARE)
    arrays: dict[str, NDArray[Any]] = {
        "terms": np.array(kept, np.uint32),
        "information": np.clip(np.rint(information / MOST * STEPS), 0, STEPS).astype(np.uint8),
    }
    write_arrays(arguments.out, arrays, {"repositories": len(seen)})
    kilobytes = arguments.out.stat().st_size / 1e3
    print(f"{arguments.out}: {len(kept)} terms of {len(seen)} repositories, {kilobytes:.0f} kB")


def count_terms(index: SourceIndex) -> dict[int, float]:
    """Return for each term the share of the data source's rows that have it."""
    counts: Counter[int] = Counter()
    for segment in index.segments:
        postings = segment.row_postings
        frequencies = postings.frequencies(postings.terms)
        counts.update(dict(zip(postings.terms.tolist(), frequencies.tolist(), strict=True)))
    rows = sum(segment.row_count for segment in index.segments)
    return {term: count / rows for term, count in counts.items()}


if __name__ == "__main__":
    main()
