"""Schedules on real databases: who is due, that one process sees to it, and that missed times give one refresh."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

import pytest

from codesearch.core.catalog.catalog import Catalog, open_catalog
from codesearch.core.errors import InvalidRequestError, NotFoundError
from codesearch.core.types import MOST_MINUTES

ONE, TWO = (f"{number:024x}" for number in (1, 2))
START = datetime(2026, 11, 30, 12, 0, tzinfo=timezone.utc)


class Clock:
    """A moment that tests move."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_minutes(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(database_url: str, clock: Clock) -> Iterator[Catalog]:
    with open_catalog(database_url, clock=clock) as opened:
        for source_id, name in ((ONE, "one"), (TWO, "two")):
            opened.add_source(id=source_id, location=f"https://example.org/{name}.git", name=name)
        yield opened


def due(catalog: Catalog) -> list[str]:
    return [source.name for source in catalog.list_due()]


def test_nothing_is_due_without_a_schedule(catalog: Catalog, clock: Clock) -> None:
    clock.pass_minutes(MOST_MINUTES)
    assert due(catalog) == []
    assert catalog.get_source(ONE).refresh_minutes is None


def test_a_source_is_due_when_its_interval_has_passed(catalog: Catalog, clock: Clock) -> None:
    changed = catalog.set_schedule("one", 15)
    assert (changed.refresh_minutes, changed.next_refresh_at) == (15, START + timedelta(minutes=15))
    assert catalog.get_source(ONE) == changed
    clock.pass_minutes(14.9)
    assert due(catalog) == []
    clock.pass_minutes(0.1)
    assert due(catalog) == ["one"]
    catalog.set_schedule("one", None)
    assert due(catalog) == []


def test_the_one_that_waits_longest_comes_first(catalog: Catalog, clock: Clock) -> None:
    catalog.set_schedule("one", 20)
    catalog.set_schedule("two", 10)
    clock.pass_minutes(60)
    assert due(catalog) == ["two", "one"]


def test_missed_times_give_one_refresh(catalog: Catalog, clock: Clock) -> None:
    catalog.set_schedule("one", 15)
    clock.pass_minutes(10 * 15)
    (source,) = catalog.list_due()
    assert catalog.pass_due(source)
    assert due(catalog) == []
    clock.pass_minutes(14)
    assert due(catalog) == []
    clock.pass_minutes(1)
    assert due(catalog) == ["one"]


def test_one_of_two_sees_to_what_is_due(catalog: Catalog, clock: Clock, database_url: str) -> None:
    catalog.set_schedule("one", 15)
    clock.pass_minutes(15)
    with open_catalog(database_url, clock=clock) as other:
        (here,), (there,) = catalog.list_due(), other.list_due()
        assert [catalog.pass_due(here), other.pass_due(there)] == [True, False]


def test_what_changed_meanwhile_is_not_passed(catalog: Catalog, clock: Clock) -> None:
    catalog.set_schedule("one", 15)
    clock.pass_minutes(15)
    (source,) = catalog.list_due()
    catalog.set_schedule("one", 30)
    assert not catalog.pass_due(source)
    assert catalog.get_source(ONE).next_refresh_at == clock.now + timedelta(minutes=30)
    catalog.remove_source("one")
    assert not catalog.pass_due(source)


def test_a_paused_source_is_never_due(catalog: Catalog, clock: Clock) -> None:
    catalog.set_schedule("one", 15)
    assert catalog.set_paused("one", True).is_paused
    clock.pass_minutes(60)
    assert due(catalog) == []
    catalog.set_paused(ONE, False)
    assert due(catalog) == ["one"]


@pytest.mark.parametrize("minutes", [-1, MOST_MINUTES + 1])
def test_intervals_that_make_no_sense_are_refused(catalog: Catalog, minutes: int) -> None:
    with pytest.raises(InvalidRequestError, match="every 1 to"):
        catalog.set_schedule("one", minutes)
    assert catalog.get_source(ONE).refresh_minutes is None


def test_sources_without_a_schedule_have_that_of_all(catalog: Catalog, clock: Clock) -> None:
    catalog.set_schedule("two", 0)
    assert catalog.get_source(TWO).next_refresh_at is None
    catalog.plan(0)
    assert catalog.get_source(ONE).next_refresh_at is None
    catalog.plan(30)
    clock.pass_minutes(10)
    catalog.plan(30)
    assert catalog.get_source(ONE).next_refresh_at == START + timedelta(minutes=30)
    clock.pass_minutes(20)
    # A worker without one leaves it to those that have it.
    assert catalog.list_due() == []
    (source,) = catalog.list_due(30)
    assert (source.id, source.refresh_minutes) == (ONE, None)
    assert [catalog.pass_due(source), catalog.pass_due(source, 30), catalog.pass_due(source, 30)] == [
        False,
        True,
        False,
    ]
    assert catalog.get_source(ONE).next_refresh_at == START + timedelta(minutes=60)
    # A shorter one counts at once; a schedule of its own wins.
    catalog.plan(5)
    assert catalog.get_source(ONE).next_refresh_at == START + timedelta(minutes=35)
    catalog.set_schedule("one", 120)
    catalog.plan(5)
    clock.pass_minutes(60)
    assert catalog.list_due(5) == []


def test_what_a_clock_that_was_ahead_has_planned_is_planned_anew(catalog: Catalog, clock: Clock) -> None:
    clock.pass_minutes(100_000)
    catalog.set_schedule("one", 15)
    catalog.set_schedule("two", 30)
    catalog.set_paused("two", True)
    clock.pass_minutes(-100_000)
    catalog.plan(0)
    assert [catalog.get_source(name).next_refresh_at for name in ("one", "two")] == [
        START + timedelta(minutes=minutes) for minutes in (15, 30)
    ]
    # Clocks of machines differ a little: that is not planned to and fro.
    clock.pass_minutes(-0.5)
    catalog.plan(0)
    assert catalog.get_source("one").next_refresh_at == START + timedelta(minutes=15)


def test_a_remote_is_remembered(catalog: Catalog, clock: Clock) -> None:
    assert catalog.get_source(ONE).remote_commit is None
    noted = catalog.note_remote("one", "c0ffee")
    assert (noted.remote_commit, noted.remote_seen_at) == ("c0ffee", START)
    assert catalog.get_source(TWO).remote_commit is None


def test_unknown_sources_have_no_schedule(catalog: Catalog) -> None:
    with pytest.raises(NotFoundError):
        catalog.set_schedule("three", 5)
    with pytest.raises(NotFoundError):
        catalog.set_paused("three", True)
    with pytest.raises(NotFoundError):
        catalog.note_remote("three", "c0ffee")
