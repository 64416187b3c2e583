"""The hits of a search as the page shows them: coloured lines, addresses, what is copied. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from codesearch.core.types import Explanation, Hit
from codesearch.retrieval.links import line_url
from codesearch.retrieval.records import describe_symbol
from codesearch.web.addresses import file_address
from codesearch.web.highlighting import Highlighter

if TYPE_CHECKING:
    from markupsafe import Markup

SHOWN_LINES: Final = 24


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
    return [_build(hit, highlighter) for hit in hits]


def _build(hit: Hit, highlighter: Highlighter) -> Result:
    chunk = hit.chunk
    lines = chunk.content.split("\n")
    coloured = highlighter.highlight(chunk.path, lines[:SHOWN_LINES])
    return Result(
        source=hit.source.name,
        path=chunk.path,
        first_line=chunk.start_line,
        last_line=chunk.end_line,
        symbol=describe_symbol(chunk),
        kind=chunk.symbol_kind or chunk.artifact_kind.value,
        score=hit.score,
        lines=tuple(enumerate(coloured, chunk.start_line)),
        left_out=max(0, len(lines) - SHOWN_LINES),
        address=file_address(hit.source.name, chunk.path, chunk.start_line, chunk.end_line),
        url=line_url(hit.source.location, hit.commit, chunk.path, chunk.start_line, chunk.end_line),
        duplicates=hit.duplicates,
        explanation=hit.explanation,
    )


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
