"""Puts comments into code, in every usual encoding and at several lengths, and counts how they are read."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.unit.indexer.source.encoding.sentences import SENTENCES, TONES

LENGTHS = (1, 3, 5)

_CODE = """\
#include "{name}.h"

static int {name}_limit = 4096; {open} {first} {close}

int {name}_next(int value) {{
    if (value > {name}_limit) {{
        return -1;
    }}
{rest}    return value + 1;
}}
"""


@dataclass(frozen=True, slots=True)
class Case:
    """A file: how it was saved, and the text that it has to come back as."""

    language: str
    codec: str
    comments: int
    text: str
    content: bytes


def make_cases() -> Iterator[Case]:
    """Yield a file for every language, encoding and length, and for each of the comments alone."""
    for language, (codecs, sentences) in SENTENCES.items():
        for codec in codecs:
            for length in LENGTHS:
                starts = range(len(sentences)) if length == 1 else range(0, len(sentences), length)
                for start in starts:
                    chosen = [sentences[(start + place) % len(sentences)] for place in range(length)]
                    text = _as_saved(_write_code(chosen, start), codec)
                    yield Case(language, codec, length, text, text.encode(codec))


def _write_code(comments: list[str], number: int) -> str:
    rest = "".join(f"    // {comment}\n    value += {place};\n" for place, comment in enumerate(comments[1:]))
    opening, closing = ("/*", "*/") if number % 2 else ("//", "")
    return _CODE.format(name=f"item{number}", open=opening, close=closing, first=comments[0], rest=rest)


def _as_saved(text: str, codec: str) -> str:
    if codec != "cp1258":
        return text
    kept = []
    for character in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", character)
        shape = "".join(part for part in parts if part not in TONES)
        tones = "".join(part for part in parts if part in TONES)
        whole = unicodedata.normalize("NFC", shape)
        kept.append(character if _has(character) else whole + tones)
    return "".join(kept)


def _has(character: str) -> bool:
    try:
        character.encode("cp1258")
    except UnicodeEncodeError:
        return False
    return True


@dataclass(slots=True)
class Score:
    """How often a group of files was read right, read wrong, or left alone."""

    right: int = 0
    wrong: int = 0
    left: int = 0

    @property
    def total(self) -> int:
        return self.right + self.wrong + self.left


def count_readings(read: Callable[[bytes], str | None]) -> dict[tuple[str, str, int], Score]:
    """Return the scores by language, encoding and number of comments."""
    scores: dict[tuple[str, str, int], Score] = {}
    for case in make_cases():
        score = scores.setdefault((case.language, case.codec, case.comments), Score())
        text = read(case.content)
        if text is None:
            score.left += 1
        elif text == case.text:
            score.right += 1
        else:
            score.wrong += 1
    return scores
