"""Classes of characters, and how likely they follow one another in a language; the tables are in letters.npz.

`training/letters.py` counts them in public translations; likelihood.py judges bytes with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

LETTERS_FILE = Path(__file__).with_name("letters.npz")

# Classes of characters before the letters of the language's own, which follow in the order of its alphabet.
BOUNDARY, SYMBOL, RARE_SYMBOL, BOX, FOREIGN, ASCII_LETTER, FIRST_LETTER = range(7)

SYMBOLS = frozenset("«»—–…“”’‘©°§€•®·№\u00a0™")
_RARE_SYMBOLS = frozenset("„‚±×÷²³¹½¼¾µ¿¡ªº¶£¥¢¬¦†‡‰‹›¤¨´¸¯€\u00ad\u200c\u200d\u200e\u200f،؛؟₪฿")

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Alphabet:
    """A language's letters and the natural logarithms of how likely one class follows another: costs[before, after]."""

    language: str
    letters: str
    likelihoods: Floats

    @property
    def is_latin(self) -> bool:
        """Whether ASCII letters are its own letters."""
        return "a" in self.letters


def class_of(character: str, letters: dict[str, int]) -> int:
    """Return the class of a character in a language whose letters have these classes."""
    lowered = character.lower()
    if lowered in letters:
        return letters[lowered]
    if character < "\x80":
        return ASCII_LETTER if character.isalpha() else BOUNDARY
    if character in SYMBOLS:
        return SYMBOL
    if character in _RARE_SYMBOLS:
        return RARE_SYMBOL
    return BOX if "\u2500" <= character <= "\u25ff" else FOREIGN


@cache
def load_alphabets() -> dict[str, Alphabet]:
    """Return the languages with an alphabet, by their codes."""
    with np.load(LETTERS_FILE) as stored:
        return {
            name.removeprefix("alphabet-"): Alphabet(
                name.removeprefix("alphabet-"), str(stored[name]), unpack(stored[f"pairs-{name[9:]}"])
            )
            for name in stored.files
            if name.startswith("alphabet-")
        }


@cache
def load_characters(language: str) -> tuple[str, Floats]:
    """Return the characters that are frequent in a language without an alphabet, and their logarithmic likelihoods."""
    with np.load(LETTERS_FILE) as stored:
        return str(stored[f"characters-{language}"]), unpack(stored[f"frequencies-{language}"])


STEPS_PER_UNIT = 16.0


def pack(likelihoods: Floats) -> npt.NDArray[np.uint8]:
    """Return logarithms of likelihoods in a byte each."""
    steps: npt.NDArray[np.uint8] = np.clip(np.rint(-likelihoods * STEPS_PER_UNIT), 0, 255).astype(np.uint8)
    return steps


def unpack(packed: npt.NDArray[np.uint8]) -> Floats:
    """Return the logarithms again."""
    likelihoods: Floats = (packed.astype(np.float32) / np.float32(-STEPS_PER_UNIT)).astype(np.float32)
    return likelihoods
