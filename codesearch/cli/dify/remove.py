"""`codesearch dify remove`: takes out of Dify what `connect` and `push` made there."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from codesearch.cli.answers import note
from codesearch.cli.completion import complete_sources
from codesearch.cli.context import LazyAssembly, as_json_option
from codesearch.cli.dify.opening import INCOMPLETE, knowledge_api, list_targets
from codesearch.cli.output import print_json, visible
from codesearch.core.errors import DifyRefusedError, NotFoundError

_KINDS = ("connected", "pushed")


@click.command()
@click.argument("named", nargs=-1, metavar="[SOURCE]...", shell_complete=complete_sources)
@click.option("--all", "everything", is_flag=True, help="Of every data source and workspace that is here.")
@click.option("--kind", type=click.Choice(_KINDS), help="Only what `connect` made, or only what `push` made.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@as_json_option
@click.pass_context
def remove(
    context: click.Context, named: tuple[str, ...], everything: bool, kind: str | None, yes: bool, as_json: bool
) -> None:
    """Delete the knowledge bases that were made in Dify for each SOURCE: a name, an id, or a knowledge base's name.

    Knowledge bases that a person made are never deleted, nor the external knowledge API. One that an app uses stays
    until the app does not.
    """
    if bool(named) == everything:
        raise click.UsageError("Name each SOURCE, or say --all.")
    from codesearch.dify.marks import read_mark

    holder: LazyAssembly = context.obj
    targets = list_targets(holder)
    names = {target.id: target.name for target in targets}
    with knowledge_api(holder) as api:
        marked = [(base, mark) for base in api.list_knowledge_bases() if (mark := read_mark(base)) is not None]
        chosen = [
            (base, mark)
            for base, mark in marked
            if kind in {None, mark.kind}
            and (
                mark.source_id in names
                if everything
                else {mark.source_id, base.name, base.id, names.get(mark.source_id, "")} & set(named)
            )
        ]
        if not everything:
            _require_known(
                named, [{base.name, base.id, mark.source_id, names.get(mark.source_id, "")} for base, mark in chosen]
            )
        if not yes and chosen:
            _confirm([f"{base.name!r} ({mark.kind})" for base, mark in chosen])
        removed, kept = [], {}
        for base, _ in chosen:
            try:
                api.delete_knowledge_base(base.id)
                removed.append(base.name)
            except DifyRefusedError as error:
                if error.status != 409:
                    raise
                kept[base.name] = "an app uses it: take it out of the app first"
    if as_json:
        print_json({"removed": removed, "kept": kept})
    else:
        print(
            visible("\n".join(f"Removed {name!r} from Dify." for name in removed)).replace("\\x0a", "\n")
            or "There is nothing to remove."
        )
        for name, reason in kept.items():
            note(f"{name!r} stays: {reason}.")
    if kept:
        context.exit(INCOMPLETE)


def _require_known(named: Sequence[str], chosen: Sequence[set[str]]) -> None:
    """Raise NotFoundError for a name that is nothing in Dify, before anything is deleted."""
    for text in named:
        if not any(text in words for words in chosen):
            raise NotFoundError(f"Nothing was made in Dify for {text!r}. `codesearch dify status` lists what was.")


def _confirm(shown: Sequence[str]) -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError(f"This deletes {', '.join(shown)} in Dify; say --yes.")
    click.confirm(visible(f"Delete {', '.join(shown)} in Dify?"), abort=True, err=True)
