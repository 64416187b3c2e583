"""Files of arrays: what was written comes back, whole or not at all, and nothing else is taken for it."""

from __future__ import annotations

import errno
import json
import resource
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of
from numpy.typing import NDArray

from codesearch.core.index.array_file import DamagedFileError, map_arrays, verify_arrays, write_arrays

ARRAYS: dict[str, NDArray[Any]] = {
    "words": np.arange(7, dtype=np.uint64),
    "bytes": np.frombuffer(b"\0abc", np.uint8),
    "nothing": np.empty((0, 16), np.int8),
    "flags": np.array([True, False, True]),
    "table": np.arange(12, dtype=np.float32).reshape(3, 4),
}
HEADER = {"layout": 3, "name": "größe"}


@contextmanager
def full_disk() -> Iterator[None]:
    """Let no file grow over a few bytes, as on a disk without room."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def check_same(found: dict[str, NDArray[Any]], expected: dict[str, NDArray[Any]]) -> None:
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_arrays_come_back_as_they_were_and_cannot_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "a.index"
    write_arrays(path, ARRAYS, HEADER)
    found, header = map_arrays(path)
    assert header == HEADER
    check_same(found, ARRAYS)
    for array in found.values():
        assert not array.flags.writeable
        assert array.ctypes.data % 64 == 0 or not array.size


@settings(max_examples=50)
@given(
    st.dictionaries(
        st.text(max_size=5),
        arrays_of.arrays(
            st.sampled_from([np.int8, np.uint16, np.int32, np.uint64, np.float32, np.bool_]),
            arrays_of.array_shapes(min_dims=1, max_dims=2, min_side=0, max_side=70),
        ),
        max_size=4,
    ),
    st.booleans(),
)
def test_any_arrays_come_back(
    tmp_path_factory: pytest.TempPathFactory, arrays: dict[str, NDArray[Any]], turned: bool
) -> None:
    path = tmp_path_factory.mktemp("any") / "a.index"
    given_arrays = {name: array.T if turned else array for name, array in arrays.items()}
    write_arrays(path, given_arrays, {})
    found, header = map_arrays(path)
    assert header == {}
    check_same(found, {name: np.ascontiguousarray(array) for name, array in given_arrays.items()})


def test_the_same_arrays_are_the_same_bytes(tmp_path: Path) -> None:
    write_arrays(tmp_path / "a", ARRAYS, HEADER)
    write_arrays(tmp_path / "b", ARRAYS, HEADER)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_who_has_a_file_open_keeps_it(tmp_path: Path) -> None:
    path = tmp_path / "a.index"
    write_arrays(path, ARRAYS, HEADER)
    found, _ = map_arrays(path)
    write_arrays(path, {"other": np.zeros(5000)}, {})
    check_same(found, ARRAYS)
    assert map_arrays(path)[0].keys() == {"other"}
    path.unlink()
    check_same(found, ARRAYS)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.index"
    write_arrays(path, ARRAYS, HEADER)
    with full_disk(), pytest.raises(OSError) as caught:
        write_arrays(path, {"large": np.ones(100_000)}, HEADER)
    assert caught.value.errno == errno.EFBIG
    assert [item.name for item in tmp_path.iterdir()] == ["a.index"]
    check_same(map_arrays(path)[0], ARRAYS)


def test_a_header_that_is_no_json_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_arrays(tmp_path / "a.index", ARRAYS, {"when": object()})
    assert list(tmp_path.iterdir()) == []


def test_writers_at_the_same_time_do_not_mix(tmp_path: Path) -> None:
    """The last one wins; a reader sees one of them, whole."""
    path = tmp_path / "a.index"
    errors: list[BaseException] = []
    done = threading.Event()
    write_arrays(path, {"numbers": np.zeros(50_000, np.int64)}, {"writer": 0})

    def write(number: int) -> None:
        try:
            for _ in range(15):
                write_arrays(path, {"numbers": np.full(50_000 + number, number)}, {"writer": number})
        except BaseException as error:
            errors.append(error)

    def read() -> None:
        try:
            while not done.is_set():
                arrays, header = map_arrays(path)
                assert (arrays["numbers"] == header["writer"]).all()
                assert len(arrays["numbers"]) == 50_000 + header["writer"]
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(1, 4)]
    reader = threading.Thread(target=read)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert errors == []
    assert [item.name for item in tmp_path.iterdir()] == ["a.index"]


def test_a_truncated_file_is_recognised_wherever_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.index"
    write_arrays(path, ARRAYS, HEADER)
    whole = path.read_bytes()
    for size in range(len(whole)):
        path.write_bytes(whole[:size])
        with pytest.raises(DamagedFileError, match=r"a\.index"):
            map_arrays(path)
    path.write_bytes(whole + b"\0")
    with pytest.raises(DamagedFileError):
        map_arrays(path)
    path.write_bytes(whole)
    check_same(map_arrays(path)[0], ARRAYS)


def with_head(head: object) -> bytes:
    raw = head if isinstance(head, bytes) else json.dumps(head).encode()
    start = b"CSINDEX2" + len(raw).to_bytes(8, "little") + zlib.crc32(raw).to_bytes(8, "little") + raw
    return start + bytes(-len(start) % 64)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 4096,
        b"SQLite format 3\0" + b"\0" * 100,
        b"CSINDEX2",
        b"CSINDEX2" + b"\xff" * 8 + b"{}",
        with_head(b"\xff\xfe{"),
        with_head([]),
        with_head({}),
        with_head({"bytes": 0}),
        with_head({"bytes": "0"}),
        with_head({"bytes": 0, "arrays": []}),
        with_head({"bytes": 0, "arrays": {}}),
        with_head({"bytes": 0, "arrays": {}, "header": 5}),
        with_head({"bytes": 0, "arrays": {"a": {}}, "header": {}}),
        with_head({"bytes": 0, "arrays": {"a": {"dtype": "|u1", "shape": [1], "offset": 0}}, "header": {}}),
        with_head({"bytes": 0, "arrays": {"a": {"dtype": "|u1", "shape": [1], "offset": -500}}, "header": {}}),
        with_head({"bytes": 0, "arrays": {"a": {"dtype": "|O", "shape": [1], "offset": 0}}, "header": {}}),
        with_head({"bytes": 0, "arrays": {"a": {"dtype": "what", "shape": [1], "offset": 0}}, "header": {}}),
        with_head({"bytes": 0, "arrays": {"a": 5}, "header": {}}),
    ],
)
def test_a_foreign_file_is_recognised(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.index"
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=r"a\.index"):
        map_arrays(path)


def test_every_flipped_bit_is_recognised_by_reading_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "a.index"
    write_arrays(path, ARRAYS, HEADER)
    verify_arrays(path)
    whole = path.read_bytes()
    head_bytes = 24 + int.from_bytes(whole[8:16], "little")
    spans = [(0, head_bytes), *_spans_of(whole, head_bytes)]
    for place in [place for start, end in spans for place in range(start, end, 7)]:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(DamagedFileError, match=r"a\.index"):
            verify_arrays(path)


def _spans_of(whole: bytes, head_bytes: int) -> list[tuple[int, int]]:
    """Return where the arrays begin and end; between them is nothing that anybody reads."""
    first = -(-head_bytes // 64) * 64
    places = json.loads(whole[24:head_bytes])["arrays"].values()
    spans = [(first + place["offset"], int(np.prod(place["shape"])), place["dtype"]) for place in places]
    return [(start, start + count * np.dtype(kind).itemsize) for start, count, kind in spans]


def test_a_missing_file_and_a_folder_are_what_they_are(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        map_arrays(tmp_path / "a.index")
    with pytest.raises(OSError):
        map_arrays(tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OSError):
        write_arrays(tmp_path / "file" / "a.index", ARRAYS, HEADER)
