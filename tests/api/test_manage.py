"""The pages for admins: what they change, what they refuse, and that nobody else sees any of it."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from codesearch.api.management import Job
from codesearch.core.errors import AuthenticationError
from codesearch.jobs.queue import JobQueue
from tests.api.admin_pages import AdminPages, Visit, serve_admin_pages

IDS = ("a" * 24, "b" * 24)
URL = "https://git.example.org/team/shop.git"
PAGES = (
    "/manage",
    "/manage/state",
    "/manage/keys",
    "/manage/organisations",
    f"/manage/organisations/{IDS[0]}/remove",
    "/manage/workspaces",
    f"/manage/sources/{IDS[0]}",
    f"/manage/sources/{IDS[0]}/remove",
    f"/manage/sources/{'f' * 24}/remove",
    f"/manage/keys/{IDS[0]}/revoke",
    f"/manage/workspaces/{IDS[0]}/remove",
)
FORMS = (
    "/manage/sources",
    "/manage/sources/refresh",
    f"/manage/sources/{IDS[0]}/refresh",
    f"/manage/sources/{'f' * 24}/refresh",
    f"/manage/sources/{IDS[0]}",
    f"/manage/sources/{IDS[0]}/merge",
    f"/manage/sources/{IDS[0]}/remove",
    "/manage/jobs/1/cancel",
    "/manage/organisations",
    f"/manage/organisations/{IDS[0]}/discover",
    f"/manage/organisations/{IDS[0]}/remove",
    "/manage/keys",
    f"/manage/keys/{IDS[0]}/revoke",
    "/manage/workspaces",
    f"/manage/workspaces/{IDS[0]}/remove",
)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminPages]:
    with serve_admin_pages(tmp_path_factory.mktemp("managed") / "data") as pages:
        yield pages


@pytest.fixture
def pages(service: AdminPages) -> AdminPages:
    """The service with two sources that were never indexed."""
    service.reset()
    for source_id, name in zip(IDS, ("shop", "ledger"), strict=True):
        service.catalog.add_source(id=source_id, name=name, location=f"https://git.example.org/{name}")
    return service


@pytest.fixture
def admin(pages: AdminPages) -> Visit:
    return pages.visit()


def titles_of(text: str) -> list[tuple[str, str]]:
    """Return state and title of the jobs on a page."""
    return re.findall(r'class="badge \w+">(\w+)</span> <strong>([^<]+)</strong>', text)


@pytest.mark.parametrize("path", PAGES)
def test_only_admins_see_a_page(pages: AdminPages, path: str) -> None:
    response = pages.client.get(path, headers={"Accept": "text/html"})
    assert (response.status_code, response.headers["location"].partition("?")[0]) == (303, "/login")
    refused = pages.visit(is_admin=False).get(path)
    assert refused.status_code == 403
    assert not re.search("shop|ledger", refused.text)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_answers_head(admin: Visit, path: str) -> None:
    assert admin.send("HEAD", path, headers={}).status_code == admin.get(path).status_code


@pytest.mark.parametrize("path", FORMS)
def test_only_admins_send_a_form_and_only_from_our_pages(pages: AdminPages, path: str) -> None:
    before = (pages.catalog.list_sources(), pages.catalog.list_workspaces(), len(pages.catalog.list_keys()))
    assert pages.client.request("POST", path, data={"name": "x"}).status_code == 303
    somebody, admin = pages.visit(is_admin=False, name="somebody"), pages.visit()
    refused = somebody.submit(path, name="x", location=URL, source=IDS[0])
    assert refused.status_code == 403
    assert not re.search("shop|ledger", refused.text)
    for token in ("", "wrong"):
        assert admin.submit(path, token=token, name="x", location=URL, source=IDS[0]).status_code == 403
    assert titles_of(admin.read("/manage")) == []
    after = (pages.catalog.list_sources(), pages.catalog.list_workspaces(), len(pages.catalog.list_keys()) - 2)
    assert after == before


def test_the_way_to_the_pages_is_shown_to_admins_alone(pages: AdminPages) -> None:
    assert 'href="/manage"' in pages.visit().read("/sources")
    assert 'href="/manage"' not in pages.visit(is_admin=False, name="somebody").read("/sources")


def test_a_source_to_be_added_waits_for_its_turn_and_can_be_stopped(admin: Visit) -> None:
    done = admin.submit("/manage/sources", location=f" {URL} ", branch="main", subdir="web", name="Web shop")
    assert (done.status_code, done.headers["location"]) == (303, "/manage")
    admin.submit("/manage/sources", location="pallets/flask")
    text = admin.read("/manage")
    assert titles_of(text) == [("queued", "add flask"), ("queued", "add Web shop")]
    assert 'data-busy="yes"' in text
    job = re.findall(r"/manage/jobs/([^/]+)/cancel", text)[-1]
    assert admin.submit(f"/manage/jobs/{job}/cancel").status_code == 303
    state = admin.read("/manage/state")
    assert titles_of(state) == [("queued", "add flask"), ("cancelled", "add Web shop")]
    assert "<html" not in state
    assert admin.submit("/manage/jobs/1/cancel").status_code == 404


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"location": ""}, "No source given"),
        ({"location": "/etc"}, "Only clone URLs"),
        ({"location": "file:///etc"}, "Only clone URLs"),
        ({"location": "https://me:hush@git.example.org/a"}, "login"),
        ({"location": URL, "branch": "-x"}, "branch"),
        ({"location": URL, "subdir": "../x"}, "sub-folder"),
        ({"location": URL, "name": "ledger"}, "is taken"),
        ({"location": URL, "name": "!"}, "cannot be a name"),
    ],
)
def test_a_wrong_address_is_explained_beside_what_was_typed(admin: Visit, fields: dict[str, str], told: str) -> None:
    response = admin.submit("/manage/sources", **fields)
    assert response.status_code == (409 if told == "is taken" else 400)
    assert told in response.text
    for value in fields.values():
        assert f'value="{value}"' in response.text
    assert titles_of(admin.read("/manage")) == []


def test_nothing_is_left_to_do_where_a_name_was_taken_meanwhile(
    pages: AdminPages, admin: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = JobQueue.submit

    def submit_beside_another(queue: JobQueue, *given: Any) -> Job:
        job = submit(queue, *given)
        pages.catalog.add_source(id="c" * 24, name="quick", location="https://git.example.org/team/quick.git")
        return job

    monkeypatch.setattr(JobQueue, "submit", submit_beside_another)
    response = admin.submit("/manage/sources", location=URL, name="quick")
    assert (response.status_code, "is taken" in response.text) == (409, True)
    assert titles_of(admin.read("/manage")) == [("cancelled", "add quick")]


def test_paths_are_taken_where_a_setting_says_so(tmp_path: Path) -> None:
    with serve_admin_pages(tmp_path / "data", page_paths=True) as pages:
        admin = pages.visit()
        assert "a path on the service's machine" in admin.read("/manage")
        assert admin.submit("/manage/sources", location=str(tmp_path), name="here").status_code == 303
        assert titles_of(admin.read("/manage")) == [("queued", "add here")]


def test_without_the_database_of_the_jobs_the_rest_is_there(tmp_path: Path) -> None:
    with serve_admin_pages(tmp_path / "data", jobs_url="postgresql://me:hush@127.0.0.1:9/none") as pages:
        pages.catalog.add_source(id=IDS[0], name="shop", location=URL)
        admin = pages.visit()
        text = admin.read("/manage")
        assert "The jobs cannot be shown now" in text
        assert "shop" in text
        for path, fields in (("/manage/sources", {"location": URL}), (f"/manage/sources/{IDS[0]}/refresh", {})):
            refused = admin.submit(path, **fields)
            assert refused.status_code == 503
            assert "hush" not in refused.text
        assert admin.submit(f"/manage/sources/{IDS[0]}/remove").status_code == 503
        assert pages.catalog.resolve("shop") is not None
        assert admin.submit("/manage/keys", name="x", reads="everything").status_code == 200


def test_sources_are_refreshed_one_or_all(admin: Visit) -> None:
    for path in (f"/manage/sources/{IDS[0]}/refresh", f"/manage/sources/{IDS[0]}/refresh", "/manage/sources/refresh"):
        assert admin.submit(path).status_code == 303
    assert titles_of(admin.read("/manage")) == [("queued", "refresh all sources"), ("queued", "refresh shop")]
    assert admin.submit(f"/manage/sources/{'f' * 24}/refresh").status_code == 404


def test_a_source_is_scheduled_paused_and_merged(pages: AdminPages, admin: Visit) -> None:
    address = f"/manage/sources/{IDS[0]}"
    text = admin.read(address)
    assert ('name="refresh_minutes" value=""' in text, "checked" in text) == (True, False)
    assert f'href="{address}"' in admin.read("/manage")
    admin.submit(f"{address}/refresh")
    assert admin.submit(address, refresh_minutes="90", paused="yes").status_code == 303
    source = pages.catalog.get_source("shop")
    assert (source.refresh_minutes, source.is_paused) == (90, True)
    assert titles_of(admin.read("/manage")) == [("cancelled", "refresh shop")]
    text = admin.read(address)
    assert ('name="refresh_minutes" value="90"' in text, "checked" in text) == (True, True)
    assert "<br>paused" in admin.read("/manage")
    assert admin.submit(address, refresh_minutes="0").status_code == 303
    source = pages.catalog.get_source("shop")
    assert (source.refresh_minutes, source.next_refresh_at, source.is_paused) == (0, None, False)
    assert admin.submit(address, refresh_minutes="").status_code == 303
    assert pages.catalog.get_source("shop").refresh_minutes is None
    for wrong, told in (("soon", "a whole number"), ("-5", "a whole number"), ("999999", "which is a year")):
        response = admin.submit(address, refresh_minutes=wrong, paused="yes")
        assert (response.status_code, told in response.text, f'value="{wrong}"' in response.text) == (400, True, True)
    assert not pages.catalog.get_source("shop").is_paused
    assert admin.submit(f"{address}/merge").status_code == 303
    assert ("queued", "merge shop") in titles_of(admin.read("/manage"))
    for path in (f"/manage/sources/{'f' * 24}", f"/manage/sources/{'f' * 24}/merge"):
        assert admin.submit(path, refresh_minutes="5").status_code == 404


def test_a_removed_source_is_out_of_sight_at_once_and_its_jobs_are_stopped(pages: AdminPages, admin: Visit) -> None:
    admin.submit(f"/manage/sources/{IDS[0]}/refresh")
    assert "Remove shop?" in admin.read(f"/manage/sources/{IDS[0]}/remove")
    assert pages.catalog.resolve("shop") is not None
    assert admin.submit(f"/manage/sources/{IDS[0]}/remove").status_code == 303
    assert pages.catalog.resolve("shop") is None
    assert pages.assembly.removals.noted() == [IDS[0]]
    assert titles_of(admin.read("/manage")) == [("queued", "remove shop"), ("cancelled", "refresh shop")]
    assert admin.submit(f"/manage/sources/{IDS[0]}/remove").status_code == 404


def test_an_organisation_is_added_looked_at_and_removed(pages: AdminPages, admin: Visit) -> None:
    assert "There is none yet" in admin.read("/manage/organisations")
    fields = {"include": "shop-*, team/*", "exclude": "*-old", "forks": "yes", "discover_minutes": "60"}
    added = admin.submit("/manage/organisations", location="https://gitlab.example.org/team", name="Team", **fields)
    assert (added.status_code, added.headers["location"]) == (303, "/manage/organisations")
    (found,) = pages.catalog.list_organisations()
    assert (found.name, found.location, found.kind.value) == ("Team", "https://gitlab.example.org/team", "gitlab")
    assert (found.include, found.exclude, found.takes_forks, found.prunes) == (
        ("shop-*", "team/*"),
        ("*-old",),
        True,
        False,
    )
    assert (found.discover_minutes, found.refresh_minutes) == (60, None)
    assert titles_of(admin.read("/manage")) == [("queued", "discover Team")]
    pages.catalog.note_discovery(found.id, "the host is away", has_failed=True)
    text = admin.read("/manage/organisations")
    assert re.search(r"Team.*gitlab.*only shop-\*, team/\*.*the host is away", text, re.DOTALL)
    assert admin.submit(f"/manage/organisations/{found.id}/discover").status_code == 303
    assert "Remove the organisation Team?" in admin.read(f"/manage/organisations/{found.id}/remove")
    assert admin.submit(f"/manage/organisations/{found.id}/remove").status_code == 303
    assert pages.catalog.list_organisations() == []
    assert titles_of(admin.read("/manage")) == [("cancelled", "discover Team")]
    assert admin.submit(f"/manage/organisations/{found.id}/remove").status_code == 404


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"location": ""}, "http or https"),
        ({"location": "https://code.example.org/team"}, "give its kind"),
        ({"location": "https://github.com/team", "discover_minutes": "often"}, "whole number"),
        ({"location": "https://github.com/team", "name": "!"}, "cannot be a name"),
    ],
)
def test_a_wrong_organisation_is_explained_beside_what_was_typed(
    admin: Visit, fields: dict[str, str], told: str
) -> None:
    response = admin.submit("/manage/organisations", **fields)
    assert response.status_code == 400
    assert told in response.text
    for value in fields.values():
        assert f'value="{value}"' in response.text
    assert "There is none yet" in response.text


def test_a_run_from_elsewhere_is_seen(pages: AdminPages, admin: Visit) -> None:
    run = pages.catalog.start_run(IDS[0])
    pages.catalog.report_progress(run, phase="indexing", files_done=3, files_total=12)
    text = admin.read("/manage")
    assert "3 of 12 files" in text
    assert 'data-busy="yes"' in text
    pages.catalog.fail_run(run, "the host is away")
    text = admin.read("/manage")
    assert "the host is away" in text
    assert 'data-busy="no"' in text


def secret_in(text: str) -> str:
    (found,) = set(re.findall(r"cs_[A-Za-z0-9_-]{43}", text))
    return str(found)


def test_a_key_is_created_shown_once_and_revoked(
    pages: AdminPages, admin: Visit, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "codesearch")
    response = admin.submit("/manage/keys", name="Dify", reads="some", source=[IDS[1]], days="30", rate="120")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-store"
    secret = secret_in(response.text)
    principal = pages.catalog.authenticate(secret)
    assert (principal.source_ids, principal.is_admin) == (frozenset({IDS[1]}), False)
    key = pages.find_key("Dify")
    assert key.expires_at is not None
    assert key.requests_per_minute == 120
    assert timedelta(days=29) < key.expires_at - datetime.now(timezone.utc) <= timedelta(days=30)
    text = admin.read("/manage/keys")
    assert secret not in text
    assert re.search(r"Dify.*ledger.*no.*active", text, re.DOTALL)
    assert "Revoke the key Dify?" in admin.read(f"/manage/keys/{key.id}/revoke")
    assert pages.catalog.authenticate(secret) == principal
    assert admin.submit(f"/manage/keys/{key.id}/revoke").status_code == 303
    with pytest.raises(AuthenticationError):
        pages.catalog.authenticate(secret)
    assert "revoked" in admin.read("/manage/keys")
    deeds = [
        (record.getMessage(), record.__dict__["fields"])
        for record in caplog.records
        if "key was" in record.getMessage()
    ]
    assert deeds == [
        ("a key was created", {"key": "boss", "created": "Dify", "admin": "no"}),
        ("a key was revoked", {"key": "boss", "revoked": "Dify"}),
    ]
    assert secret not in caplog.text


def test_a_key_may_ask_what_a_group_reads(pages: AdminPages, admin: Visit) -> None:
    assert "Groups, for a key" not in admin.read("/manage/keys")
    group = pages.catalog.create_group("team", [IDS[1]])
    try:
        assert "Groups, for a key" in admin.read("/manage/keys")
        secret = secret_in(admin.submit("/manage/keys", name="grouped", reads="some", group=[group.id]).text)
        assert pages.catalog.authenticate(secret).source_ids == frozenset({IDS[1]})
        assert "group team" in admin.read("/manage/keys")
        refused = admin.submit("/manage/keys", name="x", reads="everything", group=[group.id])
        assert (refused.status_code, "reads only those" in refused.text) == (400, True)
        assert admin.submit("/manage/keys", name="x", reads="some", group=["nobody"]).status_code == 404
    finally:
        pages.catalog.delete_group(group.id)
    assert pages.catalog.authenticate(secret).source_ids == frozenset()


@pytest.mark.parametrize(("reads", "is_admin"), [("everything", False), ("admin", True)])
def test_a_key_may_ask_everything(pages: AdminPages, admin: Visit, reads: str, is_admin: bool) -> None:
    secret = secret_in(admin.submit("/manage/keys", name="wide", reads=reads).text)
    principal = pages.catalog.authenticate(secret)
    assert (principal.source_ids, principal.is_admin) == (None, is_admin)


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"name": ""}, 400, "needs a name"),
        ({"name": "boss"}, 409, "already"),
        ({"name": "x", "reads": "some"}, 400, "at least one"),
        ({"name": "x", "reads": "everything", "source": IDS[0]}, 400, "reads only those"),
        ({"name": "x", "reads": "admin", "source": IDS[0]}, 400, "reads only those"),
        ({"name": "x", "reads": "nonsense"}, 400, "reads everything"),
        ({"name": "x", "reads": "some", "source": "f" * 24}, 404, "No such repository"),
        ({"name": "x", "days": "0"}, 400, "1 to 36500"),
        ({"name": "x", "days": "-1"}, 400, "1 to 36500"),
        ({"name": "x", "days": "soon"}, 400, "1 to 36500"),
        ({"name": "x", "days": "99999"}, 400, "1 to 36500"),
        ({"name": "x", "rate": "many"}, 400, "whole number of requests"),
        ({"name": "x", "rate": "999999999"}, 400, "requests a minute"),
    ],
)
def test_a_wrong_key_is_explained(
    pages: AdminPages, admin: Visit, fields: dict[str, str], status: int, told: str
) -> None:
    before = len(pages.catalog.list_keys())
    response = admin.submit("/manage/keys", **fields)
    assert (response.status_code, told in response.text) == (status, True)
    assert len(pages.catalog.list_keys()) == before


def test_an_admin_who_revokes_the_own_key_is_out(pages: AdminPages, admin: Visit) -> None:
    own = pages.find_key("boss")
    assert "this very key" in admin.read(f"/manage/keys/{own.id}/revoke")
    admin.submit(f"/manage/keys/{own.id}/revoke")
    assert admin.get("/manage/keys").status_code == 303


def test_a_key_is_named_by_its_id_alone(pages: AdminPages, admin: Visit) -> None:
    assert admin.get("/manage/keys/boss/revoke").status_code == 404
    assert admin.submit("/manage/keys/boss/revoke").status_code == 404


def test_workspaces_are_created_and_removed(pages: AdminPages, admin: Visit) -> None:
    assert admin.submit("/manage/workspaces", name="Team", source=list(IDS)).status_code == 303
    (made,) = pages.catalog.list_workspaces()
    assert [member.name for member in made.members] == ["ledger", "shop"]
    assert "ledger, shop" in admin.read("/manage/workspaces")
    assert "Remove the workspace Team?" in admin.read(f"/manage/workspaces/{made.id}/remove")
    assert admin.submit(f"/manage/workspaces/{made.id}/remove").status_code == 303
    assert pages.catalog.list_workspaces() == []
    assert len(pages.catalog.list_sources()) == 2
    for status, wrong in (
        (400, {"name": "Team"}),
        (400, {"name": "", "source": IDS[0]}),
        (409, {"name": "shop", "source": IDS[0]}),
    ):
        assert admin.submit("/manage/workspaces", **wrong).status_code == status
    assert admin.get(f"/manage/workspaces/{IDS[0]}/remove").status_code == 404


def test_what_repositories_are_called_is_text(pages: AdminPages, admin: Visit) -> None:
    pages.catalog.add_source(id="c" * 24, name="x", location="https://git.example.org/<script>", branch='"><b>')
    assert "<script>" in admin.read("/manage")
    for path in ("/manage", "/manage/keys", "/manage/workspaces"):
        response = admin.get(path)
        assert not re.search(r"<script>|<b>", response.text)


def test_a_commit_that_is_checked_out_is_no_branch(pages: AdminPages, admin: Visit) -> None:
    pages.catalog.add_source(id="c" * 24, name="x", location="/srv/x", branch="HEAD")
    pages.catalog.add_source(id="d" * 24, name="y", location="/srv/y", branch="next")
    shown = admin.read("/manage")
    assert "branch HEAD" not in shown
    assert "as committed" in shown
    assert "branch next" in shown


def test_without_its_parts_nothing_is_managed(tmp_path: Path) -> None:
    with serve_admin_pages(tmp_path / "data", is_managed=False) as pages:
        admin = pages.visit()
        assert admin.get("/manage").status_code == 404
        assert admin.submit("/manage/keys", name="x").status_code == 404
