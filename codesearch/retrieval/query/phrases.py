"""Phrases: the runs of words of a query that may stand in the code as they are, such as an error message. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from codesearch.core.text.tokens import MAX_WORD_LENGTH, has_cjk

# So many words in a row that are the same are no accident. In quotation marks fewer will do.
RUN_WORDS = 4
RUN_WORDS_BETWEEN_VALUES = 2
_LEAST_QUOTED_WORDS = 2
# Of a longer text the first so many runs are looked for.
MAX_RUNS = 96
_WORD = re.compile(r"[^\W_]+")
_QUOTED = re.compile(
    r"(?<![\w\"])\"([^\"\n]{3,300})\"(?![\w\"])|(?<![\w'])'([^'\n]{3,300})'(?![\w'])|`([^`\n]{3,300})`"
)

_ERROR_WORD = re.compile(
    r"error|exception|fail|cannot|can't|could not|couldn't|invalid|illegal|not found|no such|unable|must|expected|"
    r"unknown|unsupported|undefined|missing|denied|refused|panic|fatal|warning|not allowed|is not|did not",
    re.IGNORECASE,
)
# What messages have where their texts have a place for a value, and questions seldom do.
_VALUE = re.compile(r"[:\"'`\[\](){}<>=/\\;|]|\b\d|\.\s*$|\w\.\w")
_QUESTION = re.compile(
    r"\s*(?:how|what|where|why|which|who|when|is|are|does|do|can|could|should|find|show|explain|list|implement|add|fix|"
    r"make)\b|.*\?\s*$",
    re.IGNORECASE,
)
_ERROR_LINE = re.compile(
    r"^.*(?:[Ee]rror|[Ee]xception|panic|[Ff]atal|[Ww]arning|FAILED|[Cc]annot|[Cc]ould not).*$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring words, lower case, of phrase number `phrase` from its word `start` on."""

    words: tuple[str, ...]
    phrase: int
    start: int


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text whose words are looked for as they stand. `has_values`: some may be values that the code has not."""

    words: tuple[str, ...]
    has_values: bool = False

    @property
    def run_words(self) -> int:
        """How many of its words in a row are looked for together: between values there may be two."""
        return RUN_WORDS_BETWEEN_VALUES if self.has_values else RUN_WORDS


def find_phrases(text: str) -> list[Phrase]:
    """Return what a query has in quotation marks, then the lines of its text, where they have words enough.

    Then once more those that read like error messages, which have values where the code has none.
    """
    lines = text.splitlines()
    messages = [read_words(line) for line in lines if reads_like_error(line)]
    return [
        *_to_phrases([*_find_quoted(text), *lines]),
        *(Phrase(words, has_values=True) for words in messages if len(words) >= RUN_WORDS),
    ]


def reads_like_error(line: str) -> bool:
    """Say whether a line may be an error message with values in it, and is no question or task."""
    return bool(_ERROR_WORD.search(line) and _VALUE.search(line)) and not _QUESTION.match(line)


def find_phrases_of_message(title: str, text: str) -> list[Phrase]:
    """Return of a long text its title, what it has in quotation marks, and the lines that look like errors."""
    return _to_phrases([title, *_find_quoted(text), *_ERROR_LINE.findall(text)])


def _find_quoted(text: str) -> list[str]:
    return [f'"{part}"' for groups in _QUOTED.findall(text) if (part := next(filter(None, groups), ""))]


def _to_phrases(texts: Iterable[str]) -> list[Phrase]:
    found: dict[tuple[str, ...], None] = {}
    for text in texts:
        words = read_words(text)
        if len(words) >= (_LEAST_QUOTED_WORDS if text.startswith('"') and text.endswith('"') else RUN_WORDS):
            found[words] = None
    return list(map(Phrase, found))


def read_words(text: str) -> tuple[str, ...]:
    """Return the words of a text that can be looked up, lower case, in order."""
    words = (word.lower() for word in _WORD.findall(text))
    return tuple(word for word in words if len(word) <= MAX_WORD_LENGTH and not has_cjk(word))


def cut_runs(phrases: Sequence[Phrase]) -> list[Run]:
    """Return each RUN_WORDS neighbouring words of the phrases, all words of a shorter one; no run twice, MAX_RUNS."""
    runs: dict[tuple[tuple[str, ...], int | None], Run] = {}
    for number, phrase in enumerate(phrases):
        for start in range(max(1, len(phrase.words) - phrase.run_words + 1)):
            words = phrase.words[start : start + phrase.run_words]
            runs.setdefault((words, number if phrase.has_values else None), Run(words, number, start))
            if len(runs) == MAX_RUNS:
                return list(runs.values())
    return list(runs.values())
