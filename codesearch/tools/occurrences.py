"""Where a name stands in an index as a whole word: postings choose the rows, their text decides. By name alone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import IndexedFile, SourceIndex
from codesearch.core.text.terms import terms_of

_ROWS_BETWEEN_CHECKS = 64
# A name that more rows have is looked for in the first of them: some tenths of a second.
MAX_ROWS: Final = 20_000
# Text, not code: a name there refers to nothing.
DOCUMENTS: Final = frozenset(
    {"markdown", "restructuredtext", "asciidoc", "text", "html", "json", "csv", "tsv", "xml", "svg", "notebook-output"}
)
_HASH = frozenset(
    {"python", "ruby", "bash", "perl", "r", "elixir", "yaml", "toml", "make", "makefile", "cmake", "julia", "nim",
     "nix", "crystal", "gdscript", "powershell", "tcl", "dockerfile", "hcl", "fish", "awk", "graphql"}
)  # fmt: skip
_DASH = frozenset({"sql", "plsql", "lua", "luau", "haskell", "elm", "ada", "vhdl", "purescript", "applescript"})
_SEMICOLON = frozenset({"clojure", "commonlisp", "scheme", "racket", "emacs-lisp", "asm", "ini"})
_PERCENT = frozenset({"erlang", "matlab", "prolog", "latex"})
# Calls need no parenthesis there.
WITHOUT_PARENTHESES: Final = frozenset(
    {"ruby", "elixir", "haskell", "ocaml", "fsharp", "elm", "bash", "fish", "nix", "clojure", "commonlisp", "scheme",
     "racket", "perl", "nim", "crystal", "purescript", "powershell", "tcl", "cobol", "groovy", "julia"}
)  # fmt: skip
# Languages that call one another by name; all others call their own alone.
_FAMILIES: Final = tuple(
    frozenset(family.split())
    for family in (
        "c cpp objective-c objective-cpp cuda metal",
        "javascript typescript tsx jsx vue svelte astro html",
        "java kotlin scala groovy",
        "csharp fsharp visual-basic razor",
        "clojure java",
        "erlang elixir",
    )
)
_CALL = re.compile(r"\s{0,4}(?:!|\?\.?)?(?:(?:::)?<[^<>()\n]{0,80}>)?\s{0,4}\(")
_IMPORT = re.compile(r"^\s*(?:import|from|use|using|require|include|#\s*include|export\s*(?:\*|\{[^}]*\}\s*from))\b")


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A name at a place: line, 1-based, and column, 0-based, in characters; what its line says, whether it calls."""

    file: IndexedFile
    line: int
    column: int
    text: str
    is_call: bool


def simple_name(symbol: str) -> str:
    """Return the last part of a qualified name: `Client.retry` -> retry."""
    return re.split(r"::|[.#]", symbol.strip())[-1] or symbol.strip()


def may_call(caller: str | None, called: str | None) -> bool:
    """Say whether code in one language calls code in another by its name."""
    return caller == called or any({caller, called} <= family for family in _FAMILIES)


def word_pattern(name: str) -> re.Pattern[str]:
    """Return a pattern of a name as a whole word; the signs that names have in some languages belong to words."""
    more = "-" if "-" in name else ""
    return re.compile(rf"(?<![\w${more}]){re.escape(name)}(?![\w{more}])")


def count_rows_with(index: SourceIndex, name: str) -> int:
    """Return how many rows have all terms of a name."""
    return sum(len(rows) for rows in _rows_with(index, name))


def _rows_with(index: SourceIndex, name: str) -> list[NDArray[np.int32]]:
    """Return the rows of each segment that have all terms of a name, ascending; every row where a name has no term."""
    terms = np.array(sorted(set(terms_of(name))), np.uint32)
    found = [_find_rows(segment, terms) for segment in index.segments]
    return [
        rows if segment.live_rows is None else rows[segment.live_rows[rows]]
        for segment, rows in zip(index.segments, found, strict=True)
    ]


def _find_rows(segment: SearchIndex, terms: NDArray[np.uint32]) -> NDArray[np.int32]:
    if not len(terms):
        return segment.all_rows.astype(np.int32)
    found = sorted((ids for ids, _ in segment.row_postings.find(terms)), key=len)
    rows = found[0]
    for ids in found[1:]:
        rows = np.intersect1d(rows, ids, assume_unique=True)
    return rows


def find_occurrences(index: SourceIndex, name: str, check: Check) -> Iterator[Occurrence]:
    """Yield where a name stands in code, each place once, by file, line and column; comments left out where that shows.

    `check` is called every few milliseconds and may raise.
    """
    pattern = word_pattern(name)
    file: IndexedFile | None = None
    seen = set[tuple[int, int]]()
    rows = index.rows_by_path([of_segment[:MAX_ROWS] for of_segment in _rows_with(index, name)])
    for number, (segment, row) in enumerate(islice(rows, MAX_ROWS)):
        if not number % _ROWS_BETWEEN_CHECKS:
            check()
        language = segment.languages[segment.row_languages[row]]
        content = segment.content_of(row).decode("utf-8")
        if language in DOCUMENTS or name not in content:
            continue
        owner = segment, int(segment.file_of_row[row])
        if file != owner:
            file, seen = owner, set()
        line, begin = int(segment.start_lines[row]), 0
        for match in pattern.finditer(content):
            line += content.count("\n", begin, match.start())
            begin = match.start()
            start, end = content.rfind("\n", 0, begin) + 1, content.find("\n", begin)
            text, column = content[start : end if end >= 0 else len(content)], begin - start
            is_destructor = content[begin - 1 : begin] == "~" and may_call(language, "cpp")
            if (
                is_destructor
                or (line, column) in seen
                or is_comment(text, column, language)
                or is_in_block(content, begin, language)
            ):
                continue
            seen.add((line, column))
            yield Occurrence(owner, line, column, text.strip(), _is_call(text, column + len(name), language))


def is_comment(line: str, column: int, language: str) -> bool:
    """Say whether a place in a line is in a comment, as far as the line alone tells."""
    start, before = line.lstrip(), line[:column]
    if language in _HASH:
        return start.startswith(("#", '"""', "'''")) or " #" in before
    if language in _DASH:
        return "--" in before
    if language in _SEMICOLON:
        return ";" in before
    if language in _PERCENT:
        return "%" in before
    # `://` begins no comment but the rest of an address.
    return start.startswith(("/*", "* ", "*/")) or re.search(r"(?<!:)//", before) is not None


def is_in_block(content: str, place: int, language: str) -> bool:
    """Say whether a place is in a docstring or a block comment that its own record begins."""
    if language == "python":
        return any(content.count(mark, 0, place) % 2 for mark in ('"""', "'''"))
    if language in _HASH or language in _SEMICOLON or language in _PERCENT:
        return False
    begin = content.rfind("/*", 0, place)
    return begin >= 0 and content.find("*/", begin, place) < 0


def _is_call(line: str, end: int, language: str) -> bool:
    if _IMPORT.match(line):
        return False
    if _CALL.match(line, end):
        return True
    return language in WITHOUT_PARENTHESES and not re.match(r"\s*(?:=(?!=)|:(?!:))", line[end:])
