"""How many requests a key may send a minute."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codesearch.api.rates import Rates

PER_MINUTE, BURST = 30, 4


@pytest.fixture
def rates() -> Rates:
    return Rates(PER_MINUTE, BURST)


def test_a_burst_counts_and_the_next_one_comes_too_soon(rates: Rates) -> None:
    assert [rates.take("a", 100.0) for _ in range(BURST)] == [0.0] * BURST
    assert rates.take("a", 100.0) == pytest.approx(2.0)
    assert rates.take("a", 101.5) == pytest.approx(0.5)


def test_who_comes_when_told_to_counts(rates: Rates) -> None:
    for _ in range(BURST):
        rates.take("a", 100.0)
    wait = rates.take("a", 100.3)
    assert rates.take("a", 100.3 + wait) == 0.0
    assert rates.take("a", 100.3 + wait) > 0.0


def test_what_came_too_soon_does_not_put_the_next_one_off(rates: Rates) -> None:
    for _ in range(100):
        rates.take("a", 100.0)
    assert rates.take("a", 102.001) == 0.0


def test_keys_do_not_wait_for_one_another(rates: Rates) -> None:
    for _ in range(2 * BURST):
        rates.take("a", 100.0)
    assert rates.take("b", 100.0) == 0.0


def test_no_limit_counts_everything_and_remembers_nothing() -> None:
    rates = Rates(0, 1)
    assert [rates.take("a", 1.0) for _ in range(1000)] == [0.0] * 1000
    assert len(rates) == 0


def test_keys_that_sent_nothing_of_late_are_forgotten(rates: Rates) -> None:
    for number in range(100):
        rates.take(f"key {number}", 100.0 + 10 * number)
    assert len(rates) == 1


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200), st.integers(1, 600), st.integers(1, 20))
def test_never_more_than_the_burst_and_the_rate_in_any_stretch(
    pauses: list[float], per_minute: int, burst: int
) -> None:
    rates, now, counted = Rates(per_minute, burst), 0.0, []
    for pause in pauses:
        now += pause
        if rates.take("a", now) == 0.0:
            counted.append(now)
    for first, started in enumerate(counted):
        for last in range(first, len(counted)):
            assert last - first + 1 <= burst + (counted[last] - started) * per_minute / 60 + 1e-3


def test_a_key_may_have_a_rate_of_its_own(rates: Rates) -> None:
    for _ in range(BURST):
        assert rates.take("slow", 100.0, 6) == 0.0
        assert rates.take("fast", 100.0, 600) == 0.0
    assert rates.take("slow", 100.0, 6) == pytest.approx(10.0)
    assert rates.take("fast", 100.0, 600) == pytest.approx(0.1)
    assert [rates.take("free", 100.0, 0) for _ in range(100)] == [0.0] * 100
    assert [Rates(0, 2).take("a", 100.0, None) for _ in range(9)] == [0.0] * 9


def test_a_rate_counts_where_the_service_has_none() -> None:
    rates = Rates(0, 1)
    assert [rates.take("a", 100.0, 60), rates.take("a", 100.0, 60)] == [0.0, pytest.approx(1.0)]
    assert rates.take("b", 100.0) == rates.take("b", 100.0) == 0.0
