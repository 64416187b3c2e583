"""`codesearch dify status`: what is connected and pushed, and whether it is up to date."""

from __future__ import annotations

from typing import Any

import click

from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.dify.opening import knowledge_api, list_targets
from codesearch.cli.dify.push import open_documents, plan_one
from codesearch.cli.output import print_json, print_table
from codesearch.core.types import DataSource


@click.command()
@as_json_option
@click.pass_obj
def status(holder: LazyAssembly, as_json: bool) -> None:
    """List the knowledge bases of Dify that lead here or are copies, and say whether they are up to date."""
    from codesearch.dify.connecting import target_ids
    from codesearch.dify.marks import CONNECTED, PUSHED, read_mark

    targets = list_targets(holder)
    by_id = {text: target for target in targets for text in target_ids(target)}
    found: list[dict[str, Any]] = []
    with knowledge_api(holder) as api:
        for base in api.list_knowledge_bases():
            mark = read_mark(base)
            target = by_id.get(mark.source_id if mark is not None else base.knowledge_id)
            if mark is None and target is None:
                continue
            kind = mark.kind if mark is not None else CONNECTED
            state, changes = "its data source is not here any more", 0
            if target is not None:
                state, changes = "connected", 0
                if kind == PUSHED:
                    state, changes = _compare(holder, api, base, target.id)
            if mark is not None and not mark.is_finished:
                state = "not finished: run `codesearch dify connect` again"
            found.append(
                {
                    "kind": kind,
                    "source": target.id if target is not None else mark.source_id if mark is not None else "",
                    "source_name": target.name if target is not None else None,
                    "knowledge_base": base.id,
                    "name": base.name,
                    "made_by": "codesearch" if mark is not None else "somebody in Dify",
                    "documents": base.document_count if kind == PUSHED else None,
                    "endpoint": base.api_endpoint or None,
                    "changes": changes,
                    "state": state,
                }
            )
    if as_json:
        print_json({"knowledge_bases": found})
    elif not found:
        print(
            "No knowledge base of this Dify leads here. `codesearch dify connect` makes them, `codesearch dify push` "
            "makes copies."
        )
    else:
        rows = [
            (item["kind"], item["source_name"] or item["source"], item["name"], item["knowledge_base"], item["state"])
            for item in found
        ]
        print_table(("kind", "source", "knowledge base", "id in Dify", "state"), rows)


def _compare(holder: LazyAssembly, api: Any, base: Any, source_id: str) -> tuple[str, int]:
    """Return how a copy compares with its data source, and how many documents differ."""
    assembly = holder.get()
    source = assembly.catalog.resolve(source_id)
    if not isinstance(source, DataSource) or not assembly.retriever.is_ready(source):
        return "its data source has no finished index", 0
    plan = plan_one(api, assembly, source, base, open_documents(assembly, source, base))
    if plan.write_count:
        return f"{plan.write_count:,} documents differ: run `codesearch dify push {source.name}`", plan.write_count
    if plan.unfinished:
        return f"Dify is indexing {len(plan.unfinished):,} documents", len(plan.unfinished)
    if plan.blocked:
        name, reason = plan.blocked[0]
        return f"{len(plan.blocked):,} documents are left: {name}: {reason}", len(plan.blocked)
    return "up to date", 0
