"""What ranking adds for what a query says in so many words: the order that comes of it."""

from __future__ import annotations

import pytest

from codesearch.core.predicates import EVERYTHING
from codesearch.retrieval.candidates import find_candidates
from codesearch.retrieval.query.understanding import understand_query
from codesearch.retrieval.ranking import rank
from tests.unit.core.store.indexed_chunks import IndexedChunk
from tests.unit.retrieval.index_rows import QUERY_VECTOR, as_source, index_of, make_row

FILLER = " ".join(f"filler{letter}word" for letter in "abcdefghijklmnopqrstuvwxyz")


def first_of(query: str, rows: list[IndexedChunk]) -> tuple[str, int, list[str]]:
    """Return path, first line and the features that count of the first record."""
    index = index_of(rows)
    terms = understand_query(query, [index])
    found = find_candidates([(as_source(index), EVERYTHING)], terms, QUERY_VECTOR, len(rows))
    first = rank(terms, found, limit=1, explain=True)[0]
    assert first.explanation is not None
    path = index.path_of(int(index.file_of_row[first.row]))
    return path, int(index.start_lines[first.row]), [feature.name for feature in first.explanation.features]


def test_the_row_with_the_phrase_comes_before_those_that_say_more_of_its_words() -> None:
    rows = [
        make_row("lib/files.py", "def open_file(file): return open(file)", symbol="open_file", similarity=0.9),
        make_row("lib/files.py", "def not_open(file): could(open, file)", start=5, symbol="not_open", similarity=0.9),
        make_row("lib/text.py", 'x = 1\nsay("could not open the file")', similarity=0.1),
    ]
    path, _, features = first_of("could not open the file", rows)
    assert path == "lib/text.py"
    assert "phrase" in features


@pytest.mark.parametrize(("query", "line"), [("lib/other.py:35", 31), ("lib/other.py", 1), ("lib.other", 1)])
def test_a_path_finds_the_file_its_head_or_the_line(query: str, line: int) -> None:
    body = "\n".join(["y = 2"] * 10)
    rows = [make_row("lib/other.py", body, start=start, symbol=f"f{start}") for start in (1, 11, 21, 31)]
    rows += [make_row("lib/py.py", f"other py lib\n{body}", symbol="other", similarity=0.9)]
    path, start, features = first_of(query, rows)
    assert (path, start) == ("lib/other.py", line)
    assert "named_file" in features


@pytest.mark.parametrize(
    ("query", "path"), [("Helpers", "lib/a.rb"), ("helpers", "lib/b.rb"), ("Page#helpers", "lib/b.rb")]
)
def test_case_and_qualifier_decide_between_definitions_of_a_name(query: str, path: str) -> None:
    rows = [
        make_row("lib/a.rb", "module Helpers", symbol="Shop.Helpers", kind="class", signature="module Helpers"),
        make_row("lib/b.rb", "def helpers", symbol="Shop.Page.helpers", kind="class", signature="def helpers"),
    ]
    assert first_of(query, rows)[0] == path


def test_tests_and_documents_come_last_for_a_message_unless_its_title_asks_for_them() -> None:
    content = "the session keeps its cookies"
    rows = [
        make_row("tests/test_session.py", content, similarity=0.6),
        make_row("docs/session.md", content, language="markdown", similarity=0.6),
        make_row("src/session.py", content, similarity=0.5),
    ]
    assert first_of(f"Session loses cookies\n\n{FILLER} a test", rows)[0] == "src/session.py"
    assert first_of(f"Test of session cookies\n\n{FILLER}", rows)[0] == "tests/test_session.py"
