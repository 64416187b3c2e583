"""Extension, file name or interpreter -> language; the tables themselves are in the modules beside this one."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib import import_module
from pathlib import PurePosixPath
from pkgutil import iter_modules

from indexer.chunking import languages
from indexer.chunking.languages.names import NAMES_BY_EXTENSION, NAMES_BY_FILENAME
from indexer.chunking.languages.rules import Language

# Looked at to tell languages that share an extension apart.
_HEAD_CHARACTERS = 64_000
_OBJECTIVE_C = re.compile(r"^\s*(?:@(?:interface|protocol|implementation|class|import)\b|#import\b)", re.MULTILINE)
_CPP = re.compile(
    r"^\s*(?:class\s+\w|namespace\s+[\w{]|template\s*<|using\s+\w|(?:public|private|protected)\s*:|#include\s*<\w+>)"
    r"|\bstd::|\bconstexpr\b|\bnullptr\b|\w::\w|\bstatic_cast<|^#\s*ifndef\s+\w+_(?:HPP|HXX|HH)_*\b",
    re.MULTILINE,
)
_INTERPRETER = re.compile(r"^#!\s*\S*?([^/\s]+)(?:\s+(.*))?$")


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


def language_of(path: str, text: str = "") -> Language | None:
    """Return the language whose table reads this file, by file name, extension, content where needed, or `#!` line."""
    file = PurePosixPath(path)
    keys = _by_key()
    named = keys.get(f"name:{file.name.lower()}")
    if named is not None:
        return named
    extension = file.suffix.lower()
    if extension == ".h":
        return _language_named(_header_language(text))
    found = keys.get(".C") if file.suffix == ".C" else keys.get(extension)
    if found is not None:
        return found if _plausible(extension, text) else None
    if extension in NAMES_BY_EXTENSION or not text.startswith("#!"):
        return None
    return keys.get(f"run:{_interpreter_of(text.split(chr(10), 1)[0])}")


def language_name_of(path: str, text: str = "") -> str | None:
    """Return the name for metadata, lower case: a table's language, or a known format without one."""
    found = language_of(path, text)
    if found is not None:
        return found.name
    file = PurePosixPath(path)
    name = file.name.lower()
    if name in NAMES_BY_FILENAME:
        return NAMES_BY_FILENAME[name]
    stem = name.split(".", 1)[0]
    if stem in ("dockerfile", "makefile") and stem != name and file.suffix.lower() not in NAMES_BY_EXTENSION:
        return stem
    return NAMES_BY_EXTENSION.get(file.suffix.lower())


def _language_named(name: str) -> Language | None:
    return next((language for language in all_languages() if language.name == name), None)


def _header_language(text: str) -> str:
    head = text[:_HEAD_CHARACTERS]
    if _OBJECTIVE_C.search(head) and _language_named("objective-c") is not None:
        return "objective-c"
    return "cpp" if _CPP.search(_without_comments(head)) else "c"


def _without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\"", " ", text, flags=re.DOTALL)


def _plausible(extension: str, text: str) -> bool:
    """Turn away files whose extension is shared with another format."""
    if extension == ".inc":
        return "<?php" in text[:2000]
    if extension == ".ts":
        return not text.lstrip()[:200].startswith(("<?xml", "<!DOCTYPE TS", "<TS"))
    return True


def _interpreter_of(line: str) -> str:
    match = _INTERPRETER.match(line.strip())
    if match is None:
        return ""
    name, rest = match.group(1), match.group(2) or ""
    if name == "env":
        words = [word for word in rest.split() if not word.startswith("-") and "=" not in word]
        name = PurePosixPath(words[0]).name if words else ""
    return name.rstrip("0123456789.-").lower()
