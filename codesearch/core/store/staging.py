"""Staging files: the rows of one segment on their way into the store, and those that stopped runs left there.

A file is a stream of Arrow batches, each with all rows of some files of the source. Beside it is a list of marks: where
each batch ends, and the CRC-32 of everything before. So what was written is gone on from after a kill.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import pyarrow as pa

from codesearch.core.errors import StoreError
from codesearch.core.index.builder import RowBatch
from codesearch.core.locks import delete_path
from codesearch.core.store.rows import IndexFormat, RowColumns
from codesearch.core.store.schema import batch_to_rows, schema_of, stage_rows, staged_schema_of
from codesearch.core.store.stored_rows import place_rows, to_stored

_SUFFIX, _MARKS_SUFFIX = ".arrow", ".marks"
_READ_BYTES = 1 << 20


class StagedFile:
    """The rows of one staging file, of a segment with this code; `StoreWriter.append` puts them into the store."""

    def __init__(self, path: Path, index_format: IndexFormat, source_id: str, segment: int) -> None:
        self.path = path
        self.source_id = source_id
        self.segment = segment
        self.row_count = 0
        self._batch_count = 0
        self._schema = staged_schema_of(index_format)
        self._stored_schema = schema_of(index_format)

    def reader(self) -> pa.RecordBatchReader:
        """Give what the table keeps of the rows, without holding them in memory."""
        stored = (to_stored(batch, self._stored_schema) for batch in self._read())
        return pa.RecordBatchReader.from_batches(self._stored_schema, stored)

    def scan(self) -> Iterator[RowBatch]:
        """Yield the rows as ChunkStore.scan_rows yields them once they are published."""
        return map(batch_to_rows, self._read())

    def discard(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)
        _marks_of(self.path).unlink(missing_ok=True)

    def _read(self) -> Iterator[pa.RecordBatch]:
        reader = pa.ipc.open_stream(pa.OSFile(str(self.path)))
        for _ in range(self._batch_count):
            yield reader.read_next_batch()


class StagedRows(StagedFile):
    """A staging file that is being written."""

    def __init__(
        self, folder: Path, index_format: IndexFormat, source_id: str, segment: int, commit: str | None
    ) -> None:
        super().__init__(folder / f"{source_id}-{segment}{_SUFFIX}", index_format, source_id, segment)
        self._commit = commit
        self._seen: set[str] = set()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = _MarkedFile(self.path)
            self._writer = pa.ipc.new_stream(pa.PythonFile(self._file, mode="w"), self._schema)
        except OSError as error:
            raise cannot_stage(self.path, error) from error

    def write_columns(self, rows: RowColumns) -> None:
        """Append rows, at least one and all of their files; a row whose document id was staged before is dropped."""
        document_ids = rows.texts["document_id"]
        distinct = set(document_ids)
        if len(distinct) < len(document_ids) or not self._seen.isdisjoint(distinct):
            firsts: dict[str, int] = {}
            for index, document_id in enumerate(document_ids):
                firsts.setdefault(document_id, index)
            rows = rows.take([index for document_id, index in firsts.items() if document_id not in self._seen])
        self._seen |= distinct
        if not len(rows):
            return
        batch = stage_rows(
            rows,
            place_rows(rows),
            source_id=self.source_id,
            segment=self.segment,
            commit=self._commit,
            schema=self._schema,
        )
        try:
            self._writer.write_batch(batch)
            self._file.mark(batch.num_rows)
        except OSError as error:
            raise cannot_stage(self.path, error) from error
        self.row_count += batch.num_rows
        self._batch_count += 1

    def __enter__(self) -> StagedRows:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def discard(self) -> None:
        """Close and delete the file."""
        # On a full disk closing fails like writing did, and that file above all must go.
        with suppress(OSError):
            self._end()
        super().discard()

    def close(self) -> None:
        """Close the file for writing. Raises StoreError."""
        self._seen = set()
        try:
            self._end()
        except OSError as error:
            raise cannot_stage(self.path, error) from error

    def _end(self) -> None:
        if self._file.closed:
            return
        try:
            self._writer.close()
        finally:
            self._file.close()

    def _read(self) -> Iterator[pa.RecordBatch]:
        self.close()
        return super()._read()


class _MarkedFile:
    """A file that is written from its beginning to its end, with marks of how far it is whole."""

    def __init__(self, path: Path) -> None:
        self._file: IO[bytes] = path.open("wb", buffering=0)
        self._marks: IO[bytes] = _marks_of(path).open("wb", buffering=0)
        self._size = 0
        self._checksum = 0

    @property
    def closed(self) -> bool:
        return self._file.closed

    def write(self, data: bytes) -> int:
        left = memoryview(data)
        while left:
            written = self._file.write(left)
            self._checksum = zlib.crc32(left[:written], self._checksum)
            left = left[written:]
        self._size += len(data)
        return len(data)

    def mark(self, row_count: int) -> None:
        self._marks.write(b"%d %d %d\n" % (self._size, self._checksum, row_count))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._marks.close()
        self._file.close()


class LeftRows(StagedFile):
    """What a stopped run left staged, as far as it is whole."""

    def __init__(self, path: Path, index_format: IndexFormat, source_id: str, segment: int) -> None:
        """Read it through. Raises OSError, ValueError."""
        super().__init__(path, index_format, source_id, segment)
        checksum, position = 0, 0
        with path.open("rb") as file:
            for end, expected, row_count in _read_marks(_marks_of(path)):
                while position < end and (data := file.read(min(_READ_BYTES, end - position))):
                    checksum, position = zlib.crc32(data, checksum), position + len(data)
                if position != end or checksum != expected:
                    break
                self._batch_count += 1
                self.row_count += row_count
        if not self._batch_count:
            raise ValueError("nothing of it is whole")
        with pa.OSFile(str(path)) as source:
            if not pa.ipc.open_stream(source).schema.equals(self._schema, check_metadata=True):
                raise ValueError("another format")


def find_left(folder: Path, source_id: str, index_format: IndexFormat) -> list[LeftRows]:
    """Return what stopped runs of a data source left staged, in order; what cannot be read is deleted.

    Raises StoreError.
    """
    found = []
    for path in sorted(folder.glob(f"{source_id}-*")):
        try:
            segment = path.stem.rpartition("-")[2]
            if path.suffix == _SUFFIX and path.is_file() and segment.isascii() and segment.isdigit():
                with suppress(OSError, ValueError, pa.ArrowException):
                    found.append(LeftRows(path, index_format, source_id, int(segment)))
                    continue
            if not (path.suffix == _MARKS_SUFFIX and any(_marks_of(left.path) == path for left in found)):
                delete_path(path)
        except OSError as error:
            raise cannot_stage(path, error) from error
    return sorted(found, key=lambda left: left.segment)


def _marks_of(path: Path) -> Path:
    return path.with_suffix(_MARKS_SUFFIX)


def _read_marks(path: Path) -> Iterator[tuple[int, int, int]]:
    """Yield how far the file is whole, the checksum up to there, and how many rows came last."""
    for line in path.read_bytes().split(b"\n"):
        fields = line.split(b" ")
        if len(fields) != 3 or not all(field.isdigit() for field in fields):
            # The last one may have been cut off; whoever takes its end for a mark finds another checksum.
            return
        end, checksum, row_count = map(int, fields)
        yield end, checksum, row_count


def cannot_stage(path: Path, error: OSError) -> StoreError:
    """Return what to say when a staging file cannot be written."""
    return StoreError(
        f"Cannot write the staging file {path}: {error.strerror or error}. Mend that and run the same again; what was "
        "indexed before goes on answering."
    )
