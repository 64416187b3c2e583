"""Which data sources are examples: what a first run indexed by itself, so that one command can take it out again.

Kept as a list of ids beside the catalog: neither names nor places tell an example from what a person indexed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from pathlib import Path

from codesearch.core.trust import write_private_file
from codesearch.core.types import DataSource, Workspace

logger = logging.getLogger(__name__)

EXAMPLES_FILE = "examples.json"
# What the workspace of all examples is called.
EXAMPLES_WORKSPACE = "examples"
# Where `make` has them; members of that workspace from before the list was kept are known by it.
_FIXTURES = ("fixtures", "repos")


def note_examples(data_dir: Path, source_ids: Collection[str]) -> None:
    """Add data sources to the list of examples. Raises OSError."""
    known = _read(data_dir)
    wanted = known | set(source_ids)
    if wanted != known:
        write_private_file(data_dir / EXAMPLES_FILE, json.dumps(sorted(wanted)).encode() + b"\n")


def find_examples(
    data_dir: Path, sources: Collection[DataSource], group: DataSource | Workspace | None
) -> list[DataSource]:
    """Return those of the data sources that are examples, in the order given; `group` is what is called `examples`."""
    known = _read(data_dir)
    members = {member.id for member in group.members} if isinstance(group, Workspace) else set()
    return [
        source
        for source in sources
        if source.id in known or (source.id in members and Path(source.location).parts[-3:-1] == _FIXTURES)
    ]


def _read(data_dir: Path) -> set[str]:
    path = data_dir / EXAMPLES_FILE
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        return set()
    except (OSError, ValueError) as error:
        logger.warning("the list of examples %s cannot be read: %s", path, error)
        return set()
    return {item for item in value if isinstance(item, str)} if isinstance(value, list) else set()
