"""Fetching published files: what was cut off is gone on with, what is not what was published is refused."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from codesearch.core.index.array_file import DamagedFileError
from codesearch.core.index.fetching import fetch_files, is_whole
from codesearch.core.index.objects import StoredObject
from codesearch.core.index.publication import (
    PART_BYTES,
    SharedFile,
    describe_file,
    digest_of,
    read_publication,
    write_publication,
)


class FolderObjects:
    """Objects in a folder of this machine; remembers which parts were read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.read_parts: list[int] = []

    def list(self, folder: str) -> list[StoredObject]:
        raise NotImplementedError

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def open(self, name: str) -> FolderReader:
        return FolderReader(self, (self.folder / name).read_bytes())

    def write(self, name: str, data: bytes) -> None:
        raise NotImplementedError

    def upload(self, name: str, path: Path) -> None:
        raise NotImplementedError

    def delete(self, names: Iterable[str]) -> None:
        raise NotImplementedError

    def delete_folder(self, folder: str) -> None:
        raise NotImplementedError


class FolderReader:
    def __init__(self, objects: FolderObjects, data: bytes) -> None:
        self._objects = objects
        self._data = data

    def read_at(self, offset: int, size_bytes: int) -> bytes:
        self._objects.read_parts.append(offset // PART_BYTES)
        return self._data[offset : offset + size_bytes]


CONTENT = b"".join(bytes([number]) * PART_BYTES for number in (1, 2)) + b"the end"


@pytest.fixture
def shared(tmp_path: Path) -> tuple[FolderObjects, SharedFile]:
    (tmp_path / "bucket").mkdir()
    path = tmp_path / "bucket" / "chunks_a-1-0.segment"
    path.write_bytes(CONTENT)
    file = describe_file(path)
    path.rename(path.with_name(file.object_name))
    return FolderObjects(tmp_path / "bucket"), file


def test_a_file_comes_whole(shared: tuple[FolderObjects, SharedFile], tmp_path: Path) -> None:
    objects, file = shared
    fetch_files(objects, ".", [file], tmp_path / "here")
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["chunks_a-1-0.segment"]
    assert (tmp_path / "here" / file.name).read_bytes() == CONTENT
    assert sorted(objects.read_parts) == [0, 1, 2]
    assert is_whole(tmp_path / "here" / file.name, file, only_size=False)


def test_what_was_cut_off_is_gone_on_with(shared: tuple[FolderObjects, SharedFile], tmp_path: Path) -> None:
    objects, file = shared
    here = tmp_path / "here"
    here.mkdir()
    (here / f".{file.object_name}.part").write_bytes(CONTENT[:PART_BYTES] + bytes(100))
    fetch_files(objects, ".", [file], here)
    assert (here / file.name).read_bytes() == CONTENT
    assert sorted(objects.read_parts) == [1, 2]


def test_what_is_not_what_was_published_gets_no_name(shared: tuple[FolderObjects, SharedFile], tmp_path: Path) -> None:
    objects, file = shared
    place = objects.folder / file.object_name
    place.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(DamagedFileError, match=r"chunks_a-1-0\..*part at 16777216"):
        fetch_files(objects, ".", [file], tmp_path / "here")
    assert not (tmp_path / "here" / file.name).exists()
    place.write_bytes(CONTENT)
    fetch_files(objects, ".", [file], tmp_path / "here")
    assert (tmp_path / "here" / file.name).read_bytes() == CONTENT


def test_a_file_of_the_right_size_may_be_another(shared: tuple[FolderObjects, SharedFile], tmp_path: Path) -> None:
    _, file = shared
    path = tmp_path / file.name
    path.write_bytes(bytes(len(CONTENT)))
    assert is_whole(path, file, only_size=True)
    assert not is_whole(path, file, only_size=False)
    assert not is_whole(tmp_path / "missing", file, only_size=True)


def test_a_publication_says_what_it_was_made_of(shared: tuple[FolderObjects, SharedFile]) -> None:
    _, file = shared
    assert read_publication(write_publication([file])) == [file]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'{"layout": 2, "files": []}',
        write_publication([SharedFile("../other", "x", 1, (digest_of(b"x"),))]),
        write_publication([SharedFile("name", "x/y", 1, (digest_of(b"x"),))]),
        write_publication([SharedFile(".name", "x", 1, (digest_of(b"x"),))]),
        write_publication([SharedFile("name", "x", PART_BYTES + 1, (digest_of(b"x"),))]),
    ],
)
def test_what_is_no_publication_is_refused(data: bytes) -> None:
    with pytest.raises(DamagedFileError):
        read_publication(data)
