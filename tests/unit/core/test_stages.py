"""How long a request was in which stage."""

from __future__ import annotations

import pytest

from codesearch.core.stages import MAX_INTERVALS, STAGE_MEANINGS, Stage, StageClock


def clock_at(*moments: float) -> StageClock:
    return StageClock(iter(moments).__next__)


def sums(clock: StageClock) -> list[tuple[str, float]]:
    return [(stage.value, round(seconds, 9)) for stage, seconds in clock.seconds.items()]


def test_a_stage_lasts_until_the_next_one_begins() -> None:
    clock = clock_at(1.0, 1.5, 3.0)
    clock.begin(Stage.AUTHENTICATE)
    clock.begin(Stage.READ)
    clock.begin(None)
    assert sums(clock) == [("authenticate", 0.5), ("read", 1.5)]
    assert clock.intervals == [(Stage.AUTHENTICATE, 1.0, 1.5), (Stage.READ, 1.5, 3.0)]


def test_what_is_done_again_is_added_up() -> None:
    clock = clock_at(0.0, 1.0, 3.0, 4.0, 6.0)
    for stage in (Stage.CANDIDATES, Stage.RANK, Stage.CANDIDATES, Stage.RANK):
        clock.begin(stage)
    clock.begin(None)
    assert sums(clock) == [("candidates", 2.0), ("rank", 4.0)]


def test_waiting_is_taken_out_of_the_stage_in_which_it_happens() -> None:
    clock = clock_at(0.0, 10.0)
    clock.begin(Stage.RANK)
    clock.note_wait(2.0, 5.0)
    clock.begin(None)
    assert sums(clock) == [("rank", 7.0), ("wait", 3.0)]
    assert sum(clock.seconds.values()) == pytest.approx(10.0)


def test_many_stretches_are_added_up_but_not_kept() -> None:
    clock = StageClock()
    clock.begin(Stage.RANK)
    for _ in range(10 * MAX_INTERVALS):
        clock.note_wait(0.0, 1.0)
    assert clock.seconds[Stage.WAIT] == pytest.approx(10 * MAX_INTERVALS)
    assert len(clock.intervals) == MAX_INTERVALS


def test_every_stage_has_a_meaning() -> None:
    assert list(STAGE_MEANINGS) == list(Stage)
