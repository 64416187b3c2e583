"""The files of a data source as the store's rows have them: how many rows each has, and which are superseded.

A run adds the new rows of a file before it deletes the old ones: in between, and after a kill, the newest count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from codesearch.core.store.quoting import quote


@dataclass(frozen=True, slots=True)
class FilesOfSource:
    """rows: how many rows each path has, superseded ones among them. newest: of each path that has rows of several
    segments, the highest segment code.
    """

    rows: Mapping[str, int]
    newest: Mapping[str, int]

    @classmethod
    def read(cls, batches: Iterable[pa.RecordBatch]) -> FilesOfSource:
        """Read batches with `path` and `segment`."""
        rows: dict[str, int] = {}
        newest: dict[str, int] = {}
        several: set[str] = set()
        for batch in batches:
            groups = pa.table({"path": batch.column("path"), "segment": batch.column("segment")}).group_by(
                ["path", "segment"]
            )
            for group in groups.aggregate([([], "count_all")]).to_pylist():
                path, segment = group["path"], group["segment"]
                rows[path] = rows.get(path, 0) + group["count_all"]
                if newest.setdefault(path, segment) != segment:
                    several.add(path)
                    newest[path] = max(newest[path], segment)
        return cls(rows, {path: newest[path] for path in several})

    def parts(self, part_rows: int) -> Iterator[str]:
        """Yield conditions, each for about `part_rows` rows of whole files; together they are all."""
        paths = sorted(self.rows)
        start, count = "", 0
        for path in paths:
            if count and count + self.rows[path] > part_rows:
                yield f"{start} AND path < {quote(path)}"
                start, count = f" AND path >= {quote(path)}", 0
            count += self.rows[path]
        yield start


def drop_superseded(batch: pa.RecordBatch, newest: Mapping[str, int]) -> pa.RecordBatch:
    """Return the rows of a batch but for those of a file that newer ones are there of."""
    if not newest:
        return batch
    pairs = zip(batch.column("path").to_pylist(), batch.column("segment").to_pylist(), strict=True)
    kept = [row for row, (path, segment) in enumerate(pairs) if newest.get(path, segment) == segment]
    return batch if len(kept) == batch.num_rows else batch.take(pa.array(kept, pa.int64()))
