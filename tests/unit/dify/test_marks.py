"""The mark in a knowledge base's description, and its names."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.dify.marks import CONNECTED, PUSHED, Mark, describe, propose_names, read_mark
from codesearch.dify.values import KnowledgeBase, read_knowledge_base

ID = "0123456789abcdef01234567"


def base(description: str, provider: str) -> KnowledgeBase:
    return replace(read_knowledge_base({"id": "1"}), description=description, provider=provider)


@given(st.text(), st.sampled_from([CONNECTED, PUSHED]), st.booleans())
def test_a_mark_is_read_again(name: str, kind: str, is_finished: bool) -> None:
    description = describe(kind, ID, name, is_finished=is_finished)
    assert len(description) <= 400
    provider = "external" if kind == CONNECTED else "vendor"
    assert read_mark(base(description, provider)) == Mark(kind, ID, is_finished)


def test_how_large_the_pieces_are_is_in_the_mark() -> None:
    assert read_mark(base(describe(PUSHED, ID, "x", max_tokens=900), "vendor")) == Mark(PUSHED, ID, True, 900)


@pytest.mark.parametrize(
    ("description", "provider"),
    [
        ("my notes", "vendor"),
        (describe(PUSHED, ID, "x"), "external"),
        (describe(CONNECTED, ID, "x"), "vendor"),
        ("[codesearch pushed 0123]", "vendor"),
    ],
)
def test_what_somebody_else_made_has_none(description: str, provider: str) -> None:
    assert read_mark(base(description, provider)) is None


@given(st.text(min_size=1, max_size=80), st.sets(st.text(max_size=45), max_size=5))
def test_names_are_short_and_new(name: str, taken: set[str]) -> None:
    names = list(propose_names(name, ID, taken))
    assert names
    assert all(1 <= len(item) <= 40 for item in names)
    assert {item.casefold() for item in taken}.isdisjoint(item.casefold() for item in names)


def test_long_names_that_begin_the_same_are_told_apart() -> None:
    first = next(propose_names("a" * 60, "1" * 24, set()))
    second = next(propose_names("a" * 60, "2" * 24, set()))
    assert first != second
    assert next(propose_names("Orders", ID, {"orders"})) == "Orders 012345"
