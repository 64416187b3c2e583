"""What every command gets: the assembly, opened when it is first needed, and options that several share."""

from __future__ import annotations

from collections.abc import Callable

import click

from codesearch.assembly import Assembly, open_assembly
from codesearch.cli import output
from codesearch.cli.garbage import imports_kept
from codesearch.logs import configure_logging

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
