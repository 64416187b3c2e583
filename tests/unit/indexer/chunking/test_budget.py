"""What a tree may cost: whoever asks often is told as soon as that is spent, and each time from then on."""

from __future__ import annotations

import pytest

from indexer.chunking import budget as budget_module
from indexer.chunking.budget import ParseBudget, ParseLimits, Unparsed


def asked(budget: ParseBudget, times: int) -> list[bool]:
    return [budget.is_spent(offset, False) for offset in range(times)]


def test_time_that_is_spent_is_said_soon_and_ever_after() -> None:
    budget = ParseBudget(ParseLimits(seconds=0))
    said = asked(budget, 40)
    assert said.index(True) < 16
    assert all(said[said.index(True) :])
    assert budget.shortfall is Unparsed.TIME


def test_memory_that_is_taken_is_said_and_ever_after(monkeypatch: pytest.MonkeyPatch) -> None:
    held = [100 << 20]
    monkeypatch.setattr(budget_module, "memory_in_use", lambda: held[0])
    budget = ParseBudget(ParseLimits(seconds=1_000, memory_bytes=10 << 20))
    assert not any(asked(budget, 200))
    held[0] += 11 << 20
    assert any(asked(budget, 64))
    # What was given back since makes no difference.
    held[0] = 0
    assert all(asked(budget, 3))
    assert budget.shortfall is Unparsed.MEMORY
