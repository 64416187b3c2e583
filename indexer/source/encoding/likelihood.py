"""How likely bytes are in each encoding: by pairs of letters for alphabets, by frequent characters for the others."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from indexer.source.encoding.alphabets import (
    BOX,
    FIRST_LETTER,
    FOREIGN,
    Floats,
    class_of,
    load_alphabets,
    load_characters,
)
from indexer.source.encoding.candidates import LANGUAGE_PRIORS, MULTI_BYTE, SINGLE_BYTE, Candidate

# So much decides; more of a long file would only cost time.
SAMPLE_HIGH_BYTES = 1500
_WEIGHT_OF_ASCII, _MOST_OF_ASCII = 0.35, 12.0
_LONGEST_SAMPLE_LINE = 1000
_HIGH = re.compile(rb"[\x80-\xff]")

# What is no text at all: any byte may follow any other.
_NOISE_HIGH, _NOISE_ASCII_AFTER, _NOISE_PRIOR = -5.5, -2.5, -7.0

# A list of letters: the next one is a few places further.
_LISTING_EDGE, _LISTING_STEP, _LISTING_JUMP = -8.0, -2.2, -8.0
# Frames of DOS are drawn with the same character again and again.
_SAME_BOX = -0.3
_NOT_CASED, _LOWER, _UPPER = range(3)
# Before, after: a capital in the middle of a word is rare, a capital letter costs more than a small one.
_CASE = np.array([[0.0, -0.3, -1.2], [0.0, 0.0, -5.0], [0.0, -0.3, -0.7]], np.float32)

# Characters of scripts without a small alphabet: beside ASCII, and where the counts have none of them.
_ENTER_FROM_BOUNDARY, _ENTER_FROM_LETTER, _LEAVE_TO_BOUNDARY, _LEAVE_TO_LETTER = -1.5, -3.5, -1.5, -3.5
_LOG_COUNTED, _LOG_COMMON, _LOG_UNCOMMON, _LOG_STRANGE = math.log(0.87), math.log(0.12), math.log(0.01), -20.0
_HALF_WIDTH_KANA = range(0xFF61, 0xFFA0)
_LOG_HALF_WIDTH = -9.0


@dataclass(frozen=True, slots=True)
class Sample:
    """The lines of a file that are not ASCII, and what is counted of them."""

    content: bytes
    before: npt.NDArray[np.uint8]
    after: npt.NDArray[np.uint8]
    counts: npt.NDArray[np.int64]
    high_bytes: int
    noise: float
    # Pairs of ASCII characters in the same lines: they tell the language of Latin text, whatever its encoding.
    ascii_before: npt.NDArray[np.uint8]
    ascii_after: npt.NDArray[np.uint8]
    ascii_counts: npt.NDArray[np.int64]


def take_sample(content: bytes) -> Sample:
    """Return the first lines with bytes over 127, as many as decide."""
    lines: list[bytes] = []
    high = 0
    found = _HIGH.search(content)
    while found is not None and high < SAMPLE_HIGH_BYTES:
        start = content.rfind(b"\n", max(0, found.start() - _LONGEST_SAMPLE_LINE), found.start()) + 1
        start = max(start, found.start() - _LONGEST_SAMPLE_LINE)
        end = content.find(b"\n", found.start())
        end = len(content) if end < 0 else end
        lines.append(content[start : min(end, found.start() + _LONGEST_SAMPLE_LINE)])
        high += len(_HIGH.findall(lines[-1]))
        found = _HIGH.search(content, end)
    joined = b"\n" + b"\n".join(lines) + b"\n"
    numbers = np.frombuffer(joined, np.uint8)
    before, after = numbers[:-1], numbers[1:]
    judged = (before >= 0x80) | (after >= 0x80)
    pairs = _count_pairs(before[judged], after[judged])
    ascii_pairs = _count_pairs(before[~judged], after[~judged])
    ascii_after = int(((before >= 0x80) & (after < 0x80)).sum())
    noise = _NOISE_PRIOR + _NOISE_HIGH * high + _NOISE_ASCII_AFTER * ascii_after
    return Sample(joined, *pairs, high, max(noise, _measure_enumeration(before, after)), *ascii_pairs)


def _measure_enumeration(before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]) -> float:
    """Return how likely the bytes are as a mere list of letters in about their order, in whatever encoding."""
    steps = after.astype(np.int64) - before
    both = (before >= 0x80) & (after >= 0x80)
    near = both & (steps >= -1) & (steps <= 8)
    edges = int(((before >= 0x80) ^ (after >= 0x80)).sum())
    return _LISTING_EDGE * edges + _LISTING_STEP * int(near.sum()) + _LISTING_JUMP * int((both & ~near).sum())


def _count_pairs(
    before: npt.NDArray[np.uint8], after: npt.NDArray[np.uint8]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    pairs, counts = np.unique(before.astype(np.int64) * 256 + after, return_counts=True)
    return (pairs // 256).astype(np.uint8), (pairs % 256).astype(np.uint8), counts


def measure(candidate: Candidate, sample: Sample, languages: dict[str, float]) -> float:
    """Return the logarithm of how likely the sample is in an encoding, in the best of its languages.

    `languages` are those of measure_languages.
    """
    if candidate in MULTI_BYTE:
        return candidate.log_prior + _measure_characters(candidate, sample)
    best = max(
        _measure_letters(candidate.codec, language, sample)
        + LANGUAGE_PRIORS.get(language, 0.0)
        + languages.get(language, 0.0)
        for language in candidate.languages
    )
    return candidate.log_prior + best


def _measure_letters(codec: str, language: str, sample: Sample) -> float:
    classes, cases = _classes_of(codec, language)
    likelihoods = load_alphabets()[language].likelihoods
    before, after = sample.before, sample.after
    logs = likelihoods[classes[before], classes[after]] + _CASE[cases[before], cases[after]]
    logs[(before == after) & (classes[before] == BOX)] = _SAME_BOX
    return float(logs @ sample.counts)


def measure_languages(sample: Sample) -> dict[str, float]:
    """Return for each language in Latin letters how much the ASCII letters speak for it, against English and code."""
    logs = {}
    for language, alphabet in load_alphabets().items():
        if alphabet.is_latin:
            classes, _ = _classes_of("ascii", language)
            pairs = alphabet.likelihoods[classes[sample.ascii_before], classes[sample.ascii_after]]
            logs[language] = float(pairs @ sample.ascii_counts)
    english = logs["en"]
    return {
        language: min(_MOST_OF_ASCII, max(0.0, _WEIGHT_OF_ASCII * (log - english))) for language, log in logs.items()
    }


@cache
def _classes_of(codec: str, language: str) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return class and case of each byte; one that the codec has nothing for is as strange as a foreign letter."""
    letters = {letter: FIRST_LETTER + place for place, letter in enumerate(load_alphabets()[language].letters)}
    classes, cases = np.zeros(256, np.intp), np.zeros(256, np.intp)
    for byte in range(256):
        character = bytes((byte,)).decode(codec, "replace")
        classes[byte] = FOREIGN if character == "\ufffd" else class_of(character, letters)
        cases[byte] = _UPPER if character.isupper() else _LOWER if character.islower() else _NOT_CASED
    return classes, cases


def _measure_characters(candidate: Candidate, sample: Sample) -> float:
    text = sample.content.decode(candidate.codec, "replace")
    points = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    beyond = points > 0x7F
    table = _character_table(candidate.codec, candidate.languages[0])
    total = float(table[np.minimum(points[beyond], 0xFFFF)].sum())
    is_letter = ((points | 0x20) >= 0x61) & ((points | 0x20) <= 0x7A)
    enters, leaves = beyond[1:] & ~beyond[:-1], beyond[:-1] & ~beyond[1:]
    total += _ENTER_FROM_LETTER * float((enters & is_letter[:-1]).sum())
    total += _ENTER_FROM_BOUNDARY * float((enters & ~is_letter[:-1]).sum())
    total += _LEAVE_TO_LETTER * float((leaves & is_letter[1:]).sum())
    return total + _LEAVE_TO_BOUNDARY * float((leaves & ~is_letter[1:]).sum())


@cache
def _character_table(codec: str, language: str) -> Floats:
    """Return the logarithm of how likely each character of the basic plane is."""
    table = np.full(0x10000, _LOG_STRANGE, np.float32)
    common, uncommon = _levels(language)
    table[[ord(character) for character in uncommon]] = _LOG_UNCOMMON - math.log(len(uncommon))
    table[[ord(character) for character in common]] = _LOG_COMMON - math.log(len(common))
    characters, logs = load_characters(language)
    places = [ord(character) for character in characters if ord(character) < 0x10000]
    shares = [log for character, log in zip(characters, logs, strict=True) if ord(character) < 0x10000]
    table[places] = np.maximum(table[places], np.array(shares, np.float32) + np.float32(_LOG_COUNTED))
    table[list(_HALF_WIDTH_KANA)] = _LOG_HALF_WIDTH
    table[0xFFFF] = _LOG_STRANGE
    return table


# Where each standard keeps the characters in daily use, and all of them: (codec, first lead byte, last lead byte).
_LEVELS = {
    "zh_hans": ("gb2312", (0xB0, 0xD7), (0xA1, 0xF7)),
    "zh_hant": ("big5", (0xA4, 0xC6), (0xA1, 0xF9)),
    "ja": ("euc_jp", (0xB0, 0xCF), (0xA1, 0xF4)),
    "ko": ("euc_kr", (0xB0, 0xC8), (0xA1, 0xFD)),
}
_KANA = {chr(point) for point in (*range(0x3041, 0x3094), *range(0x30A1, 0x30F7), 0x30FC, 0x3001, 0x3002)}


def _levels(language: str) -> tuple[set[str], set[str]]:
    codec, common, everything = _LEVELS[language]
    used = _characters_of(codec, *common) | (_KANA if language == "ja" else set())
    return used, _characters_of(codec, *everything) - used


def _characters_of(codec: str, first: int, last: int) -> set[str]:
    found = set()
    for lead in range(first, last + 1):
        for trail in range(0x40, 0xFF):
            try:
                character = bytes((lead, trail)).decode(codec)
            except UnicodeDecodeError:
                continue
            if len(character) == 1 and character.isprintable():
                found.add(character)
    return found


def all_candidates() -> tuple[Candidate, ...]:
    """Return every encoding that is tried, in a fixed order."""
    return (*SINGLE_BYTE, *MULTI_BYTE)
