"""Which files a call means: what people write for paths, extensions and languages becomes one predicate."""

from __future__ import annotations

import pytest

from codesearch.core.predicates import EVERYTHING, And, Comparison, InTest, Not, Operator, Or
from codesearch.tools.filters import MARKDOWN, build_filter, clean_path


def starts(path: str) -> Comparison:
    return Comparison("path", Operator.STARTS_WITH, (path,))


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("src/a.py", "src/a.py"),
        ("./src/", "src/"),
        ("/src", "src"),
        (".//./src", "src"),
        ("src\\net\\a.cs", "src/net/a.cs"),
        (".", ""),
        ("./", ""),
        ("/", ""),
        (".github/workflows", ".github/workflows"),
        ("..", ".."),
        (" a b ", "a b"),
    ],
)
def test_paths_are_from_the_root(written: str, cleaned: str) -> None:
    assert clean_path(written) == cleaned


def test_nothing_asked_leaves_everything_in() -> None:
    assert build_filter() == EVERYTHING
    assert build_filter(paths=["."], extensions=None) == EVERYTHING
    assert build_filter(paths=["src", "."]) == EVERYTHING


def test_each_part_narrows() -> None:
    assert build_filter(["./Src/"]) == starts("src/")
    assert build_filter(["a", "b"]) == Or((starts("a"), starts("b")))
    assert build_filter(extensions=["PY", ".go", "*.rs"]) == Comparison(
        "file_extension", Operator.IN, (".py", ".go", ".rs")
    )
    assert build_filter(["a"], languages=["Python"], exclude_tests=True, exclude_markdown=True) == And(
        (
            starts("a"),
            Comparison("language", Operator.IN, ("python",)),
            Not(Comparison("file_extension", Operator.IN, MARKDOWN)),
            Not(InTest()),
        )
    )
