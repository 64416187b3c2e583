"""Reads the project's Markdown pages for the tests that hold them to the code: links, tables, blocks, command lines."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The fixtures' own pages are test data.
_FOREIGN = ("fixtures/repos/", "build/", "dist/")

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.*)$", re.MULTILINE)
_ASSIGNMENT = re.compile(r"[A-Z][A-Z_]*=")


def find_files(pattern: str) -> list[Path]:
    """Return the project's own files that match, in path order: none of the environment, the fixtures or builds."""
    folders = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")]
    found = [*ROOT.glob(pattern), *(path for folder in folders for path in folder.rglob(pattern))]
    return sorted(path for path in found if not path.relative_to(ROOT).as_posix().startswith(_FOREIGN))


def blocks_of(text: str, language: str) -> list[str]:
    """Return the fenced blocks in a language, in order."""
    return [content for name, content in _FENCE.findall(text) if name == language]


def spans_of(text: str) -> list[str]:
    """Return what stands between single backticks outside of fenced blocks, in order."""
    return _SPAN.findall(_FENCE.sub("", text))


def links_of(text: str) -> list[str]:
    """Return the targets of all links, in order."""
    return _LINK.findall(_SPAN.sub("", _FENCE.sub("", text)))


def anchors_of(text: str) -> set[str]:
    """Return the anchors that code hosts make of the headings."""
    headings = _HEADING.findall(_FENCE.sub("", text))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def section_of(text: str, heading: str) -> str:
    """Return the text between a level-two heading and the next one."""
    match = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert match is not None, f"there is no heading {heading!r}"
    return match[1]


def table_under(text: str, *columns: str) -> list[list[str]]:
    """Return the rows of the table with these column titles, cells without blanks around them."""
    lines = text.splitlines()
    start = lines.index(f"| {' | '.join(columns)} |") + 2
    rows: list[list[str]] = []
    for line in lines[start:]:
        if not line.startswith("|"):
            break
        # A bar in a cell would be written \|; none is.
        rows.append([cell.strip() for cell in line.strip().removeprefix("|").removesuffix("|").split("|")])
    return rows


def shell_commands(text: str) -> Iterator[list[str]]:
    """Yield the words of every command in the page's sh blocks; variables set in front are left out."""
    for block in blocks_of(text, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = _without_assignments(shlex.split(line, comments=True))
            if words:
                yield [Path(words[0]).name, *words[1:]]


def quoted_commands(text: str, *programs: str) -> Iterator[list[str]]:
    """Yield the words of every command line of these programs between single backticks."""
    for span in spans_of(text):
        words = _without_assignments(span.split("{")[0].split())
        if len(words) > 1 and words[0] in programs:
            yield words


def _without_assignments(words: list[str]) -> list[str]:
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    return words
