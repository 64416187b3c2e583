"""Heals a damaged table of a local store: keeps the rows that can be read, and sets the rest aside."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa

from codesearch.core.errors import StoreError
from codesearch.core.store.checksums import Checksums
from codesearch.core.store.chunk_store import ChunkStore
from codesearch.core.store.damage import to_line
from codesearch.core.store.quoting import quote

logger = logging.getLogger(__name__)

_HEALED = "healed_"
_UNREADABLE = ".damaged"
_COPIED_ROWS = 4096


def heal_table(store: ChunkStore, table_name: str, source_ids: Iterable[str]) -> dict[str, int]:
    """Put a table of the readable rows in the place of a damaged one; return how many each data source has in it.

    The damaged one is kept beside it as TABLE.damaged-N. For the holder of the writers' lock. Raises StoreError.
    """
    folder = store.table_folder(table_name)
    if folder is None:
        raise StoreError(f"The vector store at {store.uri} is no folder on this machine: heal it where it is.")
    try:
        # What is known to be wrong must not be read: a flipped bit looks like a value.
        for path in Checksums(folder).find_damage():
            path.rename(path.with_name(path.name + _UNREADABLE))
        healed = f"{_HEALED}{table_name}"
        counts = _copy_rows(store, table_name, healed, source_ids)
        aside = _free_name(folder)
        folder.rename(aside)
        if counts:
            folder.with_name(f"{healed}.lance").rename(folder)
        Checksums(folder).update()
    except OSError as error:
        raise StoreError(f"The damaged table {folder} cannot be set aside: {error.strerror or error}.") from error
    logger.warning("the damaged table of the vector store is kept as %s", aside)
    return counts


def _copy_rows(store: ChunkStore, table_name: str, healed: str, source_ids: Iterable[str]) -> dict[str, int]:
    """Write the rows that can be read to a table of their own: all of them, or those of each source that has all."""
    table = _open_oldest_way(store, table_name)
    place = store.table_folder(healed)
    if place is not None:
        shutil.rmtree(place, ignore_errors=True)
    if table is None:
        return {}
    with suppress(Exception):
        return _copy(store, healed, table.schema, [table.search()])
    if place is not None:
        shutil.rmtree(place, ignore_errors=True)
    readable = []
    for source_id in sorted(set(source_ids)):
        where = f"data_source_id = {quote(source_id)}"
        try:
            for _ in _batches(table.search().where(where)):
                pass
            readable.append(table.search().where(where))
        except Exception as error:
            logger.warning("the rows of %s cannot be read: %s", source_id, to_line(error))
    return _copy(store, healed, table.schema, readable) if readable else {}


def _open_oldest_way(store: ChunkStore, table_name: str) -> Any:
    """Open the table, at an older version where the newest cannot be read; None where none can."""
    folder = store.table_folder(table_name)
    manifests = sorted((folder / "_versions").glob("*.manifest")) if folder is not None else []
    for manifest in [None, *manifests]:
        if manifest is not None:
            manifest.rename(manifest.with_name(manifest.name + _UNREADABLE))
        try:
            return store.open_table(table_name)
        except Exception as error:
            logger.info("%s cannot be opened: %s", table_name, to_line(error))
    return None


def _copy(store: ChunkStore, healed: str, schema: pa.Schema, searches: list[Any]) -> dict[str, int]:
    counts: dict[str, int] = {}

    def batches() -> Iterator[pa.RecordBatch]:
        for search in searches:
            for batch in _batches(search):
                for pair in batch.column("data_source_id").value_counts().to_pylist():
                    counts[pair["values"]] = counts.get(pair["values"], 0) + pair["counts"]
                yield batch.select(schema.names).cast(schema)

    store.create_any(healed, pa.RecordBatchReader.from_batches(schema, batches()))
    return counts


def _batches(search: Any) -> Iterator[pa.RecordBatch]:
    return iter(search.limit(2**31 - 1).to_batches(_COPIED_ROWS))


def _free_name(folder: Path) -> Path:
    number = 1
    while (aside := folder.with_name(f"{folder.stem}.damaged-{number}")).exists():
        number += 1
    return aside
