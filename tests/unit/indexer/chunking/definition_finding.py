"""What the tests of the language tables share: finding the definitions of a snippet, as the chunker does."""

from __future__ import annotations

from indexer.chunking.alternatives import parse_better
from indexer.chunking.definitions import Definition, find_definitions
from indexer.chunking.languages.table import language_of
from indexer.chunking.line_reading import read_definitions
from indexer.chunking.parsing import SourceParser

# (qualified name, kind, first line, last line) of each definition.
Found = list[tuple[str, str, int, int]]


def definitions_of(path: str, text: str) -> list[Definition]:
    """Return the definitions of a file of this path, in order."""
    language = language_of(path, text)
    assert language is not None, f"no table reads {path}"
    if language.lines is not None:
        return read_definitions(language.lines, text)[0]
    if language.reader is not None:
        return language.reader.read(text)[0]
    source = text.encode()
    language, tree = parse_better(SourceParser(), path, language, source)
    assert tree is not None
    return find_definitions(language, tree.root_node, source)


def found_in(path: str, text: str) -> Found:
    """Return names, kinds and lines of the definitions."""
    return [(found.symbol, found.kind, found.start_line, found.end_line) for found in definitions_of(path, text)]


def first_line_of(path: str, text: str, symbol: str) -> str:
    """Return the first line of what belongs to a definition: its comments and decorators, too."""
    found = next(found for found in definitions_of(path, text) if found.symbol == symbol)
    return text.splitlines()[found.start_line - 1].strip()


def kinds_in(path: str, text: str) -> set[tuple[str, str]]:
    """Return kinds and qualified names of the definitions."""
    return {(found.kind, found.symbol) for found in definitions_of(path, text)}
