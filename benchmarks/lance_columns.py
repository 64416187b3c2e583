"""How many bytes each column takes in the data files of a Lance table (format 2): read from the files' own footers."""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

# Where the columns' metadata lie, where the table of their positions, of the global buffers, how many of each, version.
_FOOTER = struct.Struct("<QQQIIHH4s")
_POSITION = struct.Struct("<QQ")
_VARINT, _FIXED_64, _BYTES, _FIXED_32 = 0, 1, 2, 5
# Numbers of fields in Lance's messages: FileDescriptor.schema, Schema.fields, Field.name; ColumnMetadata.pages and
# .buffer_sizes, Page.buffer_sizes.
_SCHEMA, _FIELDS, _NAME = 1, 1, 2
_PAGES, _COLUMN_BUFFER_SIZES, _PAGE_BUFFER_SIZES = 2, 4, 2


def measure_columns(table_folder: Path) -> Counter[str]:
    """Return the bytes of each column over all data files of a table; lists of a fixed size count as one column."""
    sizes: Counter[str] = Counter()
    for path in sorted((table_folder / "data").glob("*.lance")):
        sizes.update(_measure_file(path.read_bytes()))
    return sizes


def _measure_file(data: bytes) -> dict[str, int]:
    _, column_table, global_table, _, column_count, *_, magic = _FOOTER.unpack(data[-_FOOTER.size :])
    if magic != b"LANC":
        raise ValueError("this is no Lance file")
    position, size = _POSITION.unpack_from(data, global_table)
    (schema,) = _messages(data[position : position + size], _SCHEMA)
    names = [_messages(field, _NAME)[0].decode() for field in _messages(schema, _FIELDS)]
    places = [_POSITION.unpack_from(data, column_table + _POSITION.size * number) for number in range(column_count)]
    return {
        name: _bytes_of_column(data[start : start + length])
        for name, (start, length) in zip(names, places, strict=True)
    }


def _bytes_of_column(metadata: bytes) -> int:
    pages = _messages(metadata, _PAGES)
    return _sum_numbers(metadata, _COLUMN_BUFFER_SIZES) + sum(_sum_numbers(page, _PAGE_BUFFER_SIZES) for page in pages)


def _messages(data: bytes, number: int) -> list[bytes]:
    return [value for found, value in _fields(data) if found == number and isinstance(value, bytes)]


def _sum_numbers(data: bytes, number: int) -> int:
    """Return the sum of a repeated number, packed or not."""
    return sum(
        value if isinstance(value, int) else sum(_varints(value)) for found, value in _fields(data) if found == number
    )


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of each field of a protobuf message."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == _VARINT:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        size = {_FIXED_64: 8, _FIXED_32: 4}.get(kind, 0)
        if kind == _BYTES:
            size, place = _varint(data, place)
        yield key >> 3, data[place : place + size]
        place += size


def _varints(data: bytes) -> Iterator[int]:
    place = 0
    while place < len(data):
        value, place = _varint(data, place)
        yield value


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, place
