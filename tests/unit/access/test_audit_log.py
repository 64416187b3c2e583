"""The audit log's file: whole lines, also beside other writers, in a moved file's place, and around a full disk."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from codesearch.access import audit_log
from codesearch.access.audit_log import AuditLog, count_lost, encode_entry
from codesearch.core.errors import ConfigurationError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def log(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AuditLog]:
    """One that writes when it is told to."""
    monkeypatch.setattr(audit_log, "WRITTEN_EVERY_SECONDS", 3_600.0)
    opened = AuditLog(path)
    yield opened
    opened.close()


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def test_entries_are_lines_in_order_for_the_owner_alone(log: AuditLog, path: Path) -> None:
    for number in range(2_500):
        log.add({"number": number, "nothing": None})
    log.flush()
    assert read(path) == [{"number": number} for number in range(2_500)]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_they_are_written_by_themselves_and_when_it_is_closed(path: Path) -> None:
    log = AuditLog(path)
    for number in range(3):
        log.add({"number": number})
    log.close()
    assert [entry["number"] for entry in read(path)] == [0, 1, 2]


def test_whatever_was_asked_is_one_line_without_credentials(log: AuditLog, path: Path) -> None:
    log.add({"asked": ["a\nb\u2028", "\ud800", "ghp_" + "a" * 36], "path": "/x\x00", "odd": Path("/x")})
    log.flush()
    (entry,) = read(path)
    assert entry["asked"][:2] == ["a\nb\u2028", "\ud800"]
    assert "ghp_a" not in path.read_text(encoding="ascii")


def test_people_whose_names_look_like_a_login_are_told_apart(log: AuditLog, path: Path) -> None:
    users = ["f:ldap:alice@example.org", "f:ldap:bob@example.org", "https://id.example.org/alice@example.org"]
    for user in users:
        log.add({"user": user, "asked": ["https://alice:pass@example.org"]})
    log.flush()
    entries = read(path)
    assert [entry["user"] for entry in entries] == users
    assert all("pass" not in entry["asked"][0] for entry in entries)


def test_a_file_that_was_moved_away_is_made_anew(log: AuditLog, path: Path) -> None:
    log.add({"number": 1})
    log.flush()
    path.rename(path.with_suffix(".1"))
    log.add({"number": 2})
    log.flush()
    path.unlink()
    log.add({"number": 3})
    log.flush()
    assert (read(path), read(path.with_suffix(".1"))) == ([{"number": 3}], [{"number": 1}])


def test_two_writers_share_a_file(log: AuditLog, path: Path) -> None:
    other = AuditLog(path)
    for number in range(300):
        (log if number % 2 else other).add({"number": number})
        log.flush()
        other.flush()
    other.close()
    assert sorted(entry["number"] for entry in read(path)) == list(range(300))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_said_once_and_keeps_nobody(
    log: AuditLog, path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_log, "MAX_WAITING", 3)
    path.unlink()
    path.symlink_to("/dev/full")
    for number in range(5):
        log.add({"number": number})
        log.flush()
    assert caplog.text.count("No space left") == 1
    path.unlink()
    log.flush()
    assert caplog.text.count("is written again") == 1
    *entries, lost = read(path)
    assert [entry["number"] for entry in entries] == [0, 1, 2]
    assert lost["lost"] == count_lost(path) == 2
    log.add({"number": 9})
    log.flush()
    assert (read(path)[-1], count_lost(path)) == ({"number": 9}, 2)


def test_a_line_that_was_cut_off_is_written_again_on_a_line_of_its_own(
    log: AuditLog, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    size = len(encode_entry({"number": 0}))
    room = [size + 4]

    def write_some(descriptor: int, content: bytes) -> int:
        if not room[0]:
            raise OSError(28, "No space left on device")
        written = write(descriptor, content[: room[0]])
        room[0] -= written
        return written

    for number in range(3):
        log.add({"number": number})
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write_some)
        log.flush()
        log.flush()
    log.flush()
    first, torn, second, third = path.read_text(encoding="ascii").splitlines()
    assert [json.loads(line)["number"] for line in (first, second, third)] == [0, 1, 2]
    assert torn == '{"nu'


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    for wrong in (tmp_path, tmp_path / "none" / "audit.jsonl"):
        with pytest.raises(ConfigurationError, match="CODESEARCH_AUDIT_LOG"):
            AuditLog(wrong)


def test_lost_lines_are_counted_in_whatever_a_file_holds(path: Path) -> None:
    path.write_bytes(b'{"lost":2}\n{"lost":\n"lost":1\n[{"lost":1}]\n{"lost":"x"}\n\xff"lost":\n{"lost":3}\n')
    assert count_lost(path) == 5
