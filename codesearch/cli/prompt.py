"""`codesearch context`: the code that answers a question as Markdown, for a prompt, within a budget of tokens."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from codesearch.cli.answers import NOTHING_FOUND, call_tool, note, print_freshness_warnings
from codesearch.cli.completion import complete_sources
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.filters import Filters, text_filter_options
from codesearch.cli.output import print_json
from codesearch.cli.scopes import choose_scope, split_query
from codesearch.cli.sources import all_option, in_option
from codesearch.cli.unknown_values import note_unknown

CHARACTERS_PER_TOKEN = 4
MOST_RECORDS = 100
_CONTROL = {code: None for code in (*range(32), *range(127, 160)) if code not in (9, 10)}


@click.command()
@click.argument("words", nargs=-1, required=True, metavar="[SOURCE]... QUERY", shell_complete=complete_sources)
@in_option
@all_option
@click.option("--tokens", type=click.IntRange(50, 1_000_000), default=4_000, show_default=True, help="At most so many.")
@text_filter_options
@as_json_option
@click.pass_context
def context(
    click_context: click.Context,
    words: tuple[str, ...],
    within: tuple[str, ...],
    everything: bool,
    tokens: int,
    paths: tuple[str, ...],
    extensions: tuple[str, ...],
    languages: tuple[str, ...],
    no_tests: bool,
    as_json: bool,
) -> None:
    """Print what answers QUERY as Markdown for a prompt: path:start-end and fenced code, the best first.

    A token is counted as 4 characters, headings included. SOURCE is as `search` has it.

    \b
    codesearch context "how are cookies signed?" --tokens 2000
    codesearch context flask click "parsing of options" --no-tests
    """
    holder: LazyAssembly = click_context.obj
    named, query = split_query(holder, words)
    if not query.strip():
        raise click.UsageError("The query is blank.")
    scope = choose_scope(holder, [*named, *within], everything=everything)
    arguments = {
        "question": query.encode("utf-8", "replace").decode("utf-8"),
        "extensions": list(extensions),
        "languages": list(languages),
        "exclude_tests": no_tests,
        "max_results": MOST_RECORDS,
        "max_tokens": tokens,
    }
    answers = [
        call_tool(
            holder, "semantic_search", {**arguments, "data_sources": [item.id for item in sources], "paths": prefixes}
        ).obj
        for sources, prefixes in scope.group(paths)
    ]
    obj = answers[0] if len(answers) == 1 else _merge(answers)
    blocks = [render_block(record, with_name=len(scope.sources) > 1) for record in obj["records"]]
    kept = keep_blocks(blocks, tokens)
    if as_json:
        markdown = "\n".join(blocks[number] for number in kept)
        print_json({**obj, "records": [obj["records"][number] for number in kept], "markdown": markdown})
    else:
        print("\n".join(blocks[number] for number in kept), end="")
        print_freshness_warnings(obj)
    if not kept:
        note("Nothing found.")
    note_unknown(holder.get(), scope, Filters(paths, extensions, languages), found=bool(kept))
    if not kept:
        click_context.exit(NOTHING_FOUND)


def _merge(answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the answers of several data sources as one, the best records first."""

    def order(record: Mapping[str, Any]) -> tuple[float, str, str, int]:
        metadata = record["metadata"]
        return -record["score"], metadata["data_source_id"], metadata["path"], metadata["start_line"]

    records = sorted((record for answer in answers for record in answer["records"]), key=order)
    return {
        "records": records,
        "left_out": sum(answer["left_out"] for answer in answers),
        "freshness": [item for answer in answers for item in answer["freshness"]],
    }


def render_block(record: Mapping[str, Any], *, with_name: bool) -> str:
    """Return a record as Markdown that ends with a line break: a line on where it stands, and its code in a fence."""
    metadata = record["metadata"]
    name = f"{metadata['data_source_name']} " if with_name else ""
    place = " ".join(f"{name}{metadata['path']}:{metadata['start_line']}-{metadata['end_line']}".splitlines())
    symbol = f" ({metadata['symbol']})" if "symbol" in metadata else ""
    content = record["content"].replace("\r\n", "\n").translate(_CONTROL)
    # Longer than any that the code holds, so that none of it ends the block.
    longest = max(map(len, re.findall(r"`{3,}", content)), default=2)
    fence = "`" * (longest + 1)
    return f"`{place.replace('`', '')}`{symbol}\n\n{fence}{metadata.get('language', '')}\n{content}\n{fence}\n"


def keep_blocks(blocks: Sequence[str], tokens: int) -> list[int]:
    """Return which blocks fit together, best first; the best one always comes."""
    kept: list[int] = []
    left = tokens * CHARACTERS_PER_TOKEN
    for number, block in enumerate(blocks):
        if not kept or len(block) + 1 <= left:
            kept.append(number)
            left -= len(block) + 1
    return kept
