"""The process that brings one folder's index up to date while the engine answers from the last one."""

from __future__ import annotations

import sys

from codesearch.cli import output
from codesearch.cli.context import open_logging_assembly
from codesearch.cli.index import Target, index_targets
from codesearch.cli.mcp.programs import end_with, lower_priority
from codesearch.core.errors import CodesearchError


def main(source: str, subdir: str = "", is_first: str = "") -> None:
    """Index a folder and exit with 0, or with 1 after one line on stderr; ends when stdin does.

    Nobody waits for it unless it is the first run (`is_first` not empty): others go first.
    """
    if not is_first:
        lower_priority()
    try:
        _index(source, subdir)
    except KeyboardInterrupt:
        sys.exit(1)
    except CodesearchError as error:
        output.print_error(error.message)
        sys.exit(1)


def _index(source: str, subdir: str) -> None:
    # The engine has said what does not count.
    assembly = open_logging_assembly(lambda _: None)
    from indexer.workers.pool import fork_workers

    # Before the first thread: a process with threads cannot be forked.
    with fork_workers(assembly.settings) as forked:
        end_with(sys.stdin.fileno())
        try:
            index_targets(assembly, [Target(source, subdir=subdir or None)], as_json=True, forked_workers=forked)
        finally:
            assembly.close()
