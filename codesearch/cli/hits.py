"""The records of a search, with highlighted code for people, and why they have their scores."""

from __future__ import annotations

from collections.abc import Sequence

from codesearch.cli.output import console, print_json, visible
from codesearch.core.types import Explanation, Hit
from codesearch.retrieval.records import build_record, describe_symbol

SHOWN_LINES = 30


def print_hits(hits: Sequence[Hit], *, as_json: bool) -> None:
    """Print the records of a search: path:lines, score, and the code; in a pipe plain and never cut at a width."""
    if as_json:
        print_json({"records": [build_record(hit, with_location=False) for hit in hits]})
        return
    if not hits:
        print("Nothing found.")
    from rich.text import Text

    for number, hit in enumerate(hits, 1):
        chunk = hit.chunk
        heading = Text.assemble(
            (str(number), "bold"),
            "  ",
            (visible(hit.source.name), "cyan"),
            "  ",
            (visible(f"{chunk.path}:{chunk.start_line}-{chunk.end_line}"), "bold green"),
            f"  {visible(describe_symbol(chunk))}" if chunk.symbol else "",
            "  ",
            (f"{hit.score:.3f}", "yellow"),
        )
        console().print(heading, soft_wrap=True)
        lines = [visible(line.removesuffix("\r")) for line in chunk.content.split("\n")]
        _print_code(chunk.path, chunk.start_line, lines[:SHOWN_LINES])
        if len(lines) > SHOWN_LINES:
            console().print(f"… {len(lines) - SHOWN_LINES} more lines", style="dim", highlight=False, soft_wrap=True)
        if hit.explanation is not None:
            _print_explanation(hit.explanation)
        print(flush=True)


def _print_explanation(explanation: Explanation) -> None:
    note = "" if explanation.factor == 1 else f", times {explanation.factor:.2g}: another record of this file is better"
    console().print(f"log-odds {explanation.log_odds:+.2f}{note}", style="dim", highlight=False, soft_wrap=True)
    for feature in explanation.features:
        line = f"  {feature.contribution:+6.2f}  {feature.name} = {feature.value:.3g}"
        console().print(line, style="dim", highlight=False, soft_wrap=True)


def _print_code(path: str, start_line: int, lines: Sequence[str]) -> None:
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
