"""What may stand in the code as it is: quoted words, lines, and the runs that are looked up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.retrieval.query.phrases import (
    MAX_RUNS,
    Phrase,
    cut_runs,
    find_phrases,
    find_phrases_of_message,
    reads_like_error,
)


def words_of(text: str) -> list[str]:
    return [" ".join(phrase.words) for phrase in find_phrases(text)]


def test_a_line_of_a_few_words_is_a_phrase() -> None:
    assert words_of("Could not open the file") == ["could not open the file"]
    assert words_of("retry limit reached") == []


def test_in_quotation_marks_two_words_will_do() -> None:
    for quoted in ('"retry limit"', "'retry limit'", "`retry limit`"):
        assert words_of(f"who says {quoted} here") == ["retry limit", "who says retry limit here"]
    assert words_of('who says "retry" here then') == ["who says retry here then"]


def test_an_apostrophe_is_no_quotation_mark() -> None:
    assert words_of("it isn't the client's fault at all") == ["it isn t the client s fault at all"]


def test_words_are_told_apart_by_signs_and_lose_their_case() -> None:
    assert words_of("could-not open: FILE_NAME %s") == ["could not open file name s"]


def test_of_a_message_quotes_and_errors_are_phrases() -> None:
    text = "Title of it all\n\nIt goes on about this and that.\nValueError: the limit was 3\nHere is `a quoted part`."
    found = [" ".join(phrase.words) for phrase in find_phrases_of_message("Title of it all", text)]
    assert found == ["title of it all", "a quoted part", "valueerror the limit was 3"]


def test_runs_overlap_and_short_phrases_are_one() -> None:
    runs = cut_runs([Phrase(("a", "b", "c", "d", "e")), Phrase(("x", "y"))])
    assert [(run.words, run.phrase, run.start) for run in runs] == [
        (("a", "b", "c", "d"), 0, 0),
        (("b", "c", "d", "e"), 0, 1),
        (("x", "y"), 1, 0),
    ]


@given(st.text(max_size=300) | st.lists(st.sampled_from("a b c ' \" ` \n error".split(" "))).map(" ".join))
def test_any_text_is_accepted(text: str) -> None:
    phrases = find_phrases(text)
    runs = cut_runs(phrases)
    distinct = {(run.words, run.phrase if phrases[run.phrase].has_values else None) for run in runs}
    assert len(runs) == len(distinct) <= MAX_RUNS
    for run in runs:
        assert run.words == phrases[run.phrase].words[run.start : run.start + phrases[run.phrase].run_words]
    assert find_phrases_of_message("", text) is not None


@pytest.mark.parametrize(
    ("line", "does"),
    [
        ("ValueError: invalid literal for int() with base 10: 'x'", True),
        ("cannot open settings.toml", True),
        ("Property [size] does not have the expected size.", True),
        ("panic: runtime error: index out of range [3] with length 3", True),
        ("how are errors handled in client.py", False),
        ("What does 'cannot open' mean?", False),
        ("fix the error in json_decoder", False),
        ("error handling of requests", False),
        ("format_error and error handling for invalid strings", False),
        ("v3 compatibility error types and ZodError", False),
        ("retry a request after 3 seconds", False),
        ("", False),
    ],
)
def test_lines_that_read_like_error_messages(line: str, does: bool) -> None:
    assert reads_like_error(line) is does
