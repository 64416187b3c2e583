"""File name, ending, `#!` line or what a text is told to be -> language; the tables are in the modules beside this."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import PurePosixPath
from pkgutil import iter_modules

from indexer.chunking import languages
from indexer.chunking.detection.clues import head_of
from indexer.chunking.detection.contents import BY_ENDING, BY_NAME, tell_header
from indexer.chunking.detection.modelines import modeline_of
from indexer.chunking.detection.shebangs import programs_of
from indexer.chunking.languages.names import (
    NAMES_BY_EXTENSION,
    NAMES_BY_FILENAME,
    NAMES_BY_PROGRAM,
    NAMES_WITHOUT_TABLE,
)
from indexer.chunking.languages.rules import Language

# Endings that say C++ by being in capitals.
_CAPITALS = (".C", ".H")


@lru_cache(maxsize=1)
def all_languages() -> tuple[Language, ...]:
    """Return the `LANGUAGE` of every module beside this one that has one, by the modules' names."""
    modules = sorted(info.name for info in iter_modules(languages.__path__))
    found = (getattr(import_module(f"{languages.__name__}.{module}"), "LANGUAGE", None) for module in modules)
    return tuple(language for language in found if language is not None)


def keys_of(language: Language) -> tuple[str, ...]:
    """Return what a table's files are known by: `.ext`, `name:file` and `run:interpreter`. No two tables share one."""
    return (
        *language.extensions,
        *(f"name:{name}" for name in language.filenames),
        *(f"run:{name}" for name in language.interpreters),
    )


@lru_cache(maxsize=1)
def _by_key() -> dict[str, Language]:
    return {key: language for language in all_languages() for key in keys_of(language)}


@lru_cache(maxsize=1)
def _by_name() -> dict[str, Language]:
    return {language.name: language for language in reversed(all_languages())}


def language_of(path: str, text: str = "") -> Language | None:
    """Return the language whose table reads this file, by name or ending, or by the text where those are shared."""
    keys = _by_key()
    name, ending, suffix = _parts_of(path)
    known = keys.get(f"name:{name}") or keys.get(ending)
    is_empty = not text and suffix not in _CAPITALS
    if is_empty or not _is_open(path, known):
        return known
    told = _told_name(path, text)
    return known if known is not None and known.name == told else _by_name().get(told or "")


def language_named(name: str) -> Language:
    """Return the language of this name. Raises KeyError for one without a table."""
    return _by_name()[name]


def language_name_of(path: str, text: str = "") -> str | None:
    """Return the name for metadata, lower case: a table's language, or a known format without one."""
    found = language_of(path, text)
    if found is not None:
        return found.name
    name, ending, _ = _parts_of(path)
    if name in NAMES_BY_FILENAME:
        return NAMES_BY_FILENAME[name]
    stem = name.split(".", 1)[0]
    if stem in ("dockerfile", "makefile") and stem != name and ending not in NAMES_BY_EXTENSION:
        return stem
    told = _told_name(path, text) if _is_open(path, None) else None
    return told or NAMES_BY_EXTENSION.get(ending)


@lru_cache(maxsize=64)
def _parts_of(path: str) -> tuple[str, str, str]:
    """Return a file's name and ending in lower case, and the ending as it is written."""
    file = PurePosixPath(path)
    return file.name.lower(), file.suffix.lower(), file.suffix


def _is_open(path: str, known: Language | None) -> bool:
    """Say whether the text decides: the name or the ending is shared, or says nothing."""
    name, ending, suffix = _parts_of(path)
    if name in BY_NAME or ending in BY_ENDING or suffix in _CAPITALS:
        return True
    return known is None and ending not in NAMES_BY_EXTENSION and name not in NAMES_BY_FILENAME


def _told_name(path: str, text: str) -> str | None:
    """Return what a text's modeline, `#!` line or content says that it is; None when nothing is known by that name."""
    name, ending, suffix = _parts_of(path)
    told = modeline_of(text)
    # Much C++ in headers is marked as C.
    if told is not None and _is_known(told) and (told, ending) != ("c", ".h"):
        return told
    for program in programs_of(text):
        if (language := _by_key().get(f"run:{program}")) is not None:
            return language.name
        if program in NAMES_BY_PROGRAM:
            return NAMES_BY_PROGRAM[program]
    if suffix in _CAPITALS:
        # Old systems wrote all names in capitals.
        return tell_header(head_of(text)) if PurePosixPath(path).stem.isupper() else "cpp"
    tell = BY_NAME.get(name) or BY_ENDING.get(ending)
    return tell(head_of(text)) if tell is not None else None


def _is_known(name: str) -> bool:
    return name in _by_name() or name in NAMES_WITHOUT_TABLE
