"""Files, modules and lines that a query names."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.retrieval.query.places import MAX_PLACES, Place, find_places


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("src/app/client.py", Place("src/app/client.py")),
        ("see src/app/client.py:120 please", Place("src/app/client.py", 120)),
        ("src/app/client.py:120:7: error", Place("src/app/client.py", 120)),
        ("lib/client.js#L12", Place("lib/client.js", 12)),
        ("at run (/home/me/lib/client.js:12:30)", Place("home/me/lib/client.js", 12)),
        ("at org.example.Client.run(Client.java:301)", Place("client.java", 301)),
        ("client.rb:12:in `run'", Place("client.rb", 12)),
        ("client.py, line 7", Place("client.py", 7)),
        (r"C:\work\App\Client.cs(14,3)", Place("work/app/client.cs", 14)),
        (
            'File "/usr/lib/python3/site-packages/app/client.py", line 31, in run',
            Place("usr/lib/python3/site-packages/app/client.py", 31),
        ),
        ("./client.go", Place("client.go")),
        ("Makefile.am", Place("makefile.am")),
        ("app.net.client", Place("app/net/client", is_module=True)),
        ("what does app.net.Client do", Place("app/net/client", is_module=True)),
        ("std::vec::Vec", Place("std/vec/vec", is_module=True)),
        ("src/app/client", Place("src/app/client", is_module=True)),
    ],
)
def test_a_place_is_found(text: str, place: Place) -> None:
    assert place in find_places(text)


@pytest.mark.parametrize("text", ["", "how is a call retried", "e. g. 12.5 or 1.2.3", "a - b / c"])
def test_plain_words_are_no_places(text: str) -> None:
    assert find_places(text) == []


def test_frames_of_a_python_traceback_come_innermost_first() -> None:
    text = 'Traceback:\n  File "/a/outer.py", line 1, in f\n  File "/a/inner.py", line 2, in g\nValueError: no'
    assert [place.path for place in find_places(text)][:2] == ["a/outer.py", "a/inner.py"][::-1]


@given(st.text(max_size=200) | st.text(alphabet="ab./:\\#(1 \"',", max_size=200))
def test_any_text_is_accepted(text: str) -> None:
    places = find_places(text)
    assert len(places) == len(set(places)) <= MAX_PLACES
    assert all(place.path and place.path == place.path.lower() for place in places)


def test_long_texts_of_signs_take_no_longer_than_their_length() -> None:
    for sign in ("a/", "a.", "@", "+", "~", "/a", "\\", "a::", 'File "', "a.b:1", "-.", ".."):
        started = time.process_time()
        find_places((sign * 32_768)[:32_768])
        # Linear it is some 50 ms; with the square of the length it was 9 s.
        assert time.process_time() - started < 3, sign
