"""The catalog on real databases: SQLite always, PostgreSQL where a server can be had (see conftest.py)."""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import socket
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import sqlalchemy

from codesearch.core.catalog.catalog import Catalog, RunState, open_catalog
from codesearch.core.errors import (
    AuthenticationError,
    CatalogError,
    ConfigurationError,
    InvalidRequestError,
    NotFoundError,
)
from codesearch.core.types import DataSource, SourceState, Workspace
from tests.unit.core.catalog.catalog_processes import (
    LOCATION,
    make_id,
    open_and_add,
    read,
    run_process,
    start_and_die,
    write,
)
from tests.unit.core.catalog.conftest import free_port


def add(catalog: Catalog, number: int, name: str | None = None) -> DataSource:
    return catalog.add_source(id=make_id(number), name=name or f"repo-{number}", location=f"{LOCATION}/{number}")


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.moment


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def catalog(database_url: str, clock: Clock) -> Iterator[Catalog]:
    with open_catalog(database_url, clock=clock) as opened:
        yield opened


# Data sources and names


def test_a_source_is_found_by_id_and_by_name(catalog: Catalog) -> None:
    added = catalog.add_source(
        id=make_id(1), name="My-Shop", location=LOCATION, branch="main", subdir="services/api", type="repository"
    )
    assert added == DataSource(
        id=make_id(1), name="My-Shop", type="repository", location=LOCATION, branch="main", subdir="services/api"
    )
    assert catalog.resolve(make_id(1)) == added
    assert catalog.resolve("my-SHOP ") == added
    assert catalog.get_source("My-Shop") == added


def test_an_id_is_found_in_upper_case_too(catalog: Catalog) -> None:
    added = catalog.add_source(id="abcdef" * 4, name="a", location=LOCATION)
    assert catalog.resolve("ABCDEF" * 4) == added


@pytest.mark.parametrize(
    "asked",
    ["", " ", "nothing", "a\0b", "\ud800", "x" * 5000, "' OR 1=1 --", make_id(9), "%", "_", "🙂", "../..", "\n"],
)
def test_what_does_not_exist_is_none_and_not_found(catalog: Catalog, asked: str) -> None:
    add(catalog, 1)
    assert catalog.resolve(asked) is None
    for refuse in (catalog.get_source, catalog.remove_source, catalog.remove_workspace, catalog.revoke_key):
        with pytest.raises(NotFoundError) as caught:
            refuse(asked)
        assert "\n" not in caught.value.message
        assert len(caught.value.message) < 250


def test_adding_an_id_again_changes_nothing(catalog: Catalog) -> None:
    first = add(catalog, 1, "one")
    assert catalog.add_source(id=make_id(1), name="another", location="elsewhere") == first
    assert catalog.list_sources() == [first]


@pytest.mark.parametrize(
    "name", ["", "   ", "x" * 101, "a\nb", "a\0b", "-rf", "/etc", "a" * 24, "A" * 24, "_", "\ud800", "a;b"]
)
def test_a_wrong_name_is_refused_in_one_line(catalog: Catalog, name: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        catalog.add_source(id=make_id(1), name=name, location=LOCATION)
    assert "\n" not in caught.value.message
    assert catalog.list_sources() == []


@pytest.mark.parametrize(
    "name", ["x" * 100, ".github", "C#", "acme/shop (old)", "Größe", "日本語", "a", "libstdc++", "1"]
)
def test_believable_names_are_accepted(catalog: Catalog, name: str) -> None:
    assert catalog.add_source(id=make_id(1), name=f" {name} ", location=LOCATION).name == name
    assert catalog.get_source(name.upper()).id == make_id(1)


@pytest.mark.parametrize("source_id", ["", "1", "g" * 24, "A" * 24, "a" * 25])
def test_a_wrong_id_is_refused(catalog: Catalog, source_id: str) -> None:
    with pytest.raises(InvalidRequestError, match="24 hex"):
        catalog.add_source(id=source_id, name="a", location=LOCATION)


def test_names_are_unique_over_sources_and_workspaces_whatever_their_case(catalog: Catalog) -> None:
    shop = add(catalog, 1, "Shop")
    team = catalog.create_workspace("Team", ["shop"])
    with pytest.raises(InvalidRequestError, match=rf"taken by the repository {shop.location}"):
        add(catalog, 2, "SHOP")
    with pytest.raises(InvalidRequestError, match=rf"taken by the workspace {team.id}"):
        add(catalog, 2, "team")
    for name in ("shop", "TEAM"):
        with pytest.raises(InvalidRequestError, match="taken"):
            catalog.create_workspace(name, ["Shop"])
    assert catalog.list_sources() == [shop]
    assert catalog.list_workspaces() == [team]


def test_suggested_names_are_taken_in_order_and_then_numbered(catalog: Catalog) -> None:
    def suggest(number: int, *names: str) -> str:
        return catalog.add_source(id=make_id(number), suggested_names=names, location=LOCATION).name

    assert suggest(1, "shop", "acme/shop") == "shop"
    assert suggest(2, "Shop", "acme/shop") == "acme/shop"
    assert suggest(3, "shop", "acme/shop") == "shop-2"
    assert suggest(4, "shop") == "shop-3"
    assert suggest(5) == "repository"
    assert suggest(6, "a" * 24) == "repository-2"
    assert suggest(7, "-*- my\nrepo!") == "my-repo"
    assert suggest(8, "y" * 300) == "y" * 100
    assert suggest(9, "y" * 300) == "y" * 92 + "-2"


def test_renaming_keeps_everything_else(catalog: Catalog) -> None:
    add(catalog, 1, "one")
    two = add(catalog, 2, "two")
    assert catalog.rename_source("two", "TWO").name == "TWO"
    assert catalog.rename_source(two.id, "three") == catalog.resolve("three")
    assert catalog.resolve("two") is None
    with pytest.raises(InvalidRequestError, match="taken"):
        catalog.rename_source("three", "One")
    with pytest.raises(NotFoundError):
        catalog.rename_source("four", "five")


def test_sources_are_listed_in_name_order(catalog: Catalog) -> None:
    for number, name in enumerate(["b", "Äpfel", "A", "c10", "C2", "_x1"], start=1):
        add(catalog, number, name)
    assert [source.name for source in catalog.list_sources()] == ["_x1", "A", "b", "c10", "C2", "Äpfel"]


def test_only_those_that_are_chosen_are_read(catalog: Catalog) -> None:
    for number, name in enumerate(["b", "A", "c"]):
        add(catalog, number, name)
    asked: list[tuple[str, str, str]] = []

    def choose(source_id: str, name: str, location: str) -> bool:
        asked.append((source_id, name, location))
        return name != "c"

    assert catalog.find_sources(choose) == [catalog.get_source("A"), catalog.get_source("b")]
    assert sorted(asked) == [(make_id(number), name, f"{LOCATION}/{number}") for number, name in enumerate("bAc")]
    assert catalog.find_sources(lambda *_: False) == []


def test_more_are_chosen_than_one_statement_takes(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("codesearch.core.catalog.sources._IDS_AT_ONCE", 2)
    for number in range(5):
        add(catalog, number)
    assert catalog.find_sources(lambda *_: True) == catalog.list_sources()


# Workspaces


def test_a_workspace_holds_its_members_once_in_name_order(catalog: Catalog) -> None:
    beta, alpha = add(catalog, 1, "beta"), add(catalog, 2, "Alpha")
    team = catalog.create_workspace("team", ["beta", alpha.id, "BETA", beta.id])
    assert team.members == (alpha, beta)
    assert len(team.id) == 24
    assert catalog.resolve("Team") == team == catalog.resolve(team.id)
    other = catalog.create_workspace("Another", ["beta"])
    assert catalog.list_workspaces() == [other, team]


def test_a_workspace_of_unknown_members_names_them(catalog: Catalog) -> None:
    add(catalog, 1, "beta")
    catalog.create_workspace("team", ["beta"])
    with pytest.raises(NotFoundError, match="'gamma', 'delta', 'team'"):
        catalog.create_workspace("new", ["gamma", "beta", "delta", "team"])
    with pytest.raises(InvalidRequestError, match="at least one"):
        catalog.create_workspace("new", [])
    assert [workspace.name for workspace in catalog.list_workspaces()] == ["team"]


def test_a_workspace_gets_another_name_and_other_members(catalog: Catalog) -> None:
    alpha, beta, gamma = add(catalog, 1, "alpha"), add(catalog, 2, "beta"), add(catalog, 3, "gamma")
    team = catalog.create_workspace("team", ["alpha"])
    changed = catalog.change_workspace("TEAM", name="Crew", add=["beta", alpha.id])
    assert changed == Workspace(team.id, "Crew", (alpha, beta))
    assert catalog.get_workspace("crew") == changed
    assert catalog.change_workspace(team.id, add=["gamma"], remove=["beta", "gamma"]).members == (alpha,)
    assert catalog.change_workspace(team.id, sources=["gamma", "beta"]).members == (beta, gamma)
    assert catalog.change_workspace(team.id, name="crew") == Workspace(team.id, "crew", (beta, gamma))
    with pytest.raises(InvalidRequestError, match="at least one"):
        catalog.change_workspace("crew", sources=[])
    with pytest.raises(InvalidRequestError, match="at least one"):
        catalog.change_workspace("crew", remove=["beta", "gamma"])
    with pytest.raises(InvalidRequestError, match="is taken"):
        catalog.change_workspace("crew", name="alpha", add=["alpha"])
    with pytest.raises(NotFoundError, match="nobody"):
        catalog.change_workspace("crew", add=["alpha", "nobody"])
    for unknown in ("alpha", "nobody"):
        with pytest.raises(NotFoundError):
            catalog.change_workspace(unknown)
    assert catalog.get_workspace("crew").members == (beta, gamma)


def test_an_emptied_workspace_can_be_renamed_and_filled(catalog: Catalog) -> None:
    add(catalog, 1, "alpha")
    catalog.create_workspace("team", ["alpha"])
    catalog.remove_source("alpha")
    assert catalog.change_workspace("team", name="crew").members == ()
    assert catalog.change_workspace("crew", add=[add(catalog, 2, "beta").id]).members[0].name == "beta"


def test_removing_a_workspace_keeps_its_members(catalog: Catalog) -> None:
    source = add(catalog, 1)
    team = catalog.create_workspace("team", [source.id])
    assert catalog.remove_workspace("TEAM") == team
    assert catalog.list_workspaces() == []
    assert catalog.list_sources() == [source]
    assert catalog.create_workspace("team", [source.id]).id != team.id


def test_a_source_is_no_workspace_and_the_reverse(catalog: Catalog) -> None:
    source = add(catalog, 1, "shop")
    team = catalog.create_workspace("team", ["shop"])
    with pytest.raises(NotFoundError, match="is a workspace"):
        catalog.remove_source("team")
    with pytest.raises(NotFoundError, match="is a workspace"):
        catalog.get_source(team.id)
    with pytest.raises(NotFoundError, match="is a repository"):
        catalog.remove_workspace("shop")
    assert catalog.resolve("team") == team
    assert catalog.resolve("shop") == source


def test_a_removed_source_leaves_workspaces_runs_and_its_name(catalog: Catalog) -> None:
    one, two = add(catalog, 1, "one"), add(catalog, 2, "two")
    team, lonely = catalog.create_workspace("team", ["one", "two"]), catalog.create_workspace("lonely", ["one"])
    run_id = catalog.start_run(one.id)
    removed = catalog.remove_source("one")
    assert (removed.id, removed.state) == (one.id, SourceState.INDEXING)
    assert catalog.resolve("one") is None
    assert catalog.resolve(team.id) == Workspace(team.id, "team", (two,))
    assert catalog.resolve("lonely") == Workspace(lonely.id, "lonely", ())
    assert catalog.list_workspaces() == [Workspace(lonely.id, "lonely", ()), Workspace(team.id, "team", (two,))]
    assert catalog.latest_run(one.id) is None
    assert catalog.list_latest_runs() == {}
    with pytest.raises(NotFoundError, match="removed"):
        catalog.finish_run(run_id, commit="c", file_count=1, chunk_count=1)
    with pytest.raises(NotFoundError):
        catalog.report_progress(run_id, phase="chunk")
    with pytest.raises(NotFoundError):
        catalog.fail_run(run_id, "gone")
    add(catalog, 1, "one")
    assert catalog.resolve("lonely") == Workspace(lonely.id, "lonely", ())


# Runs


def test_a_key_keeps_its_rate(catalog: Catalog) -> None:
    for rate in (None, 0, 30):
        key, secret = catalog.create_key(f"rate {rate}", requests_per_minute=rate)
        assert key.requests_per_minute == rate
        assert catalog.authenticate(secret).requests_per_minute == rate
        assert catalog.find_principal(key.id).requests_per_minute == rate
    for wrong in (-1, 1_000_001):
        with pytest.raises(InvalidRequestError, match="requests a minute"):
            catalog.create_key("wrong", requests_per_minute=wrong)


def test_the_latest_runs_of_all_sources_are_read_together(catalog: Catalog) -> None:
    one, two = add(catalog, 1), add(catalog, 2)
    add(catalog, 3)
    catalog.start_run(one.id)
    runs = [catalog.start_run(source.id) for source in (two, one)]
    assert {source_id: run.id for source_id, run in catalog.list_latest_runs().items()} == {
        two.id: runs[0],
        one.id: runs[1],
    }


def test_a_finished_run_publishes_the_source(catalog: Catalog, clock: Clock) -> None:
    source = add(catalog, 1)
    run_id = catalog.start_run(source.id, "c1")
    assert catalog.get_source(source.id).state is SourceState.INDEXING
    assert catalog.get_source(source.id).run_id == 0
    started = clock.moment
    clock.moment += timedelta(seconds=5)
    catalog.report_progress(run_id, phase="chunking", files_done=40, files_total=120, chunks_done=400)
    run = catalog.latest_run(source.id)
    assert run is not None
    assert (run.id, run.source_id, run.state, run.commit) == (run_id, source.id, RunState.RUNNING, "c1")
    assert (run.phase, run.files_done, run.files_total, run.chunks_done) == ("chunking", 40, 120, 400)
    assert (run.started_at, run.updated_at, run.finished_at) == (started, clock.moment, None)
    assert (run.host, run.process_id) == (socket.gethostname(), os.getpid())
    clock.moment += timedelta(seconds=5)
    assert catalog.finish_run(run_id, commit="c2", file_count=120, chunk_count=1200) is True
    published = catalog.get_source(source.id)
    assert (published.state, published.commit, published.run_id) == (SourceState.READY, "c2", run_id)
    assert (published.file_count, published.chunk_count, published.message) == (120, 1200, None)
    assert published.indexed_at == clock.moment
    assert published.indexed_at.utcoffset() == timedelta(0)
    run = catalog.latest_run(source.id)
    assert run is not None
    assert (run.state, run.commit, run.finished_at) == (RunState.FINISHED, "c2", clock.moment)
    assert run.finished_at is not None
    assert run.finished_at.utcoffset() == timedelta(0)


def test_an_older_run_never_replaces_a_newer_one(catalog: Catalog) -> None:
    source = add(catalog, 1)
    older, newer = catalog.start_run(source.id), catalog.start_run(source.id)
    assert catalog.finish_run(newer, commit="new", file_count=2, chunk_count=2)
    published = catalog.get_source(source.id)
    assert catalog.finish_run(older, commit="old", file_count=1, chunk_count=1) is False
    assert catalog.get_source(source.id) == published
    assert published.commit == "new"


def test_run_ids_grow_over_all_sources_also_after_deletions(catalog: Catalog) -> None:
    first = catalog.start_run(add(catalog, 1).id)
    second = catalog.start_run(add(catalog, 2).id)
    catalog.remove_source(make_id(1))
    catalog.remove_source(make_id(2))
    third = catalog.start_run(add(catalog, 1).id)
    assert 0 < first < second < third


def test_a_failed_first_run_fails_the_source_and_a_later_one_does_not(catalog: Catalog) -> None:
    source = add(catalog, 1)
    catalog.fail_run(catalog.start_run(source.id), "cannot\nclone \0 \ud800")
    failed = catalog.get_source(source.id)
    assert (failed.state, failed.message) == (SourceState.FAILED, "cannot clone ?")
    run_id = catalog.start_run(source.id)
    assert catalog.get_source(source.id).state is SourceState.INDEXING
    assert catalog.get_source(source.id).message is None
    catalog.finish_run(run_id, commit="c", file_count=1, chunk_count=1)
    catalog.fail_run(catalog.start_run(source.id), "no network")
    kept = catalog.get_source(source.id)
    assert (kept.state, kept.commit, kept.run_id, kept.message) == (SourceState.READY, "c", run_id, "no network")
    catalog.finish_run(catalog.start_run(source.id), commit="d", file_count=1, chunk_count=1)
    assert catalog.get_source(source.id).message is None


def test_an_overtaken_failure_does_not_touch_the_source(catalog: Catalog) -> None:
    source = add(catalog, 1)
    older, newer = catalog.start_run(source.id), catalog.start_run(source.id)
    catalog.fail_run(older, "killed")
    assert catalog.get_source(source.id).state is SourceState.INDEXING
    latest = catalog.latest_run(source.id)
    assert latest is not None
    assert (latest.id, latest.state) == (newer, RunState.RUNNING)


def test_an_ended_run_takes_no_reports(catalog: Catalog) -> None:
    run_id = catalog.start_run(add(catalog, 1).id)
    catalog.fail_run(run_id, "no")
    with pytest.raises(NotFoundError):
        catalog.report_progress(run_id, phase="chunk")
    with pytest.raises(NotFoundError):
        catalog.start_run(make_id(7))


def test_only_the_last_runs_of_a_source_are_kept(catalog: Catalog, database_url: str) -> None:
    other = catalog.start_run(add(catalog, 2).id)
    source = add(catalog, 1)
    run_ids = [catalog.start_run(source.id) for _ in range(25)]
    engine = sqlalchemy.create_engine(database_url, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        kept = connection.exec_driver_sql("SELECT id FROM codesearch_index_runs ORDER BY id").scalars().all()
    assert kept == [other, *run_ids[5:]]


def test_progress_is_described_at_every_stage(catalog: Catalog, database_url: str, clock: Clock) -> None:
    source = catalog.add_source(id=make_id(1), name="shop", location="/srv/my shop", branch="main", subdir="api")
    command = "`codesearch index '/srv/my shop' --branch main --subdir api`"
    assert catalog.describe_progress(source) == f"never indexed; run {command}"
    run_id = catalog.start_run(source.id)
    assert catalog.describe_progress(source) == "indexing: just started"
    catalog.report_progress(run_id, phase="cloning")
    assert catalog.describe_progress(source) == "indexing: cloning"
    catalog.report_progress(run_id, phase="chunking", files_done=40, files_total=120)
    assert catalog.describe_progress(source) == "indexing: 40 of 120 files"
    assert catalog.describe_progress(source, in_detail=False) == "indexing: 40 of 120 files"
    assert [(of, run.id, run.files_done) for of, run in catalog.list_running().items()] == [(source.id, run_id, 40)]
    for change in (timedelta(hours=-1), timedelta(hours=2)):
        # Silent since an hour ago, or with the last word from a clock that was an hour ahead.
        clock.moment += change
        assert catalog.describe_progress(source) == f"its last run stopped at 40 of 120 files; run {command} again"
    catalog.fail_run(run_id, "No such branch: main.")
    assert catalog.describe_progress(source) == f"its last run failed: No such branch: main; run {command} again"
    assert catalog.describe_progress(source, in_detail=False).startswith("its last run did not finish;")
    process = run_process(start_and_die, database_url, source.id)
    process.join(60)
    assert process.exitcode == 9
    clock.moment = datetime.now(timezone.utc)
    assert catalog.list_running() == {}
    assert catalog.describe_progress(source) == f"its last run stopped at 40 of 120 files; run {command} again"
    catalog.finish_run(catalog.start_run(source.id), commit="c", file_count=120, chunk_count=1200)
    assert catalog.describe_progress(catalog.get_source(source.id)) == "indexed: 120 files, 1,200 chunks"


# Keys


def test_a_key_opens_until_it_is_revoked(catalog: Catalog, clock: Clock) -> None:
    assert catalog.has_keys() is False
    key, secret = catalog.create_key("ci")
    assert catalog.has_keys() is True
    assert secret.startswith(key.prefix)
    assert len(key.prefix) == 8
    principal = catalog.authenticate(secret)
    assert (principal.key_id, principal.name, principal.is_admin, principal.source_ids) == (key.id, "ci", False, None)
    assert catalog.list_keys() == [key]
    clock.moment += timedelta(days=1)
    revoked = catalog.revoke_key("CI")
    assert revoked.revoked_at == clock.moment
    assert catalog.has_keys() is False
    assert catalog.list_keys() == [revoked]
    with pytest.raises(AuthenticationError):
        catalog.authenticate(secret)


def test_the_secret_is_stored_nowhere(catalog: Catalog, database_url: str, tmp_path: Path) -> None:
    _, secret = catalog.create_key("ci")
    catalog.close()
    if database_url.startswith("sqlite"):
        stored = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    else:
        engine = sqlalchemy.create_engine(database_url, poolclass=sqlalchemy.NullPool)
        with engine.connect() as connection:
            stored = str(connection.exec_driver_sql("SELECT * FROM codesearch_api_keys").all()).encode()
    assert secret[:8].encode() in stored
    assert secret[8:].encode() not in stored


@pytest.mark.parametrize("handle", ["id", "name", "prefix", "secret"])
def test_a_key_is_revoked_by_any_handle(catalog: Catalog, handle: str) -> None:
    key, secret = catalog.create_key("ci")
    other, other_secret = catalog.create_key("other")
    handles = {"id": key.id, "name": "ci", "prefix": key.prefix, "secret": secret}
    assert catalog.revoke_key(handles[handle]).id == key.id
    with pytest.raises(AuthenticationError):
        catalog.authenticate(secret)
    assert catalog.authenticate(other_secret).key_id == other.id


def test_a_prefix_that_ends_in_a_sign_is_a_handle(catalog: Catalog) -> None:
    # One random prefix in 32 does.
    keys = [catalog.create_key(f"key {number}")[0] for number in range(300)]
    signed = next(key for key in keys if key.prefix[-1] in "-_")
    assert catalog.revoke_key(signed.prefix).id == signed.id


def test_revoking_twice_by_id_keeps_the_first_moment_and_by_name_finds_nothing(catalog: Catalog, clock: Clock) -> None:
    key, secret = catalog.create_key("ci")
    revoked = catalog.revoke_key("ci")
    clock.moment += timedelta(days=1)
    assert catalog.revoke_key(key.id) == revoked
    with pytest.raises(NotFoundError):
        catalog.revoke_key("ci")
    with pytest.raises(NotFoundError) as caught:
        catalog.revoke_key(secret[:-1] + ("a" if secret[-1] != "a" else "b"))
    assert secret[8:-1] not in caught.value.message


def test_the_names_of_living_keys_are_unique(catalog: Catalog, clock: Clock) -> None:
    old, old_secret = catalog.create_key("ci", expires_at=clock.moment + timedelta(days=30))
    with pytest.raises(InvalidRequestError, match="already"):
        catalog.create_key("CI")
    clock.moment += timedelta(days=30)
    with pytest.raises(AuthenticationError, match="expired"):
        catalog.authenticate(old_secret)
    assert catalog.has_keys() is False
    new, new_secret = catalog.create_key("ci")
    assert catalog.list_keys() == [old, new]
    assert catalog.revoke_key("ci").id == new.id
    with pytest.raises(AuthenticationError):
        catalog.authenticate(new_secret)
    assert catalog.revoke_key("ci").id == old.id


def test_expiry_is_kept_in_utc(catalog: Catalog, clock: Clock) -> None:
    noon = datetime(2026, 6, 1, 12, tzinfo=timezone(timedelta(hours=5)))
    _, secret = catalog.create_key("ci", expires_at=noon)
    assert catalog.list_keys()[0].expires_at == datetime(2026, 6, 1, 7, tzinfo=timezone.utc)
    clock.moment = noon - timedelta(microseconds=1)
    assert catalog.authenticate(secret).name == "ci"
    clock.moment = noon
    with pytest.raises(AuthenticationError):
        catalog.authenticate(secret)


def test_a_key_that_was_shown_earlier_is_asked_of_the_catalog_again(catalog: Catalog, clock: Clock) -> None:
    key, secret = catalog.create_key("ci", expires_at=clock.moment + timedelta(days=1))
    other, _ = catalog.create_key("other", is_admin=True)
    assert catalog.find_principal(key.id) == catalog.authenticate(secret)
    assert catalog.find_principal(other.id).is_admin
    clock.moment += timedelta(days=1)
    catalog.revoke_key("other")
    for key_id in (key.id, other.id, "", "f" * 24, secret):
        with pytest.raises(AuthenticationError):
            catalog.find_principal(key_id)


@pytest.mark.parametrize(
    "secret", ["", "cs_", "cs_" + "a" * 43, "cs_é", "\ud800", "cs_" + "a" * 10_000_000, "cs_\0", "' OR 1=1", "Bearer x"]
)
def test_any_other_secret_is_unknown(catalog: Catalog, secret: str) -> None:
    catalog.create_key("ci")
    with pytest.raises(AuthenticationError):
        catalog.authenticate(secret)


def test_a_scope_never_widens(catalog: Catalog) -> None:
    one, two = add(catalog, 1, "one"), add(catalog, 2, "two")
    _, both = catalog.create_key("both", source_ids=frozenset({one.id, "two"}))
    _, single = catalog.create_key("single", source_ids=frozenset({one.id}))
    _, nothing = catalog.create_key("nothing", source_ids=frozenset())
    assert catalog.authenticate(both).source_ids == frozenset({one.id, two.id})
    catalog.remove_source("one")
    assert catalog.authenticate(both).source_ids == frozenset({two.id})
    assert catalog.authenticate(single).source_ids == frozenset()
    assert catalog.authenticate(nothing).source_ids == frozenset()
    assert not catalog.authenticate(single).may_read(two.id)
    add(catalog, 1, "one")
    assert catalog.authenticate(single).source_ids == frozenset()
    assert [key.source_ids for key in catalog.list_keys()] == [frozenset({two.id}), frozenset(), frozenset()]


def test_an_admin_reads_everything(catalog: Catalog) -> None:
    _, secret = catalog.create_key("root", is_admin=True)
    assert catalog.authenticate(secret).is_admin
    assert catalog.authenticate(secret).may_read(make_id(1))


def test_wrong_keys_are_refused(catalog: Catalog, clock: Clock) -> None:
    add(catalog, 1, "one")
    with pytest.raises(NotFoundError, match="'two'"):
        catalog.create_key("ci", source_ids=frozenset({"one", "two"}))
    with pytest.raises(InvalidRequestError, match="not both"):
        catalog.create_key("ci", is_admin=True, source_ids=frozenset({"one"}))
    with pytest.raises(InvalidRequestError, match="to come"):
        catalog.create_key("ci", expires_at=clock.moment)
    with pytest.raises(InvalidRequestError, match="time zone"):
        catalog.create_key("ci", expires_at=datetime(2030, 1, 1))
    for name in ("", "a" * 24, "CS_abc", "x" * 101):
        with pytest.raises(InvalidRequestError):
            catalog.create_key(name)
    assert catalog.list_keys() == []


def test_revoking_reaches_another_open_catalog_at_once(catalog: Catalog, database_url: str) -> None:
    _, secret = catalog.create_key("ci")
    with open_catalog(database_url) as service:
        assert service.authenticate(secret).name == "ci"
        catalog.revoke_key("ci")
        with pytest.raises(AuthenticationError):
            service.authenticate(secret)


# Several at once


def test_threads_that_add_the_same_and_different_sources_all_succeed(catalog: Catalog) -> None:
    barrier = threading.Barrier(8)
    added: list[DataSource] = []

    def work() -> None:
        barrier.wait()
        for number in range(1, 6):
            added.append(catalog.add_source(id=make_id(number), suggested_names=["shop"], location=LOCATION))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(added) == 40
    assert set(added) == set(catalog.list_sources())
    assert [source.name for source in catalog.list_sources()] == ["shop", "shop-2", "shop-3", "shop-4", "shop-5"]


def test_processes_write_and_read_side_by_side(database_url: str) -> None:
    with open_catalog(database_url) as catalog:
        _, secret = catalog.create_key("reader")
    is_over = multiprocessing.get_context("spawn").Event()
    writers = [run_process(write, database_url, number) for number in range(2)]
    readers = [run_process(read, database_url, secret, is_over) for _ in range(2)]
    for process in writers:
        process.join(120)
    is_over.set()
    for process in readers:
        process.join(120)
    assert [process.exitcode for process in [*writers, *readers]] == [0, 0, 0, 0]
    with open_catalog(database_url) as catalog:
        assert [source.name for source in catalog.list_sources()] == ["own", "own-2", "shared"]
        assert all(source.state is SourceState.READY for source in catalog.list_sources() if source.name != "shared")


def test_processes_that_create_the_catalog_together_share_one(database_url: str) -> None:
    processes = [run_process(open_and_add, database_url, number) for number in (1, 1, 2, 2)]
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]
    with open_catalog(database_url) as catalog:
        assert [source.name for source in catalog.list_sources()] == ["shop", "shop-2"]


def test_a_reader_does_not_wait_for_a_long_write(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    with open_catalog(f"sqlite:///{path}") as catalog:
        add(catalog, 1, "one")
        writer = sqlite3.connect(path, isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("DELETE FROM codesearch_knowledge_bases")
        started = time.monotonic()
        assert catalog.resolve("one") is not None
        with open_catalog(f"sqlite:///{path}") as another:
            assert another.resolve("one") is not None
        assert time.monotonic() - started < 5
        writer.execute("ROLLBACK")
        writer.close()


# Opening


def test_a_sqlite_catalog_makes_its_folder_and_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "catalog.sqlite3"
    with open_catalog(f"sqlite:///{path}") as catalog:
        add(catalog, 1)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"catalog.sqlite3": 0o600, "catalog.sqlite3-wal": 0o600, "catalog.sqlite3-shm": 0o600}


def test_what_was_written_is_there_after_opening_again(database_url: str) -> None:
    with open_catalog(database_url) as catalog:
        source = add(catalog, 1)
    with open_catalog(database_url) as catalog:
        assert catalog.list_sources() == [source]


@pytest.mark.parametrize(("version", "remedy"), [(99, "upgrade"), (0, "index again")])
def test_another_schema_version_says_what_to_do(database_url: str, version: int, remedy: str) -> None:
    open_catalog(database_url).close()
    engine = sqlalchemy.create_engine(database_url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE codesearch_schema_version SET version = {version}")
    with pytest.raises(CatalogError, match=rf"schema {version}.*{remedy}") as caught:
        open_catalog(database_url)
    assert "sesame" not in caught.value.message


def test_a_file_that_is_no_database_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "catalog.sqlite3"
    path.write_text("not a database " * 100)
    with pytest.raises(CatalogError, match="not a database"):
        open_catalog(f"sqlite:///{path}")
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogError, match="Cannot open the catalog"):
        open_catalog(f"sqlite:///{tmp_path / 'file' / 'catalog.sqlite3'}")
    with pytest.raises(CatalogError, match="is a folder"):
        open_catalog(f"sqlite:///{tmp_path}")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "mysql://user:sesame@host/db",
        "postgresql+psycopg2://user:sesame@host/db",
        "postgresql://user:sesame@host:sesame/db",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?uri=true",
    ],
)
def test_an_unusable_url_names_the_setting_and_no_password(url: str) -> None:
    with pytest.raises(ConfigurationError, match="CODESEARCH_DATABASE_URL") as caught:
        open_catalog(url)
    assert "sesame" not in caught.value.message
    assert "sesame" not in repr(caught.value.__cause__)


@pytest.mark.skipif(importlib.util.find_spec("psycopg") is not None, reason="psycopg is installed")
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_missing_driver_says_what_to_install(scheme: str) -> None:
    with pytest.raises(ConfigurationError, match=r'pip install "codesearch\[postgres\]"'):
        open_catalog(f"{scheme}://user:sesame@127.0.0.1/db")


@pytest.mark.skipif(importlib.util.find_spec("psycopg") is None, reason="psycopg is not installed")
@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_an_unreachable_server_is_a_catalog_error_without_the_password(scheme: str) -> None:
    with pytest.raises(CatalogError, match=r"127\.0\.0\.1") as caught:
        open_catalog(f"{scheme}://user:sesame@127.0.0.1:{free_port()}/db")
    assert "sesame" not in caught.value.message
    assert "\n" not in caught.value.message


def test_every_short_postgres_scheme_works(postgres_schema_url: str) -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        url = sqlalchemy.make_url(postgres_schema_url).set(drivername=scheme)
        with open_catalog(url.render_as_string(hide_password=False)) as catalog:
            assert catalog.name.startswith("postgresql+psycopg://")
            assert "sesame" not in catalog.name


def test_a_database_that_vanishes_is_a_catalog_error(catalog: Catalog, database_url: str) -> None:
    engine = sqlalchemy.create_engine(database_url, poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        for table in ("api_key_scopes", "group_keys", "api_keys"):
            connection.exec_driver_sql(f"DROP TABLE codesearch_{table}")
    with pytest.raises(CatalogError, match="codesearch_api_keys") as caught:
        catalog.authenticate("cs_" + "a" * 43)
    assert "sesame" not in caught.value.message
    with pytest.raises(CatalogError):
        catalog.create_key("ci")


def test_text_that_cannot_be_stored_is_a_catalog_error(catalog: Catalog) -> None:
    with pytest.raises(CatalogError):
        catalog.add_source(id=make_id(1), name="a", location="/srv/\udcff")
    assert catalog.list_sources() == []


def test_the_log_of_changes_stays_small_beside_a_reader(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'catalog.sqlite3'}"
    with open_catalog(url) as reader, open_catalog(url) as writer:
        for number in range(60):
            writer.revoke_key(writer.create_key(f"key {number}")[0].name)
            reader.list_keys()
        assert (tmp_path / "catalog.sqlite3-wal").stat().st_size < 400_000
