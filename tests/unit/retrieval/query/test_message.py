"""Taking long texts apart: title, prose, and what code says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from codesearch.retrieval.query.message import MAX_TITLE_CHARACTERS, read_message

ISSUE = """Session is lost after a redirect

<!-- Please read the guide first -->
### What happened
- [x] I have searched the issues
The cookie jar is empty, see https://example.org/issues/1 for more.
**Steps to reproduce**
```python
session = make_session(keep_cookies=True)
print("plain words here")
ValueError: jar is empty
```
It worked before.
"""


def test_an_issue_has_a_title_prose_and_what_its_code_names() -> None:
    message = read_message(ISSUE)
    assert message.title == "Session is lost after a redirect"
    assert "The cookie jar is empty" in message.prose
    assert "It worked before." in message.prose
    for noise in ("guide", "searched", "example.org", "Steps", "happened", "session ="):
        assert noise not in message.prose
    assert "make_session" in message.code
    assert "keep_cookies" in message.code
    assert "ValueError: jar is empty" in message.code
    assert "plain words" not in message.code


def test_a_paragraph_has_no_title() -> None:
    text = "word " * 100
    assert read_message(text).title == ""
    assert read_message("x" * (MAX_TITLE_CHARACTERS + 1) + "\nmore").title == ""
    assert read_message(text).prose == text.strip()


def test_a_block_that_is_not_closed_goes_to_the_end() -> None:
    message = read_message("Title\nprose\n~~~\nnot_prose = 1")
    assert (message.prose, message.code) == ("prose", "not_prose")


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["```", "~~~", "<!--", "-->", "\n", "# a", "**b**", "x"])).map("".join)
)
def test_any_text_is_accepted(text: str) -> None:
    message = read_message(text)
    assert len(message.title) <= MAX_TITLE_CHARACTERS
    assert "\n" not in message.title
