"""Freshening: who waits, for what, how long, and what is said of the rest. Places and refreshes are given here."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from codesearch.core.errors import SearchAbandonedError, SourceError, TooManyRequestsError
from codesearch.core.types import DataSource
from codesearch.retrieval import freshening
from codesearch.retrieval.freshening import Freshener, Refresh, State


def source(number: int, commit: str | None = "old", *, is_paused: bool = False) -> DataSource:
    name = f"s{number}"
    return DataSource(f"{number:024x}", name, "repository", f"https://x/{name}", commit=commit, is_paused=is_paused)


@dataclass
class Work:
    """A refresh that is over after so many looks."""

    looks: int
    why: str | None = None

    def is_over(self) -> bool:
        self.looks -= 1
        return self.looks < 0

    def failure(self) -> str | None:
        return self.why


@dataclass
class World:
    """Remotes, refreshes, and a clock that goes on when somebody sleeps."""

    tips: dict[str, str | Exception | None] = field(default_factory=dict)
    works: dict[str, Work | Exception] = field(default_factory=dict)
    now: float = 0.0
    asked: list[str] = field(default_factory=list)
    begun: list[tuple[str, str]] = field(default_factory=list)

    def look(self, place: DataSource) -> str | None:
        self.asked.append(place.name)
        tip = self.tips.get(place.name, place.commit)
        if isinstance(tip, Exception):
            raise tip
        return tip

    def begin(self, place: DataSource, name: str) -> Refresh:
        self.begun.append((place.name, name))
        work = self.works.get(place.name, Work(0))
        if isinstance(work, Exception):
            raise work
        return work

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        # The threads that look get a chance.
        time.sleep(0.01)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def freshener(world: World) -> Iterator[Freshener]:
    freshener = Freshener(world.look, world.begin, lambda: world.now, world.sleep)
    yield freshener
    freshener.close()


def states(freshener: Freshener, *sources: DataSource, seconds: float = 5.0, key: str = "k") -> list[State]:
    return [item.state for item in freshener.freshen(sources, seconds, key, "somebody")]


def test_what_is_at_its_remote_commit_is_fresh_without_a_refresh(world: World, freshener: Freshener) -> None:
    assert states(freshener, source(1), source(2)) == [State.FRESH, State.FRESH]
    assert world.begun == []
    assert world.now == 0


def test_what_is_behind_is_refreshed_and_waited_for(world: World, freshener: Freshener) -> None:
    world.tips = {"s1": "new", "s2": None, "s3": "old"}
    world.works = {"s1": Work(3), "s2": Work(1)}
    assert states(freshener, source(1), source(2), source(3)) == [State.FRESH] * 3
    assert sorted(world.begun) == [("s1", "somebody"), ("s2", "somebody")]
    assert world.now < 5


def test_the_wait_ends_with_the_budget_and_says_what_is_behind(world: World, freshener: Freshener) -> None:
    world.tips = {"s1": "new", "s2": "new"}
    world.works = {"s1": Work(10**9), "s2": Work(1)}
    found = freshener.freshen([source(1), source(2)], 3.0, "k", "somebody")
    assert [(item.source.name, item.state) for item in found] == [("s1", State.BEHIND), ("s2", State.FRESH)]
    assert "being brought up to date" in found[0].message
    assert world.now == pytest.approx(3.0)
    world.now = 0
    world.tips["s9"] = "new"
    world.works["s9"] = Work(10**9)
    freshener.freshen([source(9)], 10_000.0, "k", "somebody")
    assert world.now == pytest.approx(freshening.MAX_SECONDS)


def test_what_is_brought_to_that_commit_already_is_joined(world: World, freshener: Freshener) -> None:
    world.tips = {"s1": "new", "s2": None}
    world.works = {"s1": Work(10**9), "s2": Work(10**9)}
    for _ in range(2):
        assert states(freshener, source(1), source(2), seconds=1.0) == [State.BEHIND, State.BEHIND]
    # Of what only a run can look at, one that is at work may have looked before.
    assert [name for name, _ in world.begun].count("s1") == 1
    assert [name for name, _ in world.begun].count("s2") == 2


def test_failures_are_said_without_their_place(world: World, freshener: Freshener) -> None:
    world.tips = {"s1": SourceError("no /srv/secret"), "s2": "new", "s3": "new", "s4": "new"}
    full = TooManyRequestsError("full", "jobs")
    world.works = {"s2": Work(0, "failed at /srv/secret"), "s3": full, "s4": Work(0)}
    paused = source(5, is_paused=True)
    world.tips["s5"] = "new"
    found = freshener.freshen([source(1), source(2), source(3), source(4), paused], 5.0, "k", "somebody")
    expected = [State.UNKNOWN, State.BEHIND, State.UNKNOWN, State.FRESH, State.BEHIND]
    assert [item.state for item in found] == expected
    assert not any("secret" in item.message for item in found)
    assert all(item.message for item in found if item.state is not State.FRESH)
    assert ("s5", "somebody") not in world.begun


def test_a_remote_is_asked_once_in_a_while(world: World, freshener: Freshener) -> None:
    for _ in range(5):
        states(freshener, source(1))
    assert world.asked == ["s1"]
    world.now += freshening.SEEN_SECONDS + 0.1
    states(freshener, source(1))
    assert world.asked == ["s1", "s1"]


def test_a_remote_that_says_nothing_is_not_waited_for(world: World) -> None:
    answered = threading.Event()

    def look(place: DataSource) -> str | None:
        answered.wait(60)
        return place.commit

    freshener = Freshener(look, world.begin)
    try:
        assert states(freshener, source(1), seconds=0.3) == [State.UNKNOWN]
    finally:
        answered.set()
        freshener.close()


def test_of_many_only_some_are_looked_at(world: World, freshener: Freshener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(freshening, "MOST_SOURCES", 2)
    found = states(freshener, *(source(number) for number in range(4)))
    assert found == [State.FRESH, State.FRESH, State.UNKNOWN, State.UNKNOWN]


def test_only_so_many_of_a_key_and_of_all_wait(world: World) -> None:
    """The others are answered at once, so that no key keeps the service's threads."""
    may_end = threading.Event()

    class Waiting:
        def is_over(self) -> bool:
            return may_end.is_set()

        def failure(self) -> str | None:
            return None

    freshener = Freshener(lambda _: "new", lambda *_: Waiting())
    results: list[list[State]] = []

    def ask(key: str) -> None:
        results.append(states(freshener, source(1), seconds=30.0, key=key))

    threads = [threading.Thread(target=ask, args=(f"key {number // 6}",)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        # Those that do not wait.
        thread.join(0.5)
    waiting = sum(thread.is_alive() for thread in threads)
    may_end.set()
    for thread in threads:
        thread.join(30)
    freshener.close()
    assert waiting == min(freshening.MOST_WAITING, 5 * freshening.MOST_WAITING_OF_KEY)
    assert results.count([State.UNKNOWN]) == 30 - waiting
    assert results.count([State.FRESH]) == waiting


def test_who_is_gone_is_not_waited_for(world: World, freshener: Freshener) -> None:
    world.tips = {"s1": "new"}
    world.works = {"s1": Work(10**9)}
    calls = 0

    def check() -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise SearchAbandonedError("gone")

    with pytest.raises(SearchAbandonedError):
        freshener.freshen([source(1)], 30.0, "k", "somebody", check)
    assert world.now < 5
