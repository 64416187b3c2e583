"""Code as HTML, a line each, coloured by classes of our own; what would cost too much is shown without colours."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any, Final

from codesearch.core.paths import file_name_of

if TYPE_CHECKING:
    from markupsafe import Markup

# A page's code is lexed for no longer than this, and no line that is longer: both would be somebody's minified file.
MAX_SECONDS: Final = 0.15
MAX_LINE_CHARACTERS: Final = 1_000
# Colours of a table of numbers are ten times the table: a page's weight is a promise.
MAX_GROWTH: Final = 3.0
_SMALL: Final = 500
# Beyond it a line of a page ends in a sign that something is left out.
SHOWN_LINE_CHARACTERS: Final = 4_000
_CLASSES: Final = (
    ("Comment", "c"),
    ("Keyword.Type", "t"),
    ("Keyword.Constant", "n"),
    ("Keyword", "k"),
    ("Operator.Word", "k"),
    ("Literal.String", "s"),
    ("String", "s"),
    ("Literal.Number", "n"),
    ("Name.Function", "f"),
    ("Name.Class", "f"),
    ("Name.Decorator", "d"),
    ("Name.Attribute", "d"),
    ("Name.Tag", "k"),
    ("Name.Builtin", "t"),
    ("Name.Exception", "t"),
    ("Generic.Heading", "f"),
    ("Generic.Subheading", "f"),
)

logger = logging.getLogger(__name__)


class Highlighter:
    """Colours the code of one page; what is asked when its time is over comes back without colours."""

    def __init__(self, max_seconds: float = MAX_SECONDS) -> None:
        self._left_seconds = max_seconds

    def highlight(self, path: str, lines: Sequence[str], max_characters: int = SHOWN_LINE_CHARACTERS) -> list[Markup]:
        """Return each line, up to so many characters of it, as HTML in which nothing of the line is markup."""
        shown = [shorten(line.removesuffix("\r"), max_characters) for line in lines]
        lexer = _lexer_of(file_name_of(path))
        if lexer is None or self._left_seconds <= 0 or any(len(line) > MAX_LINE_CHARACTERS for line in shown):
            return [_plain(line) for line in shown]
        started = time.perf_counter()
        try:
            coloured = _colour(lexer, shown, started + self._left_seconds)
        except Exception:
            # A lexer's own fault is no reason to show no code.
            logger.debug("No colours for %s", path, exc_info=True)
            coloured = None
        self._left_seconds -= time.perf_counter() - started
        if coloured is not None and sum(map(len, coloured)) > _SMALL + MAX_GROWTH * sum(map(len, shown)):
            coloured = None
        return coloured or [_plain(line) for line in shown]


def _colour(lexer: Any, lines: Sequence[str], deadline: float) -> list[Markup] | None:
    """Return the lines in colours, None where that takes too long or the lexer does not give back what it got."""
    from markupsafe import Markup

    text = "\n".join(lines) + "\n"
    done: list[str] = []
    parts: list[str] = []
    position = 0
    for start, kind, value in lexer.get_tokens_unprocessed(text):
        if start != position or time.perf_counter() > deadline:
            return None
        position += len(value)
        first, *others = value.split("\n")
        parts.append(_span(kind, first))
        for part in others:
            done.append("".join(parts))
            parts = [_span(kind, part)]
    if position != len(text) or len(done) != len(lines):
        return None
    return [Markup(line) for line in done]  # noqa: S704 - every part of it was escaped


def _span(kind: object, text: str) -> str:
    escaped = escape(text)
    name = _class_of(kind) if text.strip() else ""
    return f'<span class="{name}">{escaped}</span>' if name else escaped


@lru_cache(maxsize=512)
def _class_of(kind: object) -> str:
    dotted = str(kind).removeprefix("Token.")
    return next((name for start, name in _CLASSES if dotted == start or dotted.startswith(f"{start}.")), "")


@lru_cache(maxsize=512)
def _lexer_of(file_name: str) -> Any:
    from pygments.lexers import get_lexer_for_filename
    from pygments.util import ClassNotFound

    try:
        return get_lexer_for_filename(file_name)
    except ClassNotFound:
        return None


def _plain(line: str) -> Markup:
    from markupsafe import Markup

    return Markup(escape(line))  # noqa: S704 - it was escaped


def shorten(line: str, max_characters: int) -> str:
    """Return a line, or so many characters of it and a sign that more follows."""
    return line if len(line) <= max_characters else f"{line[:max_characters]} …"


def mark_spans(text: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """Return a text as HTML with parts of its UTF-8, in order and apart from one another, marked."""
    from markupsafe import Markup

    encoded = text.encode("utf-8")

    def pieces() -> Iterator[str]:
        position = 0
        for start, end in spans:
            yield escape(encoded[position:start].decode("utf-8", "replace"))
            yield f"<mark>{escape(encoded[start:end].decode('utf-8', 'replace'))}</mark>"
            position = end
        yield escape(encoded[position:].decode("utf-8", "replace"))

    return Markup("".join(pieces()))  # noqa: S704 - every part of it was escaped
