"""The records of a search, with highlighted code for people, and why they have their scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.cli.filters import Form
from codesearch.cli.output import console, print_json, visible
from codesearch.cli.places import link_to, shown_path
from codesearch.core.counts import say_count
from codesearch.core.types import Explanation, Hit
from codesearch.retrieval.links import line_url
from codesearch.retrieval.records import build_record, describe_symbol

if TYPE_CHECKING:
    from rich.text import Text

SHOWN_LINES = 30


@dataclass(frozen=True, slots=True)
class View:
    """From where hits are looked at: the folder, whether one source alone was asked, the setting `editor_link`.

    `read_around` returns the first line and the lines that are shown of a hit, where that is not just its own.
    """

    here: Path = field(default_factory=Path.cwd)
    is_alone: bool = True
    editor_link: str = "none"
    read_around: Callable[[Hit], tuple[int, list[str]]] | None = None


def print_hits(hits: Sequence[Hit], form: Form, view: View) -> None:
    """Print the records of a search: path:lines, score, and the code; in a pipe plain and never cut at a width."""
    if form.as_json:
        print_json({"records": [build_record(hit, with_location=False) for hit in hits]})
    elif form.as_jsonl:
        for hit in hits:
            print_json(build_record(hit, with_location=False))
    elif form.only_files or form.only_lines:
        _print_places(hits, form, view)
    else:
        _print_records(hits, view)


def _print_places(hits: Sequence[Hit], form: Form, view: View) -> None:
    places: dict[str, str | None] = {}
    for hit in hits:
        chunk = hit.chunk
        shown = shown_path(hit.source, chunk.path, view.here, is_alone=view.is_alone)
        lines = f":{chunk.start_line}-{chunk.end_line}" if form.only_lines else ""
        places.setdefault(f"{shown}{lines}", _link(hit, view))
    for place, link in places.items():
        console().print(linked(place, link), soft_wrap=True)


def _print_records(hits: Sequence[Hit], view: View) -> None:
    from rich.text import Text

    if not hits:
        print("Nothing found.")
    if hits and hits[0].explanation is not None and hits[0].explanation.read_as:
        words = visible("; ".join(hits[0].explanation.read_as))
        console().print(f"Read as: {words}", style="dim", highlight=False, soft_wrap=True)
    for number, hit in enumerate(hits, 1):
        chunk = hit.chunk
        heading = Text.assemble(
            (str(number), "bold"),
            "  ",
            (visible(hit.source.name), "cyan"),
            "  ",
            linked(f"{chunk.path}:{chunk.start_line}-{chunk.end_line}", _link(hit, view), "bold green"),
            f"  {visible(describe_symbol(chunk))}" if chunk.symbol else "",
            "  ",
            (f"{hit.score:.3f}", "yellow"),
        )
        console().print(heading, soft_wrap=True)
        around = view.read_around
        first, content = around(hit) if around is not None else (chunk.start_line, chunk.content.split("\n"))
        lines = [visible(line.removesuffix("\r")) for line in content]
        most = len(lines) if around is not None else SHOWN_LINES
        print_code(chunk.path, first, lines[:most])
        if len(lines) > most:
            console().print(
                f"… {say_count(len(lines) - most, 'more line')}", style="dim", highlight=False, soft_wrap=True
            )
        if hit.explanation is not None:
            _print_explanation(hit.explanation)
        print(flush=True)


def _link(hit: Hit, view: View) -> str | None:
    if not console().is_terminal:
        return None
    chunk = hit.chunk
    url = line_url(hit.source.location, hit.commit, chunk.path, chunk.start_line, chunk.end_line)
    return link_to(view.editor_link, hit.source, chunk.path, chunk.start_line, url)


def linked(text: str, link: str | None, style: str = "") -> Text:
    from rich.style import Style
    from rich.text import Text

    return Text(visible(text), Style.parse(style) + Style(link=link) if link else style)


def _print_explanation(explanation: Explanation) -> None:
    note = "" if explanation.factor == 1 else f", times {explanation.factor:.2g}: another record of this file is better"
    console().print(f"log-odds {explanation.log_odds:+.2f}{note}", style="dim", highlight=False, soft_wrap=True)
    for feature in explanation.features:
        line = f"  {feature.contribution:+6.2f}  {feature.name} = {feature.value:.3g}"
        console().print(line, style="dim", highlight=False, soft_wrap=True)


def print_code(path: str, start_line: int, lines: Sequence[str]) -> None:
    """Print lines with their numbers, highlighted on a terminal. Nothing in them may steer it any more."""
    if not console().is_terminal:
        width = len(str(start_line + len(lines) - 1))
        for number, line in enumerate(lines, start_line):
            print(f"{number:>{width}}  {line}".rstrip())
        return
    from rich.syntax import Syntax

    code = "\n".join(lines)
    lexer = Syntax.guess_lexer(path, code)
    console().print(
        Syntax(code, lexer, line_numbers=True, start_line=start_line, word_wrap=True, background_color="default")
    )
