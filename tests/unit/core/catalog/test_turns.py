"""The turn of a data source among machines: held by one, given back when that one is gone."""

from __future__ import annotations

import threading

import pytest

from codesearch.core.catalog import turns
from codesearch.core.catalog.catalog import open_catalog

ONE, TWO = "1" * 24, "f" * 24


def test_the_turn_of_a_source_is_held_by_one_of_two_machines(postgres_schema_url: str) -> None:
    waits, got = threading.Event(), threading.Event()

    def take() -> None:
        with open_catalog(postgres_schema_url) as there, there.turn_of(ONE, waits.set):
            got.set()

    with open_catalog(postgres_schema_url) as here:
        with here.turn_of(ONE, lambda: None), here.turn_of(TWO, lambda: None):
            other = threading.Thread(target=take)
            other.start()
            assert waits.wait(60)
            assert not got.wait(2 * turns._RETRY_SECONDS)
        assert got.wait(60)
        other.join(60)


def test_who_need_not_wait_for_ever_gives_up(postgres_schema_url: str) -> None:
    with (
        open_catalog(postgres_schema_url) as here,
        open_catalog(postgres_schema_url) as there,
        here.turn_of(ONE, lambda: None),
    ):
        for seconds in (0.0, 0.1):
            with pytest.raises(TimeoutError), there.turn_of(ONE, lambda: None, timeout_seconds=seconds):
                raise AssertionError("it is held elsewhere")


def test_who_fails_gives_the_turn_back(postgres_schema_url: str) -> None:
    with open_catalog(postgres_schema_url) as here, open_catalog(postgres_schema_url) as there:
        try:
            with here.turn_of(ONE, lambda: None):
                raise ZeroDivisionError
        except ZeroDivisionError:
            pass
        with there.turn_of(ONE, lambda: None):
            pass


def test_processes_of_one_folder_have_locks_by_files(tmp_path: object) -> None:
    with (
        open_catalog(f"sqlite:///{tmp_path}/catalog.sqlite3") as catalog,
        catalog.turn_of(ONE, lambda: None),
        catalog.turn_of(ONE, lambda: None),
    ):
        pass
