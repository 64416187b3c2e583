"""Examples: indexed where nothing else is, by `make` and a first run, and removed together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from codesearch.assembly import Assembly
from codesearch.cli.index import index_targets
from codesearch.cli.targets import Target
from codesearch.core.errors import ConfigurationError
from codesearch.core.examples import EXAMPLES_FILE, EXAMPLES_WORKSPACE, find_examples, note_examples
from codesearch.core.types import DataSource, SourceState, Workspace

if TYPE_CHECKING:
    from indexer.workers.processes import ForkServer


def index_examples(
    assembly: Assembly, folder: Path, *, as_json: bool, forked_workers: ForkServer | None = None
) -> None:
    """Index each folder in this one, or bring it up to date, and group them.

    Raises ConfigurationError where the catalog has anything else: nobody looks for examples among their own code.
    """
    folders = list_folders(folder)
    own = [source.name for source in list_others(assembly, folders)]
    if own:
        more = f" and {len(own) - 3} more" if len(own) > 3 else ""
        raise ConfigurationError(
            f"Examples are indexed only where nothing else is; here is {', '.join(own[:3])}{more}. "
            "Name what is to be indexed: `codesearch index SOURCE`, `make index REPO=SOURCE`."
        )
    if not folders:
        raise ConfigurationError(f"There is no folder in {folder} to be indexed as an example.")
    index_as_examples(assembly, folders, as_json=as_json, forked_workers=forked_workers)


def list_folders(folder: Path) -> list[Path]:
    """Return the folders in this one that are not hidden, resolved, in name order."""
    return sorted(path.resolve() for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def list_others(assembly: Assembly, folders: Sequence[Path]) -> list[DataSource]:
    """Return the data sources that are neither examples nor one of these folders."""
    catalog = assembly.catalog
    sources = catalog.list_sources()
    places = {str(path) for path in folders}
    known = find_examples(assembly.settings.data_dir, sources, catalog.resolve(EXAMPLES_WORKSPACE))
    examples = {source.id for source in known}
    return [source for source in sources if source.id not in examples and source.location not in places]


def index_as_examples(
    assembly: Assembly,
    folders: Sequence[Path],
    *,
    only_missing: bool = False,
    as_json: bool = False,
    forked_workers: ForkServer | None = None,
) -> None:
    """Index these folders, or those of them that have no index yet, note them as examples, and group them.

    One that fails does not keep the others away. Raises SourceError when any did, ConfigurationError.
    """
    catalog = assembly.catalog
    known = {source.location: source.state for source in catalog.list_sources()}
    wanted = [str(path) for path in folders]
    if only_missing:
        wanted = [place for place in wanted if known.get(place) is not SourceState.READY]
    try:
        targets = [Target(place) for place in wanted]
        index_targets(assembly, targets, as_json=as_json, forked_workers=forked_workers)
    finally:
        places = {str(path) for path in folders}
        indexed = [source.id for source in catalog.list_sources() if source.location in places]
        _note(assembly, indexed)
        if wanted and len(indexed) > 1 and catalog.resolve(EXAMPLES_WORKSPACE) is None:
            catalog.create_workspace(EXAMPLES_WORKSPACE, indexed)


def _note(assembly: Assembly, source_ids: Sequence[str]) -> None:
    try:
        note_examples(assembly.settings.data_dir, source_ids)
    except OSError as error:
        path = assembly.settings.data_dir / EXAMPLES_FILE
        raise ConfigurationError(f"The list of examples {path} cannot be written: {error.strerror}.") from error


def find_removable_examples(assembly: Assembly) -> tuple[list[DataSource], Workspace | None]:
    """Return the examples, in name order, and their workspace where it holds nothing else."""
    catalog = assembly.catalog
    group = catalog.resolve(EXAMPLES_WORKSPACE)
    examples = find_examples(assembly.settings.data_dir, catalog.list_sources(), group)
    ids = {source.id for source in examples}
    is_theirs = isinstance(group, Workspace) and {member.id for member in group.members} <= ids
    return examples, group if is_theirs and isinstance(group, Workspace) else None
