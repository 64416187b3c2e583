"""The pairs that pairs.py wrote: bags of words, turned into bags of table rows for training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

_MIN_LENGTH, _MAX_LENGTH = 2, 24


@dataclass(frozen=True, slots=True)
class Bags:
    """Texts as sparse rows: text i has `indices[offsets[i]:offsets[i + 1]]`, each so many times as `weights` says."""

    offsets: NDArray[np.int64]
    indices: NDArray[np.int32]
    weights: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, texts: NDArray[np.int64]) -> Bags:
        """Return these texts, in this order."""
        starts, lengths = self.offsets[texts], np.diff(self.offsets)[texts]
        offsets = np.concatenate([[0], np.cumsum(lengths)])
        positions = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return Bags(offsets, self.indices[positions], self.weights[positions])


@dataclass(frozen=True, slots=True)
class RepositoryPairs:
    """One repository's pairs, over its own list of words."""

    name: str
    words: list[str]
    kinds: NDArray[np.int8]
    questions: Bags
    answers: Bags


def read_pairs(file: Path) -> RepositoryPairs:
    """Read what pairs.write_pairs wrote."""
    with np.load(file) as arrays:
        words = arrays["words"].tobytes().decode("utf-8").split("\n")
        questions, answers = (
            Bags(arrays[f"{side}_offsets"], arrays[f"{side}_indices"], arrays[f"{side}_counts"].astype(np.float32))
            for side in ("question", "answer")
        )
        return RepositoryPairs(file.stem.replace("+", "/"), words, arrays["kinds"], questions, answers)


def choose_words(
    repositories: Sequence[RepositoryPairs], known: set[str], min_repositories: int, min_texts: int
) -> list[str]:
    """Return the words of letters beyond `known` that are common in code, most texts first, ties alphabetical."""
    text_counts: dict[str, int] = {}
    repository_counts: dict[str, int] = {}
    for repository in repositories:
        counts = np.bincount(repository.answers.indices, minlength=len(repository.words))
        for word, count in zip(repository.words, counts.tolist(), strict=True):
            if (
                count
                and word not in known
                and word.isascii()
                and word.isalpha()
                and _MIN_LENGTH <= len(word) <= _MAX_LENGTH
            ):
                text_counts[word] = text_counts.get(word, 0) + count
                repository_counts[word] = repository_counts.get(word, 0) + 1
    chosen = [
        (-count, word)
        for word, count in text_counts.items()
        if count >= min_texts and repository_counts[word] >= min_repositories
    ]
    return [word for _, word in sorted(chosen)]


class RowFinder:
    """Turns bags of words into bags of table rows, as the tokenizer would split each word."""

    def __init__(self, tokenizer: Tokenizer, rows: NDArray[np.int32]) -> None:
        """`rows` leads from token ids to rows of the table; token 0 is the unknown one and gives nothing."""
        self._tokenizer = tokenizer
        self._rows = rows

    def find(self, words: Sequence[str], *bags: Bags) -> tuple[Bags, ...]:
        """Return the bags over rows; a word of several pieces weighs on each."""
        encodings = self._tokenizer.encode_batch_fast(list(words), add_special_tokens=False)
        ids = [[token for token in encoding.ids if token] for encoding in encodings]
        offsets = np.concatenate([[0], np.cumsum([len(tokens) for tokens in ids])])
        flat = self._rows[np.array([token for tokens in ids for token in tokens], dtype=np.int64)]
        pieces = Bags(offsets.astype(np.int64), flat, np.ones(len(flat), dtype=np.float32))
        return tuple(_expand(bag, pieces) for bag in bags)


def _expand(bag: Bags, pieces: Bags) -> Bags:
    lengths = np.diff(pieces.offsets)[bag.indices]
    split = pieces.take(bag.indices.astype(np.int64))
    ends = np.concatenate([[0], np.cumsum(lengths)])
    return Bags(ends[bag.offsets], split.indices, np.repeat(bag.weights, lengths))


def join_bags(bags: Sequence[Bags]) -> Bags:
    """Return the texts of all bags, one after the other."""
    sizes = np.cumsum([0, *(bag.offsets[-1] for bag in bags)])
    offsets = [bag.offsets[:-1] + start for bag, start in zip(bags, sizes[:-1], strict=True)]
    return Bags(
        np.concatenate([*offsets, sizes[-1:]]),
        np.concatenate([bag.indices for bag in bags]),
        np.concatenate([bag.weights for bag in bags]),
    )
