"""Tells by the comment at their head the files that a tool wrote. walk.py asks here for every file that it decoded.

A sentence of that comment has to say it of this file: one that speaks of other files, or of what this one generates,
does not count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

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
_DIRECTIVE = re.compile(r"#\s*(?:line|define|undef|include|if|ifdef|ifndef|else|endif|pragma)\b")
_PREPROCESSED = frozenset({"c", "h", "cc", "cpp", "cxx", "hh", "hpp", "hxx", "l", "y", "m", "mm", "cu", "cs", "inc"})
_HEADINGS = frozenset({"md", "markdown", "mdx"})

# Nearly every file has none of these words at its head, which one search of each tells.
_WORDS = (
    "generated", "signedsource<<", "made by gnu bison", "$antlr", "produced by", "object code",
    "generation: standard", "extracted autoloads",
)  # fmt: skip

_ANNOTATION = re.compile(r"^@(?:javax?\.annotation\.(?:processing\.)?|jakarta\.annotation\.)?Generated\(", re.MULTILINE)

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")
_CLOSED = re.compile(r"[.:!?*=;,-]$")
_OPENS = re.compile(r"[A-Z@<$*]")


def find_generated_marker(text: str, extension: str) -> str | None:
    """Return the sentence at the file's head that says it was generated; None when there is none.

    Only the comments before the first line of code are read, so a generator that holds such a line in a template stays.
    """
    head = text[:HEAD_CHARACTERS]
    lowered = head.lower()
    if not any(word in lowered for word in _WORDS):
        return None
    if extension in _ANNOTATED and (found := _ANNOTATION.search(head)):
        return found.group()
    # Here and not at the top: few files get so far.
    from indexer.source.sentences import says_generated

    sentences = _split_sentences(_head_comments(head, extension))
    for number, sentence in enumerate(sentences):
        if says_generated(sentences, number):
            return sentence
    return None


_ANNOTATED = frozenset({"java", "kt", "scala", "groovy"})


def _split_sentences(comments: Sequence[str]) -> list[str]:
    """Join the lines that belong together, and cut them into sentences."""
    sentences: list[str] = []
    current = ""
    for line in (*comments, ""):
        # A line of its own: behind a blank one or a sign that closes, or where a short line is followed by a capital.
        starts_anew = not line or not current or _CLOSED.search(current) or _OPENS.match(line)
        if starts_anew and current:
            sentences += _SENTENCE_END.split(current)
            current = ""
        current = f"{current} {line}".strip() if line else current
    return [sentence.strip() for sentence in sentences if sentence.strip()]


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
        if not line or _PREAMBLE.fullmatch(line) or (extension in _PREPROCESSED and _DIRECTIVE.match(line)):
            comments.append("")
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
