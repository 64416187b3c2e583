"""Sections of documents and configuration, for the chunker: headings, keys, blocks, stages, targets.

`find_sections` is total: any text gives disjoint, ordered sections that cover every non-blank line.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from indexer.chunking.sections import braces, configuration, documents
from indexer.chunking.sections.grouping import Mark, Section, group_marks
from indexer.chunking.sections.names import section_language_of

__all__ = ["DEFINING_LANGUAGES", "SECTION_LANGUAGES", "Section", "find_sections", "section_language_of"]

_Offsets = Iterable[tuple[int, Mark]]


@dataclass(frozen=True, slots=True)
class _Rules:
    """How a language is cut: marks by line or by offset, how paths are joined, what a comment line starts with.

    `share` is the part of the target size that a section may have before it is opened: headings are worth more alone.
    """

    by_line: Callable[[Sequence[str]], Iterator[Mark]] | None = None
    by_offset: Callable[[str], _Offsets] | None = None
    separator: str = " > "
    comment: tuple[str, ...] = ()
    share: float = 1.0


_RULES = {
    "asciidoc": _Rules(by_line=documents.mark_asciidoc, share=0.25),
    "css": _Rules(by_offset=braces.mark_css),
    "dockerfile": _Rules(by_line=configuration.mark_dockerfile, comment=("#",)),
    "html": _Rules(by_offset=documents.mark_html),
    "ini": _Rules(by_line=configuration.mark_ini, comment=("#", ";")),
    "json": _Rules(by_line=configuration.mark_json, separator=".", comment=("//",)),
    "less": _Rules(by_offset=braces.mark_scss),
    "make": _Rules(by_line=configuration.mark_make, comment=("#",)),
    "markdown": _Rules(by_line=documents.mark_markdown, share=0.25),
    "org": _Rules(by_line=documents.mark_org, share=0.25),
    "prisma": _Rules(by_offset=braces.mark_prisma, comment=("//",)),
    "properties": _Rules(by_line=configuration.mark_properties, comment=("#", "!")),
    "rst": _Rules(by_line=documents.mark_adorned, share=0.25),
    "scss": _Rules(by_offset=braces.mark_scss),
    "text": _Rules(by_line=documents.mark_text),
    "toml": _Rules(by_offset=configuration.mark_toml, separator=".", comment=("#",)),
    "xml": _Rules(by_offset=documents.mark_xml),
    "yaml": _Rules(by_line=configuration.mark_yaml, separator=".", comment=("#",)),
}

SECTION_LANGUAGES = frozenset(_RULES)
# Their sections are definitions, which a short file has as well as a long one.
DEFINING_LANGUAGES = frozenset({"prisma"})


def find_sections(language_name: str, text: str, target_chars: int = 1200) -> list[Section]:
    """Cut a document or a configuration file into titled sections of about `target_chars` characters.

    The sections are disjoint, in order, and cover every non-blank line; lines end at newlines alone. What cannot be
    opened may be far larger. A language not in `SECTION_LANGUAGES` is cut as plain text. Never raises on any text.
    """
    rules = _RULES.get(language_name, _RULES["text"])
    lines = text.split("\n")
    marks: Iterable[Mark] = ()
    if rules.by_line is not None:
        marks = rules.by_line(lines)
    elif rules.by_offset is not None:
        marks = _place(lines, rules.by_offset(text))
    target = int(target_chars * rules.share)
    return group_marks(lines, marks, target_chars=target, separator=rules.separator, comment=rules.comment)


def _place(lines: Sequence[str], found: _Offsets) -> Iterator[Mark]:
    """Yield the marks with the lines that their offsets lie on."""
    starts = [0, *accumulate(len(line) + 1 for line in lines)]
    for offset, mark in found:
        yield Mark(bisect_right(starts, offset) - 1, mark.level, mark.name, mark.kind)
