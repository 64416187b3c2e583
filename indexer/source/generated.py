"""Tells by their text the files that no person wrote: generated ones by the comment at their head, minified ones by
their lines. walk.py asks here for every file that it decoded."""

from __future__ import annotations

import re

HEAD_LINES = 40
HEAD_CHARACTERS = 6000

_LINE_COMMENT = re.compile(
    r"(?://+[!/]*|#+!?|--+|;+|%+|'+|\.\.|dnl\b|@?rem\b|/\*+!?|\*+|<!--+|\{-+|\(\*+)\s*", re.IGNORECASE
)
_BLOCKS = (
    ("/*", "*/"),
    ("<!--", "-->"),
    ("{-", "-}"),
    ("(*", "*)"),
    ('"""', '"""'),
    ("'''", "'''"),
    ("<#", "#>"),
    ("=begin", "=end"),
)
# Lines that may stand before or between the head's comments.
_PREAMBLE = re.compile(
    r"<\?(?:php|xml|hh)\b.*|['\"]use strict['\"];?|@charset .*|#!.*|<!doctype .*|#pragma once.*", re.IGNORECASE
)
_HEADINGS = frozenset({"md", "markdown", "mdx"})

_MARKERS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^code generated\b.*\bdo not edit\b",
        r"^@generated\b",
        r"^<auto-?generated\b",
        r"signedsource<<",
        r"^(?:this|the) (?:\w+ ){0,3}?(?:file|code|module|class|source|document|header|page|script)\b"
        r"[^.;]{0,30}\b(?:auto|automatically|machine)[- ]?generated\b",
        r"^(?:this|the) (?:\w+ ){0,3}?(?:file|code|module|class|source|document|header|page|script)\b"
        r"[^.;]{0,20}\bgenerated automatically\b",
    )
)
# Only where a sentence starts: a wrapped line of prose may begin with the same words.
_SENTENCE_MARKER = re.compile(
    r"^\W*(?:auto|automatically|machine)[- ]?generated"
    r"(?:\s*$|\s*[.:!,-]|\s+(?:by|from|file|code|using|with|via)\b)",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"[.:!?*=-]$")
# A line with a placeholder is the generator's template, not its output.
_PLACEHOLDER = re.compile(r"\$\{|\{\{|<%|#\{|%s\b|\{[a-z_][\w.]*\}")
_WORDS = ("generated", "signedsource<<")
_GENERATED = re.compile(r"\bgenerated\b", re.IGNORECASE)
_HANDS_OFF = re.compile(
    r"\b(?:do not|don't|never) (?:\w+ )?(?:edit|modify|change|touch)\b|\bmanual edits\b", re.IGNORECASE
)
# How far apart "generated" and "do not edit" may stand and still speak of the same file.
_HANDS_OFF_LINES = 4


def find_generated_marker(text: str, extension: str) -> str | None:
    """Return the line at the file's head that says it was generated; None when there is none.

    Only the comments before the first line of code are read, so a generator that holds such a line in a template stays.
    """
    head = text[:HEAD_CHARACTERS]
    if not any(word in head.lower() for word in _WORDS):
        return None  # nearly every file, told at the cost of one search
    comments = _head_comments(head, extension)
    for number, comment in enumerate(comments):
        if _PLACEHOLDER.search(comment):
            continue
        before = comments[number - 1] if number else ""
        starts_sentence = not before or _SENTENCE_END.search(before) is not None
        near = " ".join(comments[max(0, number - _HANDS_OFF_LINES + 1) : number + _HANDS_OFF_LINES])
        if (
            any(marker.search(comment) for marker in _MARKERS)
            or (starts_sentence and _SENTENCE_MARKER.search(comment))
            or (_GENERATED.search(comment) and _HANDS_OFF.search(near))
        ):
            return comment
    return None


def _head_comments(head: str, extension: str) -> list[str]:
    """Return the text of the comment lines before the first code, without their marks."""
    comments: list[str] = []
    closing: str | None = None
    for raw in head.splitlines()[:HEAD_LINES]:
        line = raw.strip()
        if closing is not None:
            comments.append(line.split(closing, 1)[0].lstrip("*#; \t").rstrip())
            closing = None if closing in line else closing
            continue
        if not line or _PREAMBLE.fullmatch(line):
            continue
        if extension in _HEADINGS and not line.startswith("<!--"):
            break
        block = next(((start, end) for start, end in _BLOCKS if line.startswith(start)), None)
        if block is not None:
            start, end = block
            rest = line[len(start) :]
            closing = None if end in rest else end
            comments.append(rest.split(end, 1)[0].strip("*!- \t"))
        elif (comment := _LINE_COMMENT.match(line)) is not None:
            comments.append(line[comment.end() :].rstrip("*/- "))
        else:
            break
    return comments


# Code that people write in these languages averages 30 to 45 characters a line and hardly ever passes 110 in a whole
# file; minifiers write lines of thousands.
_CODE_EXTENSIONS = frozenset({"js", "mjs", "cjs", "css"})
_MARKUP_EXTENSIONS = frozenset({"html", "htm", "json"})
MIN_MINIFIED_CHARACTERS = 1000
MAX_AVERAGE_LINE = 250
MAX_CODE_LINE = 5000
MAX_MARKUP_LINE = 20_000


def find_minified_line(text: str, extension: str) -> str | None:
    """Say what tells that a tool packed a JavaScript, CSS, HTML or JSON file; None for files that people wrote."""
    is_code = extension in _CODE_EXTENSIONS
    if not (is_code or extension in _MARKUP_EXTENSIONS) or len(text) < MIN_MINIFIED_CHARACTERS:
        return None
    lines = [line for line in text.split("\n") if line.strip()]
    longest = max(map(len, lines), default=0)
    average = sum(map(len, lines)) // max(1, len(lines))
    limit = MAX_CODE_LINE if is_code else MAX_MARKUP_LINE
    # One long line (an embedded image, a table) does not make a file minified: it has to be most of it.
    if longest > limit and longest * 2 > len(text):
        return f"a line of {longest} characters"
    if is_code and average > MAX_AVERAGE_LINE:
        return f"{average} characters per line"
    return None
