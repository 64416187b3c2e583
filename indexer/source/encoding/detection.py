"""Decides which encoding a file that declares none is in, or that nobody can tell."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from indexer.source.encoding.alphabets import SYMBOLS
from indexer.source.encoding.candidates import WESTERN_CODEC
from indexer.source.encoding.likelihood import all_candidates, measure, measure_languages, take_sample

# The next best reading has to be this much less likely, in natural logarithms: a wrong text is worse than none.
MARGIN = 4.0
# Most such files are Western, and always were read as such: of those, less is asked.
_WESTERN_MARGIN = 1.5
# A file with so few of them is still worth its code when one or two are doubtful.
_FEW_HIGH_BYTES = 4
_MOST_ACCENTS = 0.2
_HOPELESS = 40.0
_WEIGHT_OF_OTHERS = 3.0
_MOST_OF_OTHERS = 9.0


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file may be: its text in an encoding; `is_certain` when every other reading is far less likely."""

    text: str
    codec: str
    is_certain: bool


def detect(content: bytes, others: Mapping[str, int] | None = None) -> Reading | None:
    """Return the likeliest reading of bytes that are not UTF-8; None when they look like no text at all.

    `others` counts the encodings of other files of the same source, which make each of them likelier here.
    """
    sample = take_sample(content)
    languages = measure_languages(sample)
    ranked = sorted(
        (-(measure(candidate, sample, languages) + _support(candidate.codec, others)), candidate.codec)
        for candidate in all_candidates()
    )
    best: Reading | None = None
    best_cost = runner_up_cost = math.inf
    for cost, codec in ranked:
        text = decode_strictly(content, codec)
        if text is None or (best is not None and text == best.text):
            continue
        if best is not None:
            runner_up_cost = cost
            break
        best, best_cost = Reading(text, codec, False), cost
    if best is None or best_cost > -sample.noise + _HOPELESS:
        return None
    is_few_western = (
        best.codec == WESTERN_CODEC
        and sample.high_bytes <= _FEW_HIGH_BYTES
        and all(character < "\x80" or character.isalpha() or character in SYMBOLS for character in best.text)
    )
    margin = 0.0 if is_few_western else _WESTERN_MARGIN if best.codec == WESTERN_CODEC else MARGIN
    # Accents among ASCII are text: noise would not leave the other letters alone.
    is_accented = best.codec == WESTERN_CODEC and sample.high_bytes <= len(sample.content) * _MOST_ACCENTS
    is_text = is_accented or best_cost <= -sample.noise
    return replace(best, is_certain=is_text and runner_up_cost - best_cost >= margin)


def _support(codec: str, others: Mapping[str, int] | None) -> float:
    count = others.get(codec, 0) if others else 0
    return min(_MOST_OF_OTHERS, _WEIGHT_OF_OTHERS * math.log1p(count))


def decode_strictly(content: bytes, codec: str) -> str | None:
    """Return the text, None where a byte means nothing; Windows-1252 is Latin-1 at its five holes."""
    try:
        return content.decode(codec)
    except UnicodeDecodeError:
        return content.decode("latin-1") if codec == WESTERN_CODEC else None
