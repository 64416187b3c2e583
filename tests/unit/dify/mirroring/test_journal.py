"""The journal of a push: what was written counts, what was cut short does not harm the rest."""

from __future__ import annotations

from pathlib import Path

from codesearch.dify.mirroring.journal import Journal


def test_names_are_kept_until_they_are_cleared(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "dify" / "x.journal")
    assert journal.read() == frozenset()
    journal.add(["a", "b\nc"])
    journal.add(["ü"])
    assert Journal(tmp_path / "dify" / "x.journal").read() == {"a", "b\nc", "ü"}
    journal.clear()
    journal.clear()
    assert journal.read() == frozenset()


def test_a_line_that_was_cut_short_costs_itself(tmp_path: Path) -> None:
    path = tmp_path / "x.journal"
    journal = Journal(path)
    journal.add(["first", "second"])
    path.write_bytes(path.read_bytes()[:-3])
    journal.add(["third"])
    assert journal.read() == {"first", "third"}
    path.write_bytes(b"\xff\x00garbage\n[1]\n")
    assert journal.read() == frozenset()
