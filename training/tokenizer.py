"""Builds the tokenizer of the bundled model, which splits identifiers itself, in chunks and queries alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tokenizers import Regex, Tokenizer, models, pre_tokenizers

UNKNOWN_TOKEN = "[UNK]"
CONTINUATION = "##"
# HTTPServer -> HTTP Server, parseJSON2 -> parse JSON 2; Han characters one by one, other scripts as whole runs.
# Everything else (punctuation, space, underscores) separates and is dropped.
WORD_PATTERN = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|\p{Han}|[^\W\d_a-zA-Z\p{Han}]+"
# A longer run is encoded data, not a word.
MAX_WORD_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """A tokenizer and, per token id, the row of the embedding table that it reads. Token 0 is the unknown one."""

    tokenizer: Tokenizer
    rows: NDArray[np.int32]


def build_tokenizer(pieces: Sequence[str]) -> Vocabulary:
    """Build a WordPiece tokenizer over lower-case `pieces` (`##` marks continuations); piece i owns row i.

    A word reaches WordPiece in lower case, Capitalised or in UPPER case, because the pre-tokenizer splits at every
    other change of case. So each piece gets those variants as tokens of its own that share its row: the same result as
    lower casing first, which would hide the boundaries that the split needs.
    """
    tokens = {UNKNOWN_TOKEN: 0}
    rows = [0]
    for row, piece in enumerate(pieces):
        for variant in _case_variants(piece):
            if variant not in tokens:
                tokens[variant] = len(rows)
                rows.append(row)
    tokenizer = Tokenizer(
        models.WordPiece(
            vocab=tokens,
            unk_token=UNKNOWN_TOKEN,
            continuing_subword_prefix=CONTINUATION,
            max_input_chars_per_word=MAX_WORD_LENGTH,
        )
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(WORD_PATTERN), behavior="removed", invert=True)
    return Vocabulary(tokenizer, np.array(rows, dtype=np.int32))


def _case_variants(piece: str) -> tuple[str, ...]:
    if piece.startswith(CONTINUATION):
        return (piece, CONTINUATION + piece.removeprefix(CONTINUATION).upper())
    return (piece, piece.capitalize(), piece.upper())
