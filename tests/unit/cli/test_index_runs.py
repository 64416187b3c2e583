"""Two index runs at a time look as if they came one after the other, and end with whoever waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import pytest

from codesearch.cli.index_runs import Runs
from tests.patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    from indexer.pipeline import IndexReport, Progress


class Shown:
    """Keeps what is shown, a line each."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    @contextmanager
    def show(self, name: str) -> Iterator[Progress]:
        yield _Lines(name, self.lines)


class _Lines:
    def __init__(self, name: str, lines: list[str]) -> None:
        self._name = name
        self._lines = lines

    def start(self, phase: str, total: int | None = None) -> None:
        self._lines.append(f"{self._name}: {phase}" + (f" {total}" if total is not None else ""))

    def advance(self, files: int, chunks: int, skipped: int) -> None:
        self._lines.append(f"{self._name}: {files} {chunks} {skipped}")


def runs_of(targets: list[str], index: Callable[[str, Progress], object]) -> Runs[str]:
    """Return runs whose reports are whatever `index` returns."""
    return Runs(targets, cast("Callable[[str, Progress], IndexReport]", index))


def wait_for(event: threading.Event) -> None:
    assert event.wait(PATIENCE_SECONDS)


def test_the_next_run_works_while_one_is_published_and_all_is_shown_in_order() -> None:
    has_read = {name: threading.Event() for name in "abc"}

    def index(name: str, progress: Progress) -> str:
        progress.start("reading")
        progress.start("indexing", 7)
        progress.advance(1, 2, 3)
        progress.advance(4, 5, 6)
        has_read[name].set()
        if name == "a":
            wait_for(has_read["b"])
        progress.start("publishing")
        return f"report of {name}"

    shown = Shown()
    with runs_of(["a", "b", "c"], index) as runs:
        reports: list[Any] = [runs.next_report(shown.show(name)) for name in "abc"]
    assert reports == ["report of a", "report of b", "report of c"]
    phases = ["reading", "indexing 7", "publishing"]
    assert [line for line in shown.lines if line[3:] in phases] == [f"{n}: {phase}" for n in "abc" for phase in phases]


def test_what_a_run_says_before_its_turn_is_shown_then() -> None:
    is_done = threading.Event()

    def index(name: str, progress: Progress) -> str:
        progress.start("indexing", 7)
        if name == "a":
            wait_for(is_done)
            return name
        progress.advance(1, 2, 3)
        progress.advance(4, 5, 6)
        is_done.set()
        return name

    shown = Shown()
    with runs_of(["a", "b"], index) as runs:
        for name in "ab":
            runs.next_report(shown.show(name))
    assert shown.lines == ["a: indexing 7", "b: indexing 7", "b: 4 5 6"]


def test_a_run_begins_once_the_one_before_knows_its_files() -> None:
    """So that of two sources with one name the first gets it."""
    named: list[str] = []

    def index(name: str, progress: Progress) -> str:
        progress.start("reading")
        threading.Event().wait(0.05 if name in "ac" else 0)
        named.append(name)
        progress.start("indexing", 1)
        return name

    with runs_of(list("abcd"), index) as runs:
        for name in "abcd":
            runs.next_report(Shown().show(name))
    assert named == list("abcd")


def test_a_run_that_must_wait_begins_when_the_one_before_has_ended() -> None:
    at_work: set[str] = set()
    together: set[frozenset[str]] = set()
    others_are_read = threading.Event()

    def index(name: str, progress: Progress) -> str:
        at_work.add(name)
        progress.start("indexing", 1)
        if name == "b":
            others_are_read.set()
        if name == "a":
            wait_for(others_are_read)
        threading.Event().wait(0.05)
        together.add(frozenset(at_work))
        at_work.discard(name)
        return name

    runs = Runs(
        ["a", "b", "B", "c"],
        cast("Callable[[str, Progress], IndexReport]", index),
        must_wait=lambda name, before: name.lower() == before.lower(),
    )
    with runs:
        for name in ("a", "b", "B", "c"):
            runs.next_report(Shown().show(name))
    assert frozenset("ab") in together
    assert not any({"b", "B"} <= names for names in together)


def test_a_run_of_what_is_known_does_not_wait_for_the_files_of_the_one_before() -> None:
    has_begun = {name: threading.Event() for name in "ab"}

    def index(name: str, progress: Progress) -> str:
        has_begun[name].set()
        # Neither knows its files yet.
        wait_for(has_begun["a"])
        wait_for(has_begun["b"])
        return name

    runs = Runs(["a", "b"], cast("Callable[[str, Progress], IndexReport]", index), is_known=lambda name: True)
    with runs:
        found: list[Any] = [runs.next_report(Shown().show(name)) for name in "ab"]
    assert found == ["a", "b"]


def test_a_run_that_fails_before_it_knows_its_files_keeps_nobody_waiting() -> None:
    def index(name: str, progress: Progress) -> str:
        if name == "a":
            raise ValueError("no such place")
        return name

    with runs_of(["a", "b"], index) as runs:
        with pytest.raises(ValueError, match="no such place"):
            runs.next_report(Shown().show("a"))
        report: Any = runs.next_report(Shown().show("b"))
    assert report == "b"


@pytest.mark.parametrize("waits_for", ["the files of the one before", "nothing"])
def test_who_is_interrupted_interrupts_the_runs(waits_for: str) -> None:
    ended: list[str] = []
    is_at_work = threading.Event()

    def index(name: str, progress: Progress) -> str:
        try:
            while True:
                progress.start("indexing", 1 if waits_for == "nothing" else None)
                is_at_work.set()
                threading.Event().wait(0.01)
        except KeyboardInterrupt:
            ended.append(name)
            raise

    @contextmanager
    def interrupted() -> Iterator[Progress]:
        wait_for(is_at_work)
        raise KeyboardInterrupt
        yield

    with pytest.raises(KeyboardInterrupt), runs_of(["a", "b", "c"], index) as runs:
        runs.next_report(interrupted())
    assert "a" in ended
    assert "c" not in ended


def test_who_waits_for_the_others_has_the_field_alone() -> None:
    at_work: set[str] = set()
    may_end = threading.Event()

    def index(name: str, progress: Progress) -> str:
        at_work.add(name)
        progress.start("indexing", 1)
        if name == "b":
            wait_for(may_end)
        at_work.discard(name)
        return name

    with runs_of(["a", "b", "c"], index) as runs:
        runs.next_report(Shown().show("a"))
        may_end.set()
        runs.wait_for_others()
        assert at_work == set()
        assert [cast("Any", runs.next_report(Shown().show(name))) for name in "bc"] == ["b", "c"]
