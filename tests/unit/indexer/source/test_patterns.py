"""Patterns of paths: as git reads them, and in bounded time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.source.patterns import IgnoreRules, PatternList, parse_pattern, parse_patterns
from tests.unit.indexer.conftest import Repository


@pytest.mark.parametrize(
    ("pattern", "path", "is_folder", "matches"),
    [
        ("*.py", "a/b.py", False, True),
        ("*.py", "a/b.pyc", False, False),
        ("b.py", "a/b.py", False, True),
        ("/b.py", "a/b.py", False, False),
        ("a/b.py", "a/b.py", False, True),
        ("a/b.py", "x/a/b.py", False, False),
        ("**/b.py", "x/a/b.py", False, True),
        ("a/**/b.py", "a/b.py", False, True),
        ("a/**/b.py", "a/x/y/b.py", False, True),
        ("a/**", "a/x/y", False, True),
        ("a/**", "a", True, False),
        ("a/*", "a/x/y", False, False),
        ("build/", "build", False, False),
        ("build/", "x/build", True, True),
        ("[a-c]?.txt", "bx.txt", False, True),
        ("[!a-c]?.txt", "bx.txt", False, False),
        ("[^a-c]?.txt", "dx.txt", False, True),
        ("\\*.txt", "*.txt", False, True),
        ("\\*.txt", "a.txt", False, False),
        ("\\#x", "#x", False, True),
        ("a/**/b/**/c", "a/b/x/b/y/c", False, True),
        ("a/**/b/**/c", "a/x/y/c", False, False),
    ],
)
def test_matching(pattern: str, path: str, is_folder: bool, matches: bool) -> None:
    parsed = parse_pattern(pattern)
    assert parsed is not None
    assert parsed.matches(path, is_folder=is_folder) is matches


@pytest.mark.parametrize("line", ["", "   ", "# comment", "/", "x" * 501])
def test_lines_that_mean_nothing(line: str) -> None:
    assert parse_pattern(line) is None


def test_rules_agree_with_git(make_repository: Callable[..., Repository]) -> None:
    origin = make_repository()
    rules = "build\n*.tmp\n!important.tmp\n/docs/**/draft-*\nfoo/*\n!foo/bar/\n**/gen/\na[!b]c\n/x/y\n!deep/in.tmp\n"
    nested = "!build\nimportant.tmp\n/own\n"
    paths = (
        "build/x sub/build a.tmp important.tmp docs/a/b/draft-1.md docs/draft-2.md docs/final.md foo/x foo/bar/y "
        "a/gen/z gen sub/important.tmp sub/own sub/deep/own abc/f acc/f x/y/z w/x/y deep/in.tmp"
    ).split()
    for path in paths:
        (origin.path / path).parent.mkdir(parents=True, exist_ok=True)
        (origin.path / path).write_text("x")
    (origin.path / ".gitignore").write_text(rules)
    (origin.path / "sub" / ".gitignore").write_text(nested)
    kept = set(origin.git("ls-files", "--others", "--exclude-standard").splitlines())
    ours = IgnoreRules([*parse_patterns(rules), *parse_patterns(nested, "sub/")])
    decided = {path: ours.find(path) for path in paths}
    assert {path for path, line in decided.items() if line is None or line.is_negated} == kept & set(paths)


def test_a_list_speaks_of_what_is_below(tmp_path: Path) -> None:
    found = PatternList(["/lib/own/", " *.rs ", "", "#x"])
    assert found.find("lib/own/a/b.py")
    assert found.find("a/b.rs")
    assert not found.find("lib/other/b.py")
    assert found.may_hold("lib")
    assert not found.may_hold("li")
    assert not PatternList([])


@pytest.mark.parametrize(
    "pattern", ["*a" * 60 + "b", "a/" + "**/a/" * 60 + "b", "[" * 200, "*?" * 100 + "z", "**/" * 150]
)
def test_every_pattern_comes_to_an_end(pattern: str) -> None:
    """Each of these would keep a matcher that tries every way busy for longer than anybody waits."""
    parsed = parse_pattern(pattern)
    if parsed is not None:
        for path in ("a" * 2000, "a/" * 500 + "a"):
            assert not parsed.matches(path, is_folder=False)
