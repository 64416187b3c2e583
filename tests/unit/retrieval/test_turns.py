"""Turns: one piece of work at a time, keys in turn, and an end for what nobody waits for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from codesearch.core.errors import SearchAbandonedError, SearchTooLongError, TooManyRequestsError
from codesearch.core.stages import Stage, StageClock
from codesearch.retrieval import turns as module
from codesearch.retrieval.turns import Turns, Work
from tests.patience import PATIENCE_SECONDS


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


class Queue:
    """Starts work in threads, one after the other, and notes whose turn it was."""

    def __init__(self, turns: Turns, pool: ThreadPoolExecutor) -> None:
        self.turns, self.pool = turns, pool
        self.order: list[str] = []
        self.works: list[Work] = []

    def add(self, key: str, name: str, max_seconds: float | None = None) -> Future[None]:
        work = Work(key, max_seconds)
        self.works.append(work)

        def run() -> None:
            with self.turns.take(work):
                self.order.append(name)

        future = self.pool.submit(run)
        wait_until(lambda: work.waiter is not None or future.done())
        return future


def test_keys_take_turns_and_the_work_of_one_goes_in_order(pool: ThreadPoolExecutor) -> None:
    queue = Queue(Turns(), pool)
    with queue.turns.take(Work("a")):
        futures = [queue.add(name[0], name) for name in ("a1", "a2", "a3", "b1", "b2", "c1")]
        assert queue.order == []
    for future in futures:
        future.result(10)
    assert queue.order == ["b1", "c1", "a1", "b2", "a2", "a3"]


def test_long_work_lets_others_go_first_but_not_its_own_key(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUANTUM_SECONDS", 0.0)
    queue = Queue(Turns(), pool)
    with queue.turns.take(Work("a")) as turn:
        futures = [queue.add("a", "a1")]
        turn.check()
        assert queue.order == []
        futures.append(queue.add("b", "b1"))
        turn.check()
        assert queue.order == ["b1"]
    for future in futures:
        future.result(10)
    assert queue.order == ["b1", "a1"]


def test_short_work_is_not_interrupted(pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "QUANTUM_SECONDS", 3600.0)
    queue = Queue(Turns(), pool)
    with queue.turns.take(Work("a")) as turn:
        future = queue.add("b", "b1")
        turn.check()
        assert queue.order == []
    future.result(10)


def test_cancelled_work_that_waits_leaves_at_once_and_the_others_go_on(pool: ThreadPoolExecutor) -> None:
    queue = Queue(Turns(), pool)
    with queue.turns.take(Work("a")):
        futures = [queue.add("b", name) for name in ("b1", "b2", "b3")]
        queue.works[0].cancel()
        queue.works[2].cancel()
        for gone in (futures[0], futures[2]):
            with pytest.raises(SearchAbandonedError):
                gone.result(10)
    futures[1].result(10)
    assert queue.order == ["b2"]
    assert not queue.turns.is_wanted_by_others("a")


def test_cancelled_work_ends_at_its_next_check_and_never_begins() -> None:
    turns, work = Turns(), Work("a")
    with turns.take(work) as turn:
        turn.check()
        work.cancel()
        with pytest.raises(SearchAbandonedError):
            turn.check()
    with pytest.raises(SearchAbandonedError), turns.take(work):
        pytest.fail("it began")
    with turns.take(Work("b")):
        pass


def test_work_over_its_time_is_ended_with_what_to_do() -> None:
    turns = Turns()
    with turns.take(Work("a", 1e-9)) as turn:
        time.sleep(0.001)
        with pytest.raises(SearchTooLongError, match="CODESEARCH_SEARCH_SECONDS"):
            turn.check()
    with turns.take(Work("a", 3600)) as turn:
        turn.check()


def test_time_counts_over_all_turns_of_one_work() -> None:
    turns, work = Turns(), Work("a", 3600)
    for _ in range(2):
        with turns.take(work):
            time.sleep(0.002)
    assert work.worked_seconds >= 0.004


def test_work_that_waits_too_long_is_to_come_again(pool: ThreadPoolExecutor) -> None:
    queue = Queue(Turns(), pool)
    with queue.turns.take(Work("a")):
        with pytest.raises(TooManyRequestsError, match="too many requests"):
            queue.add("b", "b1", max_seconds=0.01).result(10)
        assert not queue.turns.is_wanted_by_others("a")
    queue.add("b", "b2").result(10)
    assert queue.order == ["b2"]


def test_a_failure_gives_the_turn_back() -> None:
    turns = Turns()
    with pytest.raises(KeyError), turns.take(Work("a")):
        raise KeyError
    with turns.take(Work("b")):
        pass


def test_nothing_is_lost_or_doubled_under_many_cancellations(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUANTUM_SECONDS", 0.0)
    turns, busy, seen = Turns(), threading.Lock(), []
    works = [Work(f"key{number % 3}", 3600) for number in range(300)]

    def run(work: Work) -> None:
        try:
            with turns.take(work) as turn:
                for _ in range(3):
                    assert busy.acquire(blocking=False)
                    busy.release()
                    turn.check()
                seen.append(work)
        except SearchAbandonedError:
            assert work.is_cancelled

    futures = [pool.submit(run, work) for work in works]
    for work in works[::5]:
        work.cancel()
    for future in futures:
        future.result(30)
    assert {id(work) for work in works if not work.is_cancelled} <= {id(work) for work in seen}
    assert not turns.is_wanted_by_others("nobody")


def test_those_who_wait_are_counted_and_their_waiting_is_a_stage(pool: ThreadPoolExecutor) -> None:
    turns, changes = Turns(), list[int]()
    turns.report_waiting = changes.append
    clock = StageClock()
    work = Work("b", clock=clock)
    work.begin_stage(Stage.OPEN)

    def run() -> None:
        with turns.take(work):
            work.begin_stage(None)

    with turns.take(Work("a")):
        waiting = pool.submit(run)
        wait_until(lambda: work.waiter is not None)
        wait_until(lambda: changes == [1])
    waiting.result(10)
    assert changes == [1, -1]
    assert set(clock.seconds) == {Stage.OPEN, Stage.WAIT}
    assert clock.seconds[Stage.WAIT] == pytest.approx(work.waited_seconds)


def test_who_gives_up_waiting_waits_no_more(pool: ThreadPoolExecutor) -> None:
    turns, changes = Turns(), list[int]()
    turns.report_waiting = changes.append
    with turns.take(Work("a")), pytest.raises(TooManyRequestsError, match="waited for its turn") as raised:
        pool.submit(lambda: turns.take(Work("b", 0.01)).__enter__()).result(10)
    assert raised.value.limit == "turn"
    assert changes == [1, -1]
