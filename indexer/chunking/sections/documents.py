"""Where sections begin in documents: Markdown, reStructuredText, AsciiDoc, Org, HTML, XML and plain text.

Rules on lines and tags, not grammars: they are fast, and they cope with templates and with files that are half broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from indexer.chunking.sections.grouping import Mark, clean_name

_ATX = re.compile(r" {0,3}(#{1,6})(?:[ \t]+(.*)|$)")
_CLOSING_HASHES = re.compile(r"(?:^|\s)#+\s*$")
_FENCE = re.compile(r"\s{0,12}(?:[-*+>]\s{1,3})?(`{3,}|~{3,})([^`]*)$")
_SETEXT = re.compile(r" {0,3}(=+|-{2,})\s*$")
_HTML_HEADING_LINE = re.compile(r"\s*<h([1-6])\b[^>]{0,400}>")
_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]]{0,200})\]\([^()]{0,400}\)")
_TAG = re.compile(r"<[^<>]{0,400}>")
_ADORNMENT = re.compile(r"([=\-~^\"'*+#`:._<>!$%&,/;?@\\|])\1{2,}\s*$")
_ASCIIDOC_HEADING = re.compile(r"(={1,6})\s+(\S.*)")
_ASCIIDOC_BLOCK = re.compile(r"(-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|/{4,}|`{3})\s*$")
_ORG_HEADING = re.compile(r"(\*{1,8})\s+(\S.*)")

_HTML_MARK = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<h(?P<level>[1-6])\b[^>]{0,400}>(?P<heading>.{0,400}?)</h(?P=level)"
    r"|^[ \t]*<(?P<block>script|style|template|section|nav|main|header|footer|article|aside|form|table|head|body|svg)\b"
    r"(?P<attributes>[^>]{0,400})",
    re.DOTALL | re.IGNORECASE | re.MULTILINE,
)
_XML_TAG = re.compile(
    r"<(?:!--.*?(?:-->|\Z)|!\[CDATA\[.*?(?:\]\]>|\Z)|[?!][^>]*>?"
    r"|(?P<close>/)[^>]*>?"
    r"|(?P<tag>[\w.:-]{1,100})(?P<attributes>(?:[^>\"']|\"[^\"]*\"|'[^']*')*)>?)",
    re.DOTALL,
)
_NAMING_ATTRIBUTE = re.compile(
    r"(?:^|\s)(?:[\w.-]{1,40}:)?(?:name|id|key|include|title)\s*=\s*[\"']([^\"']{1,120})", re.IGNORECASE
)


def mark_markdown(lines: Sequence[str]) -> Iterator[Mark]:
    """Yield a mark per heading (ATX, setext, HTML), outside front matter and fenced code."""
    fence: str | None = None
    for number in range(_front_matter_end(lines), len(lines)):
        line = lines[number]
        found = _FENCE.match(line)
        if fence is not None:
            if found and found[1].startswith(fence) and not found[2].strip():
                fence = None
        elif found:
            fence = found[1]
        elif heading := _ATX.match(line):
            yield Mark(number, len(heading[1]), _plain(_CLOSING_HASHES.sub("", (heading[2] or "")[:1000])))
        elif heading := _HTML_HEADING_LINE.match(line):
            yield Mark(number, int(heading[1]), _plain(line))
        elif (under := _SETEXT.match(line)) and number and _may_be_title(lines, number - 1):
            yield Mark(number - 1, 1 if under[1][0] == "=" else 2, _plain(lines[number - 1]))


def _front_matter_end(lines: Sequence[str]) -> int:
    if not lines or lines[0].rstrip() not in ("---", "+++"):
        return 0
    closing = lines[0].rstrip()
    # Front matter is short: a rule at the top of a long document must not hide all of it.
    return next((number + 1 for number in range(1, min(len(lines), 200)) if lines[number].rstrip() == closing), 0)


def _may_be_title(lines: Sequence[str], number: int) -> bool:
    line = lines[number]
    alone = number == 0 or not lines[number - 1].strip()
    return alone and bool(line.strip()) and line.lstrip()[0] not in "|>-*+#=<`"


def _plain(text: str) -> str | None:
    return clean_name(_TAG.sub("", _MARKDOWN_LINK.sub(r"\1", text[:1000])).replace("`", "").replace("**", ""))


def mark_adorned(lines: Sequence[str]) -> Iterator[Mark]:
    """Yield a mark per underlined title, as in reStructuredText; levels are in order of first use."""
    styles: dict[tuple[str, bool], int] = {}
    for number in range(1, len(lines)):
        under, title = lines[number], lines[number - 1]
        if not (found := _ADORNMENT.match(under)) or not title.strip() or _ADORNMENT.match(title):
            continue
        over = number > 1 and bool(lines[number - 2].strip()) and lines[number - 2].rstrip() == under.rstrip()
        alone = over or number == 1 or not lines[number - 2].strip() or lines[number - 2].startswith("..")
        if not alone or (title[0].isspace() and not over) or len(under.rstrip()) < len(title.strip()) - 2:
            continue
        level = styles.setdefault((found[1], over), len(styles) + 1)
        yield Mark(number - 2 if over else number - 1, level, clean_name(title))


def mark_asciidoc(lines: Sequence[str]) -> Iterator[Mark]:
    """Yield a mark per heading outside delimited blocks."""
    block: str | None = None
    for number, line in enumerate(lines):
        if found := _ASCIIDOC_BLOCK.match(line):
            block = found[1] if block is None else None if block == found[1] else block
        elif block is None and (heading := _ASCIIDOC_HEADING.match(line)):
            yield Mark(number, len(heading[1]), clean_name(heading[2]))


def mark_org(lines: Sequence[str]) -> Iterator[Mark]:
    """Yield a mark per headline."""
    for number, line in enumerate(lines):
        if heading := _ORG_HEADING.match(line):
            yield Mark(number, len(heading[1]), clean_name(heading[2]))


def mark_text(lines: Sequence[str]) -> Iterator[Mark]:
    """Yield a mark per underlined title, and below them one per paragraph."""
    yield from mark_adorned(lines)
    yield from mark_paragraphs(lines, level=99)


def mark_paragraphs(lines: Sequence[str], level: int = 1) -> Iterator[Mark]:
    """Yield a nameless mark at each line that follows a blank one."""
    blank = True
    for number, line in enumerate(lines):
        if not line.strip():
            blank = True
        elif blank:
            blank = False
            yield Mark(number, level, None)


def mark_html(text: str) -> Iterator[tuple[int, Mark]]:
    """Yield an offset and a mark per heading, and below them one per structural element that begins a line."""
    for found in _HTML_MARK.finditer(text):
        if found["level"]:
            yield found.start(), Mark(0, int(found["level"]), clean_name(_TAG.sub(" ", found["heading"])))
        elif found["block"]:
            tag = found["block"].lower()
            name = _NAMING_ATTRIBUTE.search(found["attributes"])
            # Scripts and styles end what a heading says; the other elements lie under it.
            level = 1 if tag in ("script", "style", "template", "head", "body") else 7
            yield found.start("block"), Mark(0, level, f"{tag} {name[1]}" if name else tag)


def mark_xml(text: str, depth_limit: int = 5) -> Iterator[tuple[int, Mark]]:
    """Yield an offset and a mark per element down to `depth_limit`, named by its tag and its name or id."""
    depth = 0
    for found in _XML_TAG.finditer(text):
        if found["close"]:
            depth = max(0, depth - 1)
        elif tag := found["tag"]:
            attributes = found["attributes"]
            if depth < depth_limit:
                name = _NAMING_ATTRIBUTE.search(attributes[:400])
                yield found.start(), Mark(0, depth, clean_name(f"{tag} {name[1]}" if name else tag))
            if not attributes.endswith("/"):
                depth += 1
