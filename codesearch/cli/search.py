"""`codesearch search`: asks here, without a service."""

from __future__ import annotations

import click

from codesearch.assembly import LOCAL_PRINCIPAL
from codesearch.cli.context import LazyAssembly
from codesearch.cli.limits import require_room_to_search
from codesearch.core.types import SearchQuery


@click.command()
@click.argument("knowledge_id", metavar="ID")
@click.argument("query")
@click.option("--top-k", type=click.IntRange(1, 100), default=5, show_default=True, help="How many records.")
@click.option("--threshold", type=click.FloatRange(0, 1), default=0.0, help="Leave out records with a lower score.")
@click.option("--explain", is_flag=True, help="Say of each record why it has its score.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_obj
def search(
    holder: LazyAssembly,
    knowledge_id: str,
    query: str,
    top_k: int,
    threshold: float,
    explain: bool,
    as_json: bool,
) -> None:
    """Ask the repository or workspace ID (or its name) and print the lines that answer.

    \b
    codesearch search flask "where are cookies signed?"
    codesearch search flask make_response --top-k 20 --json
    """
    if not query.strip():
        raise click.UsageError("The query is blank.")
    # Bytes of another encoding arrive from the shell as halves of surrogate pairs, which no model can read.
    text = query.encode("utf-8", "replace").decode("utf-8")
    require_room_to_search()
    assembly = holder.get()
    asked = SearchQuery(knowledge_id, text, top_k, threshold, explain=explain)
    from codesearch.cli.hits import print_hits

    hits = assembly.retriever.retrieve(LOCAL_PRINCIPAL, asked)
    print_hits(hits, as_json=as_json)
