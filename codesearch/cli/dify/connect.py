"""`codesearch dify connect`: makes the external knowledge bases by which Dify asks here."""

from __future__ import annotations

import click

from codesearch.cli.completion import complete_sources
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.dify.opening import (
    choose_targets,
    dry_run_option,
    is_dify_id,
    knowledge_api,
    list_targets,
    permission_option,
)
from codesearch.cli.output import print_json, print_table
from codesearch.cli.sources import all_option

_DONE = {"create": "created", "update": "updated", "leave": "as it is"}
_PLANNED = {"create": "would be created", "update": "would be updated", "leave": "as it is"}


@click.command()
@click.argument("named", nargs=-1, metavar="[SOURCE]...", shell_complete=complete_sources)
@all_option
@click.option("--api-id", metavar="ID", help="Dify's external knowledge API to use, where there are several.")
@click.option(
    "--top-k", type=click.IntRange(1, 100), help="Records that Dify asks for; the default of a new base is 10."
)
@click.option(
    "--score-threshold", type=click.FloatRange(0, 1), help="Records with a lower score are left out; 0 turns it off."
)
@permission_option
@dry_run_option
@as_json_option
@click.pass_obj
def connect(
    holder: LazyAssembly,
    named: tuple[str, ...],
    everything: bool,
    api_id: str | None,
    top_k: int | None,
    score_threshold: float | None,
    permission: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Make a knowledge base in Dify for each SOURCE, by which Dify asks codesearch.

    Dify's external knowledge API, with the address of `codesearch serve` and a key, has to be there: its id is read
    from the first knowledge base that uses it, which a person makes in Dify. What is connected already is left as it
    is, but for what the options say. With --all: every repository that has an index, and every workspace.
    """
    from codesearch.dify.connecting import Wishes, carry_out, choose_api, plan_connections, target_ids

    if api_id is not None and not is_dify_id(api_id):
        raise click.UsageError(
            f"{api_id!r} is no id of an external knowledge API in Dify. Without --api-id it is read from a knowledge "
            "base that somebody has connected by hand."
        )
    targets = choose_targets(holder, named, everything=everything)
    known = frozenset().union(*(target_ids(target) for target in list_targets(holder)))
    wishes = Wishes(top_k, score_threshold, permission)
    done = []
    with knowledge_api(holder) as api:
        bases = api.list_knowledge_bases()
        chosen_api = choose_api(bases, api_id, known)
        for step in plan_connections(bases, targets, chosen_api, wishes):
            base = step.base if dry_run else carry_out(api, step, chosen_api, wishes)
            done.append(
                {
                    "action": step.action,
                    "source": step.target.id,
                    "source_name": step.target.name,
                    "knowledge_base": base.id if base is not None else None,
                    "name": base.name if base is not None else step.name,
                    "retrieval": wishes.retrieval_for(step.base),
                }
            )
    if as_json:
        print_json({"api_id": chosen_api, "dry_run": dry_run, "connections": done})
        return
    words = _PLANNED if dry_run else _DONE
    rows = [
        (str(item["source_name"]), str(item["name"]), str(item["knowledge_base"] or ""), words[str(item["action"])])
        for item in done
    ]
    print_table(("source", "knowledge base", "id in Dify", ""), rows)
    if not dry_run and any(item["action"] == "create" for item in done) and permission is None:
        print("In Dify, only the owner of the workspace sees new ones; `--permission all_team_members` changes that.")
