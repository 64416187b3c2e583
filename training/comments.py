"""Finds the comments in a chunk's lines and turns them into sentences: what pairs.py takes for questions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MIN_WORDS = 3
MAX_WORDS = 40

_SLASHES = ("//",)
_HASH = ("#",)
_DASHES = ("--",)
# What starts a line comment; languages that are not here have `//`.
_LINE_MARKS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("python", "ruby", "bash", "elixir", "perl", "r", "julia", "nim", "powershell"), _HASH),
    **dict.fromkeys(("lua", "haskell", "sql", "elm"), _DASHES),
    "clojure": (";",),
    "erlang": ("%",),
    "ocaml": (),
    "php": ("//", "#"),
}
_SLASHED = ("/*", "*/")
_QUOTED = ('"""', '"""')
_BLOCK_MARKS: dict[str, tuple[tuple[str, str], ...]] = {
    "python": (_QUOTED, ("'''", "'''")),
    "elixir": (('@doc """', '"""'), ('@moduledoc """', '"""'), ('@typedoc """', '"""')),
    "julia": (_QUOTED, ("#=", "=#")),
    "ocaml": (("(*", "*)"),),
    "fsharp": (("(*", "*)"),),
    "haskell": (("{-", "-}"),),
    "elm": (("{-", "-}"),),
    "lua": (("--[[", "]]"),),
    "powershell": (("<#", "#>"),),
    "ruby": (("=begin", "=end"),),
    "sql": (_SLASHED,),
    **dict.fromkeys(("bash", "perl", "r", "clojure", "erlang"), ()),
}
_DECORATION = re.compile(r"^[\s/*#;%!\-={}()|<>\[\]\"'~+.]+|[\s*/#=\-~]+$")
_TAG_LINE = re.compile(r"^\s*(?:@\w+|\\(?:param|return|brief)|:\w+[^:]*:|</?(?:param|returns|exception|remarks)\b)")
_MARKUP = re.compile(r"<[^<>]{1,80}>|\{@\w+\s+|[`{}]|\[|\](?:\([^)]*\))?")
_SENTENCE_END = re.compile(r"[.!?:](?:\s|$)")
_WORD = re.compile(r"[A-Za-z]{2,}")
# Not written about the code below: licences, directions to tools, and code that somebody switched off.
_NO_SENTENCE = re.compile(
    r"copyright|licen[cs]e|spdx|all rights reserved|eslint|prettier-|noqa|pylint|mypy:|rubocop|phpcs|nolint|shellcheck"
    r"|pragma|clang-format|istanbul|ts-ignore|ts-expect|@ts-|noinspection|swiftlint|go:build|https?://\S+$"
    r"|[;{]\s*$|^\w+\(.*\)$|^\s*(?:import|return|let|var|const|use)\b.*[=(.]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Comment:
    """A run of whole comment lines: `start` and `end` count lines from 0, end exclusive; `text` is without markers."""

    start: int
    end: int
    text: str


def find_comments(lines: Sequence[str], language: str) -> list[Comment]:
    """Return the runs of comment lines, in order; comments that share a line with code are left out."""
    line_marks = _LINE_MARKS.get(language, _SLASHES)
    block_marks = _BLOCK_MARKS.get(language, (_SLASHED,))
    comments: list[Comment] = []
    index = 0
    while index < len(lines):
        end = _end_of_run(lines, index, line_marks) or _end_of_block(lines, index, block_marks)
        if end is None:
            index += 1
            continue
        text = _clean(lines[index:end])
        comments.append(Comment(index, end, text))
        index = end
    return comments


def first_sentence(text: str) -> str | None:
    """Return a comment's first sentence when it reads like a question's subject: MIN_WORDS to MAX_WORDS words."""
    paragraph = text.split("\n\n", 1)[0]
    joined = " ".join(paragraph.split())
    ends = _SENTENCE_END.search(joined)
    sentence = joined[: ends.start()] if ends else joined
    if len(_WORD.findall(sentence)) < MIN_WORDS:
        sentence = joined
    words = sentence.strip(" \"'*/").split()
    if len(_WORD.findall(sentence)) < MIN_WORDS or _NO_SENTENCE.search(sentence):
        return None
    return " ".join(words[:MAX_WORDS])


def _end_of_run(lines: Sequence[str], start: int, marks: tuple[str, ...]) -> int | None:
    end = start
    while end < len(lines) and marks and lines[end].lstrip().startswith(marks):
        end += 1
    return end if end > start else None


def _end_of_block(lines: Sequence[str], start: int, marks: tuple[tuple[str, str], ...]) -> int | None:
    line = lines[start].strip()
    # A doc string may have a prefix, `r"""`.
    plain = line[1:] if line[:1] in "rRuU" and line[1:4] in ('"""', "'''") else line
    for opening, closing in marks:
        if not plain.startswith(opening):
            continue
        if closing in plain[len(opening) :]:
            return start + 1 if plain.endswith(closing) else None
        for end in range(start + 1, len(lines)):
            if closing in lines[end]:
                return end + 1 if lines[end].rstrip().endswith(closing) else None
        return None
    return None


def _clean(lines: Sequence[str]) -> str:
    kept: list[str] = []
    for line in lines:
        text = _DECORATION.sub("", line.replace("@moduledoc", "").replace("@typedoc", "").replace("@doc", ""))
        if _TAG_LINE.match(text) or _TAG_LINE.match(line.lstrip(" /*#;%-!")):
            if kept:
                break
            continue
        kept.append(_MARKUP.sub(" ", text))
    return "\n".join(kept).strip()
