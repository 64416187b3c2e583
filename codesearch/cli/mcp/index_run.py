"""The process that brings one folder's index up to date while the engine answers from the last one."""

from __future__ import annotations

from codesearch.cli.index import index_targets
from codesearch.cli.index_child import run_child
from codesearch.cli.programs import lower_priority
from codesearch.cli.targets import Target


def main(source: str, subdir: str = "", is_waited_for: str = "", branch: str = "") -> None:
    """Index a source and exit with 0, or with 1 after one line on stderr; ends when stdin does.

    Unless somebody waits for it (`is_waited_for` not empty), others go first.
    """
    if not is_waited_for:
        lower_priority()
    target = Target(source, branch or None, subdir or None)
    run_child(lambda assembly, forked: index_targets(assembly, [target], as_json=True, forked_workers=forked))
