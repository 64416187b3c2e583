"""The definitions of a file by its rows, and the identifiers by which they are found again."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.core.index.source_index import SourceIndex
from codesearch.tools.definitions import Definition, find_definitions, list_definitions
from codesearch.tools.lookups.artifacts import identify_place, place_chunk
from tests.unit.tools.indexed_files import index_texts

TEXT = """\
class Client:
    def send(self):
        return 1


def twice():
    return 1


def twice():
    return 2


def long():
""" + "".join(f"    step_{number} = {number}\n" for number in range(60))


@pytest.fixture
def index(tmp_path: Path) -> SourceIndex:
    return index_texts(tmp_path, {"a.py": TEXT, "b.txt": "some text\n"}, max_tokens=60)


def test_pieces_of_one_definition_are_one(index: SourceIndex) -> None:
    assert list_definitions(index.segments[0], 0) == [
        Definition("Client", "class", 1, 3),
        Definition("Client.send", "method", 2, 3),
        Definition("twice", "function", 6, 7),
        Definition("twice", "function", 10, 11),
        Definition("long", "function", 14, 74),
    ]
    assert list_definitions(index.segments[0], 1) == []


def test_a_name_is_found_with_its_case(index: SourceIndex) -> None:
    assert [item.start_line for item in find_definitions(index.segments[0], 0, "twice")] == [6, 10]
    assert find_definitions(index.segments[0], 0, "Twice") == []
    assert find_definitions(index.segments[0], 0, "send") == []


def test_a_record_is_identified_by_what_names_it_alone(index: SourceIndex) -> None:
    found = [identify_place(index, place_chunk("repo", segment.chunk_of(row))) for segment, row in index.rows()]
    assert sorted(set(found)) == [
        "repo::a.py::10-11",
        "repo::a.py::6-7",
        "repo::a.py::Client",
        "repo::a.py::Client.send",
        "repo::a.py::long",
        "repo::b.txt",
    ]
