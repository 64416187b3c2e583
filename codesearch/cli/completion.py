"""Shell completion: click's own scripts, and what may stand for SOURCE."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from codesearch.core.catalog.catalog import Catalog

# The variable by which click's scripts ask the program, for a program of this name.
_PROGRAM = "codesearch"
_VARIABLE = "_CODESEARCH_COMPLETE"
SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", metavar="SHELL", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what SHELL needs to complete commands, options and the names of data sources.

    \b
    eval "$(codesearch completion bash)"                                        in ~/.bashrc
    eval "$(codesearch completion zsh)"                                         in ~/.zshrc
    codesearch completion fish > ~/.config/fish/completions/codesearch.fish     once
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    root = context.find_root().command
    if kind is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    print(kind(root, {}, _PROGRAM, _VARIABLE).source())


def complete_sources(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of data sources and workspaces that begin so; nothing where they cannot be had."""
    return complete_names(incomplete, with_workspaces=True)


def complete_repositories(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of data sources that begin so."""
    return complete_names(incomplete, with_workspaces=False)


def complete_workspaces(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of workspaces that begin so."""
    return complete_names(incomplete, with_workspaces=True, with_sources=False)


def complete_groups(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of groups that begin so."""
    return _complete(incomplete, lambda catalog: [group.name for group in catalog.list_groups()])


def complete_organisations(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of organisations that begin so."""
    return _complete(incomplete, lambda catalog: [item.name for item in catalog.list_organisations()])


def complete_names(incomplete: str, *, with_workspaces: bool, with_sources: bool = True) -> list[CompletionItem]:
    """Return what begins so, in name order. A shell that waits for a list gets an empty one, not an error."""

    def list_names(catalog: Catalog) -> list[str]:
        names = [source.name for source in catalog.list_sources()] if with_sources else []
        return names + ([workspace.name for workspace in catalog.list_workspaces()] if with_workspaces else [])

    return _complete(incomplete, list_names)


def _complete(incomplete: str, list_names: Callable[[Catalog], list[str]]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    from codesearch.assembly import open_assembly
    from codesearch.core.errors import CodesearchError

    try:
        assembly = open_assembly(lambda _: None)
        if not assembly.has_catalog():
            return []
        names = list_names(assembly.catalog)
        assembly.close()
    except CodesearchError:
        return []
    folded = incomplete.casefold()
    return [CompletionItem(name) for name in names if name.casefold().startswith(folded)]
