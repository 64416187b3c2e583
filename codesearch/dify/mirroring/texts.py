"""The chunks of a file -> one text for Dify, and the separator at which Dify cuts it into the same pieces again. Pure.

What Dify does to a text, whatever the rules say: it takes away control characters, makes `<` of `<|` and `>` of `|>`,
strips signs such as # @ . from a piece's start and blanks from both ends. So each piece begins with a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from codesearch.core.types import Chunk

# The largest `max_tokens` that a server takes unless its INDEXING_MAX_SEGMENTATION_TOKENS_LENGTH says otherwise. Some
# versions count characters, others tokens of a model: neither is ever more than bytes of UTF-8.
DEFAULT_MAX_TOKENS = 4000
# Only letters and digits: versions of Dify read backslashes and anything outside of ASCII in a separator differently.
_SEPARATOR_WORD = "codesearchpiece"
_NO_LETTER = re.compile(r"[^a-z0-9]+")


def build_pieces(source_name: str, chunks: Iterable[tuple[Chunk, str]], max_bytes: int) -> list[str]:
    """Return the pieces of one file, in the order of the chunks, each with the description of its symbol.

    A piece is a line that says where it is from, an empty line, and lines of the file; it has at most `max_bytes` bytes
    of UTF-8, whatever the chunk has.
    """
    return [
        f"{location}\n\n{content}"
        for chunk, symbol in chunks
        for location, content in _cut(source_name, chunk, symbol, max_bytes)
    ]


def choose_separator(pieces: Sequence[str]) -> str:
    """Return a text on a line of its own that does not occur in the pieces, however Dify cleans them."""
    # As letters and digits alone, so that no sign that is taken away can make one.
    held = _NO_LETTER.sub("", "".join(pieces).lower())
    word = next(word for number in count() if (word := f"{_SEPARATOR_WORD}{number}end") not in held)
    return f"\n{word}\n"


def join_pieces(pieces: Sequence[str], separator: str) -> str:
    """Return the text of the document. Raises ValueError if the separator would not give the same pieces again."""
    text = separator.join(pieces)
    if text.split(separator) != list(pieces):
        raise ValueError("the separator occurs in the text")
    return text


def build_process_rule(separator: str, max_tokens: int) -> dict[str, object]:
    """Return the rule by which Dify cuts at the separator and cleans nothing that can be left alone."""
    names = ("remove_extra_spaces", "remove_urls_emails", "remove_stopwords")
    return {
        "mode": "custom",
        "rules": {
            "pre_processing_rules": [{"id": name, "enabled": False} for name in names],
            "segmentation": {"separator": separator, "max_tokens": max_tokens, "chunk_overlap": 0},
        },
    }


def _cut(source_name: str, chunk: Chunk, symbol: str, max_bytes: int) -> Iterator[tuple[str, str]]:
    """Yield location and content of the parts of a chunk: whole lines, or parts of one that is too long."""
    name = " ".join(f"{source_name} {chunk.path}".split())
    suffix = f" ({symbol})" if symbol else ""
    # Half for the location, at most: of a longer one what stands last is left out.
    room = max_bytes // 2 - len(f":{chunk.end_line}-{chunk.end_line}".encode()) - 2
    shown = _first_bytes(f"{name}", room)
    shown_suffix = " ".join(_first_bytes(suffix, room - len(shown.encode())).split("\n"))
    shown_suffix = shown_suffix if shown_suffix == suffix else ""
    lines = chunk.content.split("\n")
    limit = max_bytes - len(f"{shown}:{chunk.end_line}-{chunk.end_line}{shown_suffix}\n\n".encode())
    first = 0
    while first < len(lines):
        last, size = first, len(lines[first].encode())
        while last + 1 < len(lines) and size + 1 + len(lines[last + 1].encode()) <= limit:
            last += 1
            size += 1 + len(lines[last].encode())
        location = f"{shown}:{_line(chunk, first, lines)}-{_line(chunk, last, lines)}{shown_suffix}"
        content = "\n".join(lines[first : last + 1])
        if content.strip():
            for part in _split_bytes(content, limit):
                yield location, part
        first = last + 1


def _line(chunk: Chunk, index: int, lines: Sequence[str]) -> int:
    """Return the number of a line of a chunk; of a chunk that has not its own lines, its first or last."""
    if len(lines) == chunk.end_line - chunk.start_line + 1:
        return chunk.start_line + index
    return chunk.start_line if index == 0 else chunk.end_line


def _first_bytes(text: str, size: int) -> str:
    return text.encode()[: max(0, size)].decode("utf-8", "ignore")


def _split_bytes(text: str, size: int) -> Iterator[str]:
    while text:
        part = _first_bytes(text, size)
        yield part
        text = text[len(part) :]
