"""Calls a tool as every door does, and prints its answer: text for a person, or the object."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from codesearch.assembly import LOCAL_PRINCIPAL
from codesearch.cli.context import LazyAssembly
from codesearch.cli.limits import require_room_to_search
from codesearch.cli.output import print_json, visible
from codesearch.cli.wording import name_at_shell, say_at_shell
from codesearch.core.errors import WrongArgumentError

if TYPE_CHECKING:
    from codesearch.tools.tool import Answer

# `nothing was found` is no failure of the command, but what a script asks for: as grep has it.
NOTHING_FOUND = 1


def call_tool(holder: LazyAssembly, name: str, arguments: Mapping[str, Any]) -> Answer:
    """Return what a tool answers here; what is None or empty counts as left out. Raises what `Toolbox.call` does.

    An argument that is wrong is a UsageError, which calls it as the command does.
    """
    require_room_to_search()
    given = {key: value for key, value in arguments.items() if value not in (None, "", [], ())}
    toolbox = holder.get().toolbox
    try:
        return toolbox.call(name, LOCAL_PRINCIPAL, given, here=Path.cwd())
    except WrongArgumentError as error:
        raise click.UsageError(f"{name_at_shell(error.name)} {error.problem}") from error


def print_answer(answer: Answer, *, as_json: bool) -> None:
    """Print the object, or the text line by line."""
    if as_json:
        print_json(answer.obj)
        return
    # What says how to see more; any other line may be code.
    lines = (say_at_shell(line) if "left out" in line else line for line in answer.rendered.split("\n"))
    print("\n".join(map(visible, lines)))


def print_freshness_warnings(obj: Mapping[str, Any]) -> None:
    """Say on stderr of which data source the index is known to be behind, where the text does not say it."""
    for item in obj.get("freshness", ()):
        for warning in item.get("warnings", ()):
            note(f"warning: {item['data_source']}: {warning}")


def note(message: str) -> None:
    """Print one line on stderr that is no part of the answer."""
    print(f"codesearch: {visible(say_at_shell(message))}", file=sys.stderr)
