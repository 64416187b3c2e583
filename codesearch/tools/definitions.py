"""The definitions of one file as its rows tell them: the pieces of one together, in the order of their lines."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.text.terms import name_term
from codesearch.tools.identifiers import identify_lines, identify_symbol


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition: its qualified name, its kind, its lines with its comments; `signature` where somebody read it."""

    symbol: str
    kind: str
    start_line: int
    end_line: int
    signature: str | None = None


def list_definitions(segment: SearchIndex, file: int) -> list[Definition]:
    """Return the definitions of a file by first line, the longer first."""
    return _join_rows(segment, segment.rows_of_file(file))


def find_definitions(segment: SearchIndex, file: int, symbol: str) -> list[Definition]:
    """Return the definitions of one qualified name in a file, by first line."""
    rows = segment.rows_of_file(file)
    names = segment.qualified_names[rows.start : rows.stop]
    same = np.flatnonzero(names == np.uint32(name_term(symbol))) + rows.start
    return [item for item in _join_rows(segment, same.tolist()) if item.symbol == symbol]


def _join_rows(segment: SearchIndex, rows: Iterable[int]) -> list[Definition]:
    found: dict[tuple[str, str, int, int], Definition] = {}
    for row in rows:
        symbol = segment.symbol_of(row)
        if symbol:
            belonging = segment.pieces.belonging_of(row)
            own = int(segment.start_lines[row]), int(segment.end_lines[row])
            first, last = own if belonging is None else belonging.symbol_lines
            kind = segment.symbol_kinds[segment.row_symbol_kinds[row]]
            found.setdefault((symbol, kind, first, last), Definition(symbol, kind, first, last))
    return sorted(found.values(), key=lambda item: (item.start_line, -item.end_line, item.symbol))


def identify_definition(
    index: SourceIndex, repository: str, path: str, symbol: str | None, start_line: int, end_line: int
) -> str:
    """Return the identifier of a definition: by its symbol where its file has one of that name, else by its lines."""
    file = index.find_file(path)
    if symbol and file is not None and len(find_definitions(*file, symbol)) == 1:
        return identify_symbol(repository, path, symbol)
    return identify_lines(repository, path, start_line, end_line)
