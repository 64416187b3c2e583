"""Translation: a query in another language -> the same in the words of code, line by line."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from codesearch.core.errors import ConfigurationError
from codesearch.retrieval.translation.detection import find_latin, find_script
from codesearch.retrieval.translation.lexicon import Lexicon, build_lexicon, join_lexicons, read_lexicon
from codesearch.retrieval.translation.segmentation import Part, cut_parts

LANGUAGES: Final = ("de", "es", "fr", "ja", "ko", "pt", "ru", "zh")
_OF_SCRIPT: Final = frozenset({"ja", "ko", "ru", "zh"})
# Of a longer text the rest stays as it is: a message's title and first sentences say what it is about.
MAX_CHARACTERS = 8_000


@dataclass(frozen=True, slots=True)
class Translation:
    """A query in another language: what each of its words became, line by line. rest: of a long text, as it is."""

    language: str
    lines: tuple[tuple[Part, ...], ...]
    rest: str = ""

    @property
    def parts(self) -> list[Part]:
        """Those of all lines."""
        return [part for line in self.lines for part in line]

    def describe(self, count: int) -> list[str]:
        """Return what each different word was taken for, `word: term, term` with at most `count` terms, in order."""
        said = (f"{part.written}: {', '.join(part.meanings[:count])}" for part in self.parts if part.meanings)
        return list(dict.fromkeys(said))

    def write(self, keep: Collection[str] | None = None) -> str:
        """Return the query in the words of code; of those that stay as they are only `keep`, unless it is None."""
        lines = []
        for line in self.lines:
            words = [
                part.meanings[0] if part.meanings else part.written
                for part in line
                if part.meanings or (part.meanings is None and (keep is None or part.written in keep))
            ]
            lines.append(" ".join(words))
        return "\n".join(lines) + self.rest


def _is_nowhere(word: str) -> bool:
    return False


class Lexicons:
    """The languages that queries may be in: those of the package, and those of a folder of the user's own."""

    def __init__(self, folder: Path | None = None) -> None:
        """Read LANGUAGE.tsv and LANGUAGE.stop in `folder`; the languages of the package when they are first needed.

        Raises ConfigurationError for a file that cannot be read; it names the file and the line.
        """
        own = sorted(folder.glob("*.tsv")) if folder is not None and folder.is_dir() else []
        self._own = {file.stem: _read_own(file) for file in own}
        self._latin_names = [name for name in sorted({*LANGUAGES, *self._own}) if name not in _OF_SCRIPT]
        self._read: dict[str, Lexicon] = {}

    def get(self, language: str) -> Lexicon:
        """Return the lexicon of a language. Raises ConfigurationError for a damaged one."""
        if language not in self._read:
            own = self._own.get(language)
            bundled = _read_bundled(language) if own is None or language in LANGUAGES else None
            found = [lexicon for lexicon in (own, bundled) if lexicon is not None]
            self._read[language] = join_lexicons(*found) if len(found) > 1 else found[0]
        return self._read[language]

    def warm_up(self) -> None:
        """Read the languages that every query in Latin letters is compared with. Raises ConfigurationError."""
        for name in self._latin_names:
            self.get(name)

    def translate(self, text: str, is_there: Callable[[str], bool] = _is_nowhere) -> Translation | None:
        """Return what a query in another language says; None for one in English or in a language that nobody knows.

        `is_there` says of a word that no lexicon has whether it is one of what is searched: it stays as it is then.
        """
        language = find_script(text)
        lexicon = (
            find_latin(text, [self.get(name) for name in self._latin_names]) if language is None else self.get(language)
        )
        if lexicon is None:
            return None
        lines = tuple(tuple(cut_parts(line, lexicon, is_there)) for line in text[:MAX_CHARACTERS].split("\n"))
        if not any(part.meanings for line in lines for part in line):
            return None
        return Translation(lexicon.language, lines, text[MAX_CHARACTERS:])


def _read_own(file: Path) -> Lexicon:
    stop = file.with_suffix(".stop")
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
        stop_words = stop.read_text(encoding="utf-8").splitlines() if stop.is_file() else []
        return build_lexicon(file.stem, lines, stop_words)
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"The lexicon {file} cannot be read: {error}. Mend it or take it away.") from error


@lru_cache(maxsize=len(LANGUAGES))
def _read_bundled(language: str) -> Lexicon:
    file = files("codesearch.retrieval.translation") / "lexicons" / f"{language}.json"
    try:
        return read_lexicon(language, file.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(f"The lexicon {file} is damaged: {error}. Install codesearch again.") from error
