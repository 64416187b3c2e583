"""What every command gets: the assembly, opened when it is first needed, and options that several share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly, open_assembly
from codesearch.cli import output
from codesearch.cli.garbage import imports_kept
from codesearch.logs import configure_logging

if TYPE_CHECKING:
    from codesearch.tools.tool import ToolContext

as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


class LazyAssembly:
    """Opens the assembly when a command first needs it, so that `--help` needs nothing."""

    def __init__(self, open_assembly: Callable[[], Assembly]) -> None:
        self._open = open_assembly
        self._assembly: Assembly | None = None

    def get(self) -> Assembly:
        """Return the assembly. Raises ConfigurationError."""
        if self._assembly is None:
            self._assembly = self._open()
        return self._assembly

    def close(self) -> None:
        """Close what was opened."""
        if self._assembly is not None:
            self._assembly.close()


def open_logging_assembly(report: Callable[[str], None] = output.print_error) -> Assembly:
    """Open the assembly that the settings describe, and log as they say. Raises ConfigurationError.

    `report` gets a line for what lies in the current folder and does not count.
    """
    with imports_kept():
        assembly = open_assembly(report)
    configure_logging(assembly.settings)
    return assembly


def tool_context_of(assembly: Assembly) -> ToolContext:
    """Return what lookups are asked with: of an index that is placed on another service, they ask that service."""
    # Not by way of the toolbox: with all tools, a search would start a tenth of a second later.
    from codesearch.retrieval.turns import Work
    from codesearch.tools.checkout import observe_checkout
    from codesearch.tools.tool import ToolContext

    return ToolContext(
        principal=LOCAL_PRINCIPAL,
        work=Work(LOCAL_PRINCIPAL.key_id),
        retriever=assembly.retriever,
        catalog=assembly.catalog,
        indexes=assembly.search_indexes,
        settings=assembly.settings,
        observe=observe_checkout,
        peers=assembly.peers,
    )
