"""The hits of a search as the page shows them: coloured lines, addresses, what is copied. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

from codesearch.core.types import Explanation, Hit
from codesearch.retrieval.links import line_url
from codesearch.retrieval.records import describe_symbol
from codesearch.web.addresses import file_address
from codesearch.web.highlighting import Highlighter

if TYPE_CHECKING:
    from markupsafe import Markup

# What a page of records shows of them: its weight is a promise, whatever top_k is.
SHOWN_LINES: Final = 24
SHOWN_LINE_CHARACTERS: Final = 300
SHOWN_CHARACTERS: Final = 50_000
EXPLAINED: Final = 20


@dataclass(frozen=True, slots=True)
class Result:
    """One hit. `lines` are numbers and HTML; `left_out` says how many more it has."""

    source: str
    path: str
    first_line: int
    last_line: int
    symbol: str
    kind: str
    score: float
    lines: tuple[tuple[int, Markup], ...]
    left_out: int
    address: str
    url: str | None
    duplicates: tuple[str, ...]
    explanation: Explanation | None

    @property
    def place(self) -> str:
        """The path with its first line, as editors and terminals read it."""
        return f"{self.path}:{self.first_line}"


def build_results(hits: Sequence[Hit]) -> list[Result]:
    """Return what the page shows of each hit, in their order."""
    highlighter = Highlighter()
    share = SHOWN_CHARACTERS // max(1, len(hits))
    return [_build(hit, highlighter, share, is_explained=place < EXPLAINED) for place, hit in enumerate(hits)]


def _build(hit: Hit, highlighter: Highlighter, max_characters: int, *, is_explained: bool) -> Result:
    chunk = hit.chunk
    lines = chunk.content.split("\n")
    shown = _first_lines(lines, max_characters)
    coloured = highlighter.highlight(chunk.path, shown, SHOWN_LINE_CHARACTERS)
    return Result(
        source=hit.source.name,
        path=chunk.path,
        first_line=chunk.start_line,
        last_line=chunk.end_line,
        symbol=describe_symbol(chunk),
        kind=chunk.symbol_kind or chunk.artifact_kind.value,
        score=hit.score,
        lines=tuple(enumerate(coloured, chunk.start_line)),
        left_out=len(lines) - len(shown),
        address=file_address(hit.source.name, chunk.path, chunk.start_line, chunk.end_line),
        url=line_url(hit.source.location, hit.commit, chunk.path, chunk.start_line, chunk.end_line),
        duplicates=hit.duplicates,
        explanation=hit.explanation if is_explained else None,
    )


def _first_lines(lines: Sequence[str], max_characters: int) -> Sequence[str]:
    """Return at least one line, and as many more as have room."""
    sizes = accumulate(min(len(line), SHOWN_LINE_CHARACTERS) for line in lines[:SHOWN_LINES])
    count = sum(size <= max_characters for size in sizes)
    return lines[: max(1, count)]


def curl_command(base_url: str, request: Mapping[str, Any]) -> str:
    """Return what asks the same at a shell, with the key in $KEY."""
    body = shlex.quote(json.dumps(request, ensure_ascii=False))
    return (
        f'curl -s {base_url}/retrieval -H "Authorization: Bearer $KEY" \\\n'
        f"  -H 'Content-Type: application/json' -d {body}"
    )


def dify_request(request: Mapping[str, Any]) -> str:
    """Return what Dify sends to /dify/retrieval to ask the same."""
    return json.dumps({key: value for key, value in request.items() if key != "explain"}, ensure_ascii=False, indent=2)
