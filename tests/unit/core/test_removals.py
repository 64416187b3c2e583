"""What is left of a removed source goes when nobody works on it, here or elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from codesearch.core.locks import source_lock
from codesearch.core.removals import Removals

SOURCE = "1" * 24


def test_a_removal_waits_for_who_works_on_the_source_here_or_on_another_machine(tmp_path: Path) -> None:
    removed: list[str] = []
    is_taken = True

    @contextmanager
    def turn_of(source_id: str, seconds: float) -> Iterator[None]:
        assert (source_id, seconds) == (SOURCE, 0)
        if is_taken:
            raise TimeoutError
        yield

    removals = Removals(
        tmp_path,
        is_known=lambda _: False,
        list_removed=list,
        turn_of=turn_of,
        remove_rows=removed.append,
        remove_search_index=removed.append,
    )
    removals.note(SOURCE)
    assert not removals.finish(SOURCE, timeout_seconds=0)
    assert (removed, removals.noted()) == ([], [SOURCE])
    is_taken = False
    with source_lock(tmp_path, SOURCE):
        # Another object stands for another process.
        assert not removals.finish(SOURCE, timeout_seconds=0)
    removals.finish_all()
    assert (removed, removals.noted()) == ([SOURCE, SOURCE], [])
