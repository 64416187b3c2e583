"""What all index runs of a data source came to: counted as each ends, for rows of runs are kept for a while only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple, dataclass

from sqlalchemy import Connection, bindparam, insert, select, update

from codesearch.core.catalog.schema import data_sources, index_runs, run_totals
from codesearch.core.catalog.sources import CatalogPart

_AMOUNTS = (
    run_totals.c.finished_runs,
    run_totals.c.failed_runs,
    run_totals.c.files,
    run_totals.c.chunks,
    run_totals.c.seconds,
)
_SELECT_RUN = select(
    index_runs.c.source_id,
    index_runs.c.files_done,
    index_runs.c.chunks_done,
    index_runs.c.started_at,
    index_runs.c.finished_at,
).where(index_runs.c.id == bindparam("run"))
_ADD = (
    update(run_totals)
    .where(run_totals.c.source_id == bindparam("source"))
    .values({column.name: column + bindparam(f"more_{column.name}") for column in _AMOUNTS})
)
_BEGIN = insert(run_totals)


@dataclass(frozen=True, slots=True)
class RunTotals:
    """How many runs ended well or not, files and chunks that they did, and the seconds that all took.

    A run that found nothing to do and changed nothing is none, nor is one that was killed.
    """

    finished: int = 0
    failed: int = 0
    files: int = 0
    chunks: int = 0
    seconds: float = 0.0

    def __add__(self, other: RunTotals) -> RunTotals:
        return RunTotals(*(own + more for own, more in zip(astuple(self), astuple(other), strict=True)))


class TotalsCatalog(CatalogPart):
    """Totals of index runs. Those of a removed data source stay, so that sums only ever grow."""

    def read_run_totals(self) -> Mapping[str, RunTotals]:
        """Return the totals by the ids of data sources, also of such as were removed."""
        with self._database.reading() as connection:
            rows = connection.execute(select(run_totals.c.source_id, *_AMOUNTS)).all()
        return {row[0]: RunTotals(*row[1:]) for row in rows}

    def list_removed_ids(self) -> frozenset[str]:
        """Return the ids of the data sources that had a run that changed something, and were removed."""
        statement = select(run_totals.c.source_id).where(run_totals.c.source_id.not_in(select(data_sources.c.id)))
        with self._database.reading() as connection:
            return frozenset(connection.execute(statement).scalars())


def count_run(connection: Connection, run_id: int, *, has_failed: bool) -> None:
    """Add a run that has just ended to the totals of its data source."""
    source_id, files, chunks, started_at, finished_at = connection.execute(_SELECT_RUN, {"run": run_id}).one()
    seconds = max(0.0, (finished_at - started_at).total_seconds())
    amounts = (int(not has_failed), int(has_failed), files, chunks, seconds)
    more = {f"more_{column.name}": amount for column, amount in zip(_AMOUNTS, amounts, strict=True)}
    if connection.execute(_ADD, {"source": source_id, **more}).rowcount == 0:
        first = {column.name: amount for column, amount in zip(_AMOUNTS, amounts, strict=True)}
        connection.execute(_BEGIN, {"source_id": source_id, **first})
