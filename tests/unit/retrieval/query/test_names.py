"""Names of code as they are written."""

from __future__ import annotations

import pytest

from codesearch.retrieval.query.names import find_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("where is Client::maxRetry set", ["Client.maxRetry"]),
        ("does Queue:drain_all block, or Queue.Stop?", ["Queue.drain_all", "Queue.Stop"]),
        ("Page#render", ["Page.render"]),
        ("Helpers", ["Helpers"]),
        ("save!", ["save", "save!"]),
        ("note:this is plain", []),
    ],
)
def test_names_keep_their_case_and_qualifiers(text: str, names: list[str]) -> None:
    assert find_names(text, 64) == names


def test_no_more_are_returned_than_wanted() -> None:
    assert find_names("aB bC cD dE", 2) == ["aB", "bC"]
