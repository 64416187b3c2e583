"""Lines of a later version carried back to an earlier one, and the definitions that they lie in."""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.core.types import ArtifactKind, Chunk
from indexer.history.changes import (
    Change,
    Hunk,
    SymbolLines,
    carry_back,
    changed_ranges,
    parse_diff,
    read_diff,
    to_ranges,
)
from indexer.source.git import Git
from tests.unit.indexer.conftest import Repository

numbers = st.lists(st.integers(0, 30), unique=True, max_size=25)


def hunks_of(old: list[int], new: list[int]) -> list[Hunk]:
    """Return the changes as git counts them without context."""
    found = []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag != "equal":
            found.append(Hunk(i1 + (i2 > i1), i2 - i1, j1 + (j2 > j1), j2 - j1))
    return found


def test_git_counts_as_these_tests_do(make_repository: Callable[..., Repository]) -> None:
    repository = make_repository()
    versions = ([1, 2, 3, 4, 5, 6], [0, 1, 3, 40, 41, 5, 6, 7], [9])
    ids = [repository.commit({"a.txt": "".join(f"{number}\n" for number in version)}) for version in versions]
    git = Git(repository.path / ".git", display="here")
    for number in range(2):
        read = read_diff(git, ids[number], ids[number + 1], ["a.txt"])
        assert read == {"a.txt": hunks_of(list(versions[number]), list(versions[number + 1]))}


@given(numbers, numbers)
def test_a_line_that_stayed_is_found_where_it_was(earlier: list[int], later: list[int]) -> None:
    since = hunks_of(earlier, later)
    kept = {
        new
        for tag, _, _, j1, j2 in SequenceMatcher(None, earlier, later, autojunk=False).get_opcodes()
        if tag == "equal"
        for new in range(j1 + 1, j2 + 1)
    }
    for line in range(1, len(later) + 1):
        change = carry_back([Hunk(line, 1, line, 1)], since)
        if line in kept:
            assert change.lines == (earlier.index(later[line - 1]) + 1,)
        else:
            assert all(1 <= earlier_line <= len(earlier) for earlier_line in change.lines)
            assert all(earlier[earlier_line - 1] not in [later[k - 1] for k in kept] for earlier_line in change.lines)


def test_an_insertion_lies_between_two_lines() -> None:
    assert carry_back([Hunk(4, 0, 5, 3)], []) == Change((), (4,))
    assert carry_back([Hunk(0, 0, 1, 3)], []) == Change((), (0,))
    # Behind lines that came since, there are no lines for it in the earlier version.
    assert carry_back([Hunk(4, 0, 5, 3)], [Hunk(2, 0, 3, 4)]) == Change((), ())
    assert carry_back([Hunk(9, 0, 10, 3)], [Hunk(2, 0, 3, 4)]) == Change((), (5,))


def test_a_removed_line_of_dashes_is_no_header() -> None:
    patch = (
        b"diff --git a/q.sql b/q.sql\n--- a/q.sql\n+++ b/q.sql\n@@ -3,2 +3 @@ x\n--- old\n--- b/c\n+++ new\n"
        b"@@ -9 +8,0 @@\n-gone\n\\ No newline at end of file\n"
        b"diff --git a/gone.py b/gone.py\n--- a/gone.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        b"diff --git a/with space.py b/with space.py\n--- a/with space.py\t\n+++ b/with space.py\t\n"
        b"@@ -1 +1 @@\n-x\n+y\n"
        b'diff --git "a/q\\".py" "b/q\\".py"\n--- "a/q\\".py"\n+++ "b/q\\".py"\n@@ -1 +1 @@\n-x\n+y\n'
    )
    assert parse_diff(patch) == {
        "q.sql": [Hunk(3, 2, 3, 1), Hunk(9, 1, 8, 0)],
        "gone.py": [Hunk(1, 1, 0, 0)],
        "with space.py": [Hunk(1, 1, 1, 1)],
    }


def chunk(start: int, end: int, symbol: str | None) -> Chunk:
    content = "\n".join("x" for _ in range(start, end + 1))
    kind = ArtifactKind.SYMBOL if symbol else ArtifactKind.CHUNK
    return Chunk("a.py", start, end, content, kind, symbol=symbol)


CHUNKS = [
    chunk(1, 3, None),
    chunk(5, 20, "Cart"),
    chunk(8, 12, "Cart.add"),
    chunk(14, 18, "Cart.total"),
    chunk(22, 23, "f"),
]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (Change((9,), ()), ["Cart.add"]),
        (Change((6, 9, 15, 16), ()), ["Cart", "Cart.add", "Cart.total"]),
        (Change((1, 2, 4, 21), ()), []),
        (Change((), (10,)), ["Cart.add"]),
        (Change((), (12,)), []),
        (Change((), (6,)), ["Cart"]),
        (Change((), (20,)), []),
        (Change((22,), (0,)), ["f"]),
    ],
)
def test_the_innermost_definition_is_the_one_touched(change: Change, names: list[str]) -> None:
    assert [symbol.name for symbol in SymbolLines(CHUNKS).touched(change)] == names


def test_a_definition_owns_the_lines_that_no_inner_one_has() -> None:
    (cart,) = SymbolLines(CHUNKS).touched(Change((6,), ()))
    assert cart.ranges == ((5, 7), (13, 13), (19, 20))
    assert SymbolLines([]).touched(Change((1,), (1,))) == []


def test_ranges_join_neighbours() -> None:
    assert to_ranges([5, 1, 2, 3, 5, 9]) == ((1, 3), (5, 5), (9, 9))
    changes = {"b.py": Change((3, 4), ()), "a.py": Change((), (0, 7))}
    assert changed_ranges(changes) == (("a.py", 1, 1), ("a.py", 7, 8), ("b.py", 3, 4))
