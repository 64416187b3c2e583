"""How fast a key's bodies are read."""

from __future__ import annotations

import pytest

from codesearch.api.pacing import Pacing

RATE, BURST = 1000.0, 500.0


@pytest.fixture
def pacing() -> Pacing:
    return Pacing(RATE, BURST)


def test_a_burst_waits_for_nothing(pacing: Pacing) -> None:
    assert pacing.take("a", 500, now=100.0) == 0.0


def test_what_is_over_the_burst_waits_as_long_as_it_takes_at_the_rate(pacing: Pacing) -> None:
    assert pacing.take("a", 700, now=100.0) == pytest.approx(0.2)
    assert pacing.take("a", 100, now=100.2) == pytest.approx(0.1)


def test_a_pause_earns_the_burst_again_and_no_more(pacing: Pacing) -> None:
    pacing.take("a", 500, now=100.0)
    assert pacing.take("a", 500, now=100.5) == 0.0
    assert pacing.take("a", 600, now=9000.0) == pytest.approx(0.1)


def test_keys_do_not_wait_for_one_another(pacing: Pacing) -> None:
    pacing.take("a", 5000, now=100.0)
    assert pacing.take("b", 500, now=100.0) == 0.0


def test_keys_that_sent_nothing_of_late_are_forgotten(pacing: Pacing) -> None:
    for number in range(100):
        pacing.take(f"key {number}", 10, now=100.0 + number)
    assert len(pacing) == 1
