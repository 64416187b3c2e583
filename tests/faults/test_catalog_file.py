"""The catalog's file damaged in every way: one error that names it and the command, and a backup that is put back."""

from __future__ import annotations

import random
import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from codesearch.core.catalog.catalog import open_catalog, restore_catalog
from codesearch.core.errors import AuthenticationError, CatalogError
from tests.e2e.evidence import run_codesearch
from tests.e2e.service import run_cli
from tests.faults.damage import DAMAGES, bad_subjects, check_error

IDS = ["a" * 24, "b" * 24]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder whose catalog has two sources, a workspace and a key."""
    folder = tmp_path / "data"
    folder.mkdir()
    with open_catalog(url_of(folder)) as catalog:
        for id_ in IDS:
            catalog.add_source(id=id_, name=f"name-{id_[0]}", location=f"/srv/{id_[0]}")
            catalog.start_run(id_)
        catalog.create_workspace("both", IDS)
        catalog.create_key("reader")
    return folder


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder / 'catalog.sqlite3'}"


def content_of(folder: Path) -> tuple[object, ...]:
    with open_catalog(url_of(folder)) as catalog:
        return catalog.list_sources(), catalog.list_workspaces(), catalog.list_keys()


def damage_page(number: int) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        content = bytearray(path.read_bytes())
        content[number * 4096 : (number + 1) * 4096] = random.Random(number).randbytes(4096)
        path.write_bytes(content)

    return damage


# SQLite has no checksums: a flipped bit in a value is a value.
WAYS = {
    **{name: way for name, way in DAMAGES.items() if name != "flipped"},
    **{f"page {number}": damage_page(number) for number in (0, 1, 2, 7)},
}


@pytest.mark.parametrize("way", WAYS)
def test_a_damaged_catalog_is_one_error_and_the_backup_is_put_back(way: str, data: Path) -> None:
    before = content_of(data)
    path = data / "catalog.sqlite3"
    WAYS[way](path)
    if way != "page 7":  # which nobody reads at once
        message = check_error(run_cli(data, "list"))
        assert str(path) in message
        assert "`codesearch doctor --restore-catalog`" in message
    found = bad_subjects(data)
    assert "codesearch doctor --restore-catalog" in (found.get("catalog") or found["catalog file"])
    outcome = run_cli(data, "doctor", "--restore-catalog")
    assert outcome.status == 0, outcome.err
    assert "Restored the catalog of" in outcome.out
    assert "codesearch key list" in outcome.out
    assert content_of(data) == before
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    if way != "lost":
        (aside,) = data.glob("catalog.sqlite3.damaged-?")
        assert str(aside) in outcome.out
    assert {"catalog", "catalog file", "catalog backup"}.isdisjoint(bad_subjects(data))
    outcome = run_cli(data, "doctor", "--restore-catalog")
    assert "is in order" in outcome.out


@pytest.mark.parametrize("place", range(0, 100, 6))
def test_a_flipped_bit_is_no_raw_message(place: int, data: Path) -> None:
    path = data / "catalog.sqlite3"
    content = bytearray(path.read_bytes())
    used = [number for number, byte in enumerate(content) if byte]
    content[used[place * len(used) // 100]] ^= 1 << place % 7
    path.write_bytes(content)
    for command in (["list"], ["key", "list"], ["workspace", "list"], ["key", "create", "new"]):
        outcome = run_cli(data, *command)
        if outcome.status:
            message = check_error(outcome)
            assert str(path) in message or "schema" in message, message
            assert run_cli(data, "doctor").status == 1


@pytest.mark.parametrize("ending", ["-wal", "-shm"])
def test_a_folder_or_rubbish_in_the_place_of_a_side_file(ending: str, data: Path) -> None:
    before = content_of(data)
    side = data / f"catalog.sqlite3{ending}"
    side.write_bytes(random.Random(3).randbytes(40_000))
    assert content_of(data) == before
    side.unlink(missing_ok=True)
    side.mkdir()
    message = check_error(run_cli(data, "list"))
    assert f"{side.name} is a folder" in message
    assert run_cli(data, "doctor", "--restore-catalog").status == 0
    assert content_of(data) == before


def test_without_a_backup_the_error_says_what_is_lost_and_what_to_run(data: Path) -> None:
    (data / "catalog.sqlite3.backup").unlink()
    DAMAGES["truncated"](data / "catalog.sqlite3")
    message = check_error(run_cli(data, "list"))
    assert "`codesearch index SOURCE`" in message
    assert "keys have to be made again" in message
    message = check_error(run_cli(data, "doctor", "--restore-catalog"))
    assert "cannot be used: it is missing" in message
    assert (data / "catalog.sqlite3").exists(), "nothing is moved away before there is something better"


def test_a_damaged_backup_is_not_put_back_and_is_written_again(data: Path) -> None:
    DAMAGES["truncated"](data / "catalog.sqlite3.backup")
    assert "catalog backup" in bad_subjects(data)
    shutil.copy(data / "catalog.sqlite3", data / "kept")
    DAMAGES["emptied"](data / "catalog.sqlite3")
    assert "cannot be used" in check_error(run_cli(data, "doctor", "--restore-catalog"))
    shutil.move(data / "kept", data / "catalog.sqlite3")
    assert run_cli(data, "key", "create", "another").status == 0
    assert "catalog backup" not in bad_subjects(data)


def test_a_damaged_catalog_does_not_become_the_backup(data: Path) -> None:
    good = (data / "catalog.sqlite3.backup").read_bytes()
    with open_catalog(url_of(data)) as catalog:
        catalog.create_key("late")
        with closing(sqlite3.connect(data / "catalog.sqlite3")) as raw, raw:
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        damage_page(7)(data / "catalog.sqlite3")
    assert (data / "catalog.sqlite3.backup").read_bytes() == good


def test_the_backup_is_the_owners_alone_and_follows_every_change(data: Path) -> None:
    backup = data / "catalog.sqlite3.backup"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    outcome = run_cli(data, "key", "create", "later", "--json")
    secret = outcome.json["secret"]
    with open_catalog(f"sqlite:///{backup}") as catalog:
        assert catalog.authenticate(secret).name == "later"
    assert run_cli(data, "key", "revoke", "later").status == 0
    with open_catalog(f"sqlite:///{backup}") as catalog, pytest.raises(AuthenticationError):
        catalog.authenticate(secret)
    before = backup.stat().st_mtime_ns
    assert run_cli(data, "list").status == 0
    assert backup.stat().st_mtime_ns == before, "who only reads writes none"
    assert sorted(path.name for path in data.glob("catalog*")) == [
        "catalog.sqlite3",
        "catalog.sqlite3.backup",
        "catalog.sqlite3.backup.lock",
    ]


def test_run_ids_of_a_restored_catalog_are_new_ones(data: Path) -> None:
    with open_catalog(url_of(data)) as catalog:
        shutil.copy(data / "catalog.sqlite3.backup", data / "old")
        last = max(catalog.start_run(IDS[0]) for _ in range(5))
    shutil.move(data / "old", data / "catalog.sqlite3.backup")
    DAMAGES["lost"](data / "catalog.sqlite3")
    restore_catalog(url_of(data))
    with open_catalog(url_of(data)) as catalog:
        assert catalog.start_run(IDS[0]) > last


def test_a_catalog_in_postgresql_is_restored_elsewhere() -> None:
    with pytest.raises(CatalogError, match="PostgreSQL"):
        restore_catalog("postgresql://me:hunter2@127.0.0.1:9/x")


def test_a_catalog_that_is_opened_twice_in_a_process_keeps_its_locks(data: Path) -> None:
    """Closing any other handle on the file would drop them, and who ends meanwhile would delete the log in use."""
    with open_catalog(url_of(data)) as first:
        assert len(first.list_sources()) == 2
        with open_catalog(url_of(data)) as second:
            second.list_keys()
        assert run_codesearch(data, "list").returncode == 0
        assert (data / "catalog.sqlite3-wal").exists(), "another process took this one for gone"
        first.create_key("kept")
    with open_catalog(url_of(data)) as third:
        assert [key.name for key in third.list_keys()] == ["kept", "reader"]
