"""The marked part of a file of rules: put there once, brought up to date in its place, taken out without a trace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.mcp.clients.rules import RULES, drop_rules, put_rules

HEAD = "---\nalwaysApply: true\n---\n\n"
texts = st.lists(st.sampled_from(["a", " ", "\n", "#", "-", "<!-- note -->"]), max_size=12).map("".join)


@given(texts, st.sampled_from(["\n", "\r\n"]))
def test_rules_are_put_in_once_and_leave_what_others_wrote(text: str, line_end: str) -> None:
    text = text.replace("\n", line_end)
    with_rules = put_rules(text)
    assert with_rules.replace("\r\n", "\n").count(RULES) == 1
    assert put_rules(with_rules) == with_rules
    assert with_rules.startswith(text.rstrip() if text.strip() else "<!--")
    assert drop_rules(with_rules).rstrip() == (text.rstrip() if text.strip() else "")


def test_older_rules_are_replaced_where_they_stand() -> None:
    old = "# Ours\n\n<!-- codesearch: begin (older) -->\nold\n<!-- codesearch: end -->\n\n## More\n"
    new = put_rules(old)
    assert new.index("# Ours") < new.index(RULES) < new.index("## More")
    assert "old\n" not in new
    assert drop_rules(new) == "# Ours\n\n## More\n"


@pytest.mark.parametrize("head", ["", HEAD])
def test_a_file_of_our_own_is_empty_without_the_rules(head: str) -> None:
    assert put_rules("", head).startswith(f"{head}<!-- codesearch: begin")
    assert drop_rules(put_rules("", head), head) == ""


def test_without_rules_nothing_is_dropped() -> None:
    assert drop_rules("# Ours\n") == "# Ours\n"
