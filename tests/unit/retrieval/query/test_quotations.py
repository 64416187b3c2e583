"""Which queries are a quotation, and which texts hold it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.retrieval.query.quotations import OTHER_CASE, find_quotation


@pytest.mark.parametrize(
    ("query", "quoted"),
    [
        ('"retry"', "retry"),
        ('  "max retries"\n', "max retries"),
        ("“max retries”", "max retries"),
        ('"self._send("', "self._send("),
        ('"a\r\nb"', "a\r\nb"),
        ('"&&"', "&&"),
        ('"x"', None),
        ('"  x "', None),
        ('""', None),
        ('"', None),
        ("max retries", None),
        ("'max retries'", None),
        ('what does "max retries" do', None),
        ('"name": "value"', None),
        (f'"{"a" * 5_000}"', None),
    ],
)
def test_a_query_that_is_one_text_in_double_quotes(query: str, quoted: str | None) -> None:
    found = find_quotation(query)
    assert (found.text if found is not None else None) == quoted


@pytest.mark.parametrize(
    ("content", "worth"),
    [("# Max Retries: 3", 1.0), ("MAX\tRetries max retries", OTHER_CASE), ("max\nretries", 0.0), ("", 0.0)],
)
def test_a_text_holds_it_as_it_is_written_or_in_other_case(content: str, worth: float) -> None:
    quotation = find_quotation('"Max Retries"')
    assert quotation is not None
    assert quotation.weigh(content.encode()) == worth


@given(st.text())
def test_any_query_is_read(text: str) -> None:
    quotation = find_quotation(text)
    if quotation is not None:
        assert quotation.weigh(f"a {quotation.text} b".encode("utf-8", "replace")) == 1.0
