"""One of a thing is not several: the helper, and that sentences use it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import codesearch
import indexer
from codesearch.core.counts import say_count

FILES = [path for room in (codesearch, indexer) for path in sorted(Path(str(room.__file__)).parent.rglob("*.py"))]
SEVERAL = re.compile(
    r" (?:more )?(?:files|chunks|symbols|lines|records|rows|commits|questions|repositories|folders|matches|sources|"
    r"clients|levels|entries)\b"
)
# The thousand of a limit, and what is only said of several.
BOUNDS = re.compile(r"MAX|limit|LIMIT|SHOWN|most|total|longest|average|BYTES|IGNORE_FILE")


@pytest.mark.parametrize(("number", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (2465, "2,465 files")])
def test_one_and_several(number: int, said: str) -> None:
    assert say_count(number, "file") == said


def test_what_takes_more_than_an_s() -> None:
    assert [say_count(number, "entry is", "entries are") for number in (1, 2)] == ["1 entry is", "2 entries are"]


def counted(file: Path) -> Iterator[str]:
    """Yield each number in a text of a module that is followed by several of something, whatever the number is."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.JoinedStr):
            for value, after in zip(node.values, node.values[1:], strict=False):
                if (
                    isinstance(value, ast.FormattedValue)
                    and isinstance(after, ast.Constant)
                    and isinstance(after.value, str)
                ):
                    code = ast.unparse(value.value)
                    if SEVERAL.match(after.value) and not BOUNDS.search(code):
                        yield f"{code}{after.value}"


def test_no_sentence_counts_one_as_several() -> None:
    assert [(file.name, text) for file in FILES for text in counted(file)] == []
