"""Counts which letters follow one another in many languages, for telling encodings apart; see README.md.

Reads the translations that the wheels of Django and Wagtail hold (both BSD-3-Clause), keeps nothing but the counts, and
writes indexer/source/encoding/letters.npz:

    python training/letters.py --packages FOLDER --out indexer/source/encoding/letters.npz
"""

from __future__ import annotations

import argparse
import gettext
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from indexer.source.encoding.alphabets import (
    ASCII_LETTER,
    BOUNDARY,
    BOX,
    FIRST_LETTER,
    FOREIGN,
    RARE_SYMBOL,
    SYMBOL,
    Floats,
    class_of,
    pack,
)

# Several languages in one file: names of people, translations side by side.
WESTERN = "western"

# Language: the folders of its translations; English is what was translated.
ALPHABETIC = {
    "ru": "ru", "uk": "uk", "be": "be", "bg": "bg", "sr": "sr", "mk": "mk", "kk": "kk",
    "el": "el", "he": "he he_IL", "ar": "ar ar_DZ", "fa": "fa", "th": "th", "vi": "vi",
    "de": "de", "fr": "fr", "es": "es es_AR es_MX", "pt": "pt pt_BR pt_PT", "it": "it", "nl": "nl", "sv": "sv",
    "da": "da", "nb": "nb", "fi": "fi", "is": "is is_IS", "ca": "ca",
    "pl": "pl", "cs": "cs", "sk": "sk sk_SK", "hu": "hu", "ro": "ro", "hr": "hr hr_HR", "sl": "sl", "tr": "tr tr_TR",
    "en": "", WESTERN: "de fr es pt pt_BR it nl sv da nb fi", "lt": "lt", "lv": "lv", "et": "et",
}  # fmt: skip
# Letters that are rarer in such texts than in the language.
RARE_LETTERS = {
    "fr": "çëïœÿ", "es": "ü¿¡ª", "pt": "üª", "it": "îóú", "de": "é", "en": "éïöü", "nl": "èöê", "ca": "ñ", "da": "éü",
    "nb": "éò", "sv": "é", "fi": "å", "el": "ϊΐΰϋ", "pl": "é", "uk": "ґ", "tr": "âîû", "cs": "ó",
    WESTERN: "ñçëïœÿüûîôêúìòýðþªº",
}  # fmt: skip
IDEOGRAPHIC = {"zh_hans": "zh_Hans", "zh_hant": "zh_Hant", "ja": "ja", "ko": "ko"}

_NO_PROSE = re.compile(r"%\(\w+\)\w|%\w|\{[^{}]*\}|<[^<>]*>|https?://\S+|&\w+;|\b[\w.]+@[\w.]+")
# A letter has to make up this share of the text: names and words of other languages bring single ones.
_LEAST_SHARE = 3e-5
_CHARACTERS_KEPT = 2500
_SMOOTHING = 20.0

_LOG_SYMBOL, _LOG_RARE, _LOG_BOX, _LOG_FOREIGN, _LOG_CONTACT = -5.0, -8.5, -8.0, -10.0, -9.5
_LOG_SYMBOL_IN_WORD, _LOG_RARE_IN_WORD, _LOG_OTHER_BOX = -7.0, -9.5, -5.0


class _Messages(gettext.GNUTranslations):
    def all(self) -> dict[str | tuple[str, int], str]:
        return dict(self._catalog)  # type: ignore[attr-defined]


def read_texts(packages: Path, folders: str) -> list[str]:
    """Return the translated messages of a language, without placeholders and markup."""
    texts: list[str] = []
    for folder in folders.split():
        for file in sorted(packages.rglob(f"locale/{folder}/LC_MESSAGES/*.mo")):
            with file.open("rb") as opened:
                catalog = _Messages(opened).all()
            texts += [_NO_PROSE.sub(" ", text) for key, text in sorted(catalog.items(), key=str) if key]
    return texts


def read_english(packages: Path) -> list[str]:
    """Return the messages that were translated."""
    texts: set[str] = set()
    for file in packages.rglob("locale/de/LC_MESSAGES/*.mo"):
        with file.open("rb") as opened:
            keys = _Messages(opened).all()
        texts |= {_NO_PROSE.sub(" ", key if isinstance(key, str) else key[0]) for key in keys if key}
    return sorted(texts)


def _as_windows_1258(text: str) -> str:
    """Return Vietnamese with its tones behind the letters, as that code page has them."""
    kept = []
    for character in unicodedata.normalize("NFC", text):
        parts = unicodedata.normalize("NFD", character)
        shape = [mark for mark in parts[1:] if mark in "\u0302\u0306\u031b"]
        tone = [mark for mark in parts[1:] if mark not in shape]
        kept.append(unicodedata.normalize("NFC", parts[0] + "".join(shape)) + "".join(tone))
    return "".join(kept)


def count_alphabet(texts: Iterable[str], rare: str = "") -> tuple[str, Floats]:
    """Return a language's letters and the logarithm of how likely each class follows another."""
    lowered = [text.lower() for text in texts]
    counts = Counter(character for text in lowered for character in text if unicodedata.category(character)[0] in "LM")
    own = {letter for letter, count in counts.items() if letter > "\x7f" and count >= _LEAST_SHARE * counts.total()}
    own |= {letter for letter in rare if letter > "\x7f"}
    latin = sum(counts[letter] for letter in "etaoin") > 0.15 * counts.total()
    letters = "".join(sorted(own | set("abcdefghijklmnopqrstuvwxyz" if latin else "")))
    classes = {letter: FIRST_LETTER + place for place, letter in enumerate(letters)}
    size = FIRST_LETTER + len(letters)
    pairs = np.zeros((size, size))
    for text in lowered:
        numbers = [class_of(character, classes) for character in f" {text} "]
        np.add.at(pairs, (numbers[:-1], numbers[1:]), 1)
    return letters, _likelihoods(pairs)


def _likelihoods(pairs: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Floats:
    """Smooth the counts of letters; what is said of the other classes is set by hand: prose has too little of it."""
    pairs[:, SYMBOL : ASCII_LETTER + 1] = 0
    pairs[SYMBOL : ASCII_LETTER + 1, :] = 0
    shares = pairs.sum(0) / pairs.sum()
    likely = (pairs + _SMOOTHING * shares + 1e-3) / (pairs.sum(1, keepdims=True) + _SMOOTHING)
    logs = np.log(likely)
    logs[SYMBOL : ASCII_LETTER + 1, :] = np.log(shares + 1e-6) - 1.0
    logs[SYMBOL : ASCII_LETTER + 1, BOUNDARY] = np.log(0.5)
    logs[:, SYMBOL], logs[:, RARE_SYMBOL], logs[:, BOX] = _LOG_SYMBOL, _LOG_RARE, _LOG_BOX
    logs[:, FOREIGN], logs[FOREIGN, FIRST_LETTER:] = _LOG_FOREIGN, _LOG_FOREIGN
    logs[ASCII_LETTER:, SYMBOL] = _LOG_SYMBOL_IN_WORD
    logs[ASCII_LETTER:, RARE_SYMBOL] = _LOG_RARE_IN_WORD
    logs[BOX, BOX], logs[SYMBOL, SYMBOL] = _LOG_OTHER_BOX, -3.5
    # A letter of another script beside an ASCII letter, in one word.
    logs[FIRST_LETTER:, ASCII_LETTER] = logs[ASCII_LETTER, FIRST_LETTER:] = _LOG_CONTACT
    logs[SYMBOL : FOREIGN + 1, ASCII_LETTER] = -2.0
    return np.asarray(logs, np.float32)


def count_characters(texts: Iterable[str]) -> tuple[str, Floats]:
    """Return the most frequent characters beyond ASCII and the logarithms of their shares."""
    counts = Counter(character for text in texts for character in text if character > "\x7f")
    kept = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_CHARACTERS_KEPT]
    shares = np.array([count for _, count in kept]) / counts.total()
    return "".join(character for character, _ in kept), np.log(shares).astype(np.float32)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packages", type=Path, required=True, help="folder with the unpacked wheels")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    stored: dict[str, Any] = {}
    for language, folders in ALPHABETIC.items():
        texts = read_texts(options.packages, folders) if folders else read_english(options.packages)
        if language == "vi":
            texts += [_as_windows_1258(text) for text in texts]
        letters, likelihoods = count_alphabet(texts, RARE_LETTERS.get(language, ""))
        stored[f"alphabet-{language}"] = np.array(letters)
        stored[f"pairs-{language}"] = pack(likelihoods)
    for language, folders in IDEOGRAPHIC.items():
        characters, frequencies = count_characters(read_texts(options.packages, folders))
        stored[f"characters-{language}"] = np.array(characters)
        stored[f"frequencies-{language}"] = pack(frequencies)
    np.savez_compressed(options.out, **stored)


if __name__ == "__main__":
    main()
