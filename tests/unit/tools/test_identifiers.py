"""Identifiers are read as they are made, also of names, paths and symbols that hold the separator."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.tools.identifiers import (
    Reading,
    identify_file,
    identify_lines,
    identify_symbol,
    read_identifier,
    read_lines,
)

# A colon beside the separator leaves it open which two are meant; names and paths end in none.
PARTS = st.text("ab:./ -", max_size=8).map(lambda text: text.strip(": ")).filter(bool)


@given(PARTS, PARTS, PARTS)
def test_every_identifier_that_is_made_is_among_its_readings(repository: str, path: str, symbol: str) -> None:
    assert Reading(repository, path, None) in read_identifier(identify_file(repository, path))
    assert Reading(repository, path, symbol) in read_identifier(identify_symbol(repository, path, symbol))
    (reading,) = [
        reading
        for reading in read_identifier(identify_lines(repository, path, 3, 14))
        if reading == Reading(repository, path, "3-14")
    ]
    assert reading.tail is not None
    assert read_lines(reading.tail) == (3, 14)


def test_a_longer_path_is_tried_first() -> None:
    assert read_identifier("repo::src/a::b.py::C.d") == [
        Reading("repo", "src/a::b.py::C.d", None),
        Reading("repo", "src/a::b.py", "C.d"),
        Reading("repo", "src/a", "b.py::C.d"),
        Reading("repo::src/a", "b.py::C.d", None),
        Reading("repo::src/a", "b.py", "C.d"),
        Reading("repo::src/a::b.py", "C.d", None),
    ]


@pytest.mark.parametrize("text", ["", "src/a.py", "::", "::a", "repo::"])
def test_what_is_none_has_no_reading(text: str) -> None:
    assert read_identifier(text) == []


@pytest.mark.parametrize(
    ("tail", "lines"),
    [
        ("3-14", (3, 14)),
        ("3", (3, 3)),
        ("14-3", None),
        ("0-3", None),
        ("3-", None),
        ("Client.retry", None),
        ("9" * 30, None),
    ],
)
def test_lines_of_a_tail(tail: str, lines: tuple[int, int] | None) -> None:
    assert read_lines(tail) == lines
