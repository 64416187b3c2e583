"""Lists for each word of the bundled model's vocabulary the terms that mean nearly the same, by its word vectors.

python training/related_terms.py [--out codesearch/retrieval/related_terms.bin]: run after a new model was built.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.config import load_settings
from codesearch.core.embedding.loading import load_embedder
from codesearch.core.index.array_file import write_arrays
from codesearch.core.text.terms import term_of
from codesearch.core.types import BUNDLED_MODEL

MODEL = Path(__file__).resolve().parents[1] / "codesearch" / "bundled_model"
OUT = Path(__file__).resolve().parents[1] / "codesearch" / "retrieval" / "related_terms.bin"
# Below that, words share a topic rather than a meaning (`header` and `footer`).
LEAST_SIMILARITY = 0.4
MOST_RELATED = 12
_WORDS_AT_ONCE = 2048
_NEIGHBOURS = 48


def main() -> None:
    """Compare all words with one another, keep the nearest of each term."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=OUT)
    arguments = parser.parse_args()
    vocabulary = json.loads((MODEL / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    words = sorted(word for word in vocabulary if word.isalpha() and word.islower() and len(word) > 1)
    embedder = load_embedder(load_settings(embedding_model=BUNDLED_MODEL))
    vectors = embedder.embed(words)
    related: dict[int, dict[int, float]] = defaultdict(dict)
    terms = np.array([term_of(word) for word in words], np.uint32)
    for start in range(0, len(words), _WORDS_AT_ONCE):
        similarities = vectors[start : start + _WORDS_AT_ONCE] @ vectors.T
        nearest = np.argpartition(-similarities, _NEIGHBOURS, axis=1)[:, :_NEIGHBOURS]
        for position, found in enumerate(nearest.tolist()):
            of_term = related[int(terms[start + position])]
            for other in found:
                term, similarity = int(terms[other]), float(similarities[position, other])
                if term != terms[start + position] and similarity >= LEAST_SIMILARITY:
                    of_term[term] = max(similarity, of_term.get(term, 0.0))
    kept = {
        term: sorted(others.items(), key=lambda item: (-item[1], item[0]))[:MOST_RELATED]
        for term, others in sorted(related.items())
        if others
    }
    arrays: dict[str, NDArray[Any]] = {
        "terms": np.array(list(kept), np.uint32),
        "starts": np.cumsum([0, *map(len, kept.values())], dtype=np.int32),
        "related": np.array([term for others in kept.values() for term, _ in others], np.uint32),
        "similarities": np.array([round(255 * s) for others in kept.values() for _, s in others], np.uint8),
    }
    write_arrays(arguments.out, arrays, {"model": embedder.fingerprint})
    print(f"{arguments.out}: {len(kept)} terms, {arguments.out.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
