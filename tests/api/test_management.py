"""The addresses for admins: sources, workspaces, keys and jobs over real parts; what they refuse, and whom."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from codesearch.api.management import JobKind, JobRequest
from codesearch.cli.admin import list_sources
from codesearch.cli.admin import remove_source as remove_at_shell
from codesearch.cli.management.job_process import _add as add_by_job
from codesearch.core.errors import AuthenticationError, JobsUnavailableError
from tests.api.admin_pages import AdminPages, serve_admin_pages
from tests.api.api_client import bearer, read_error

IDS = ("a" * 24, "b" * 24)
URL = "https://git.example.org/team/shop.git"
OPERATIONS = [
    ("GET", "/api/sources"),
    ("POST", "/api/sources"),
    ("POST", "/api/sources/refresh"),
    ("GET", "/api/sources/shop"),
    ("PATCH", "/api/sources/shop"),
    ("POST", "/api/sources/shop/refresh"),
    ("POST", "/api/sources/shop/merge"),
    ("POST", "/api/sources/shop/pause"),
    ("POST", "/api/sources/shop/resume"),
    ("DELETE", "/api/sources/shop"),
    ("GET", "/api/workspaces"),
    ("POST", "/api/workspaces"),
    ("GET", "/api/workspaces/team"),
    ("PATCH", "/api/workspaces/team"),
    ("DELETE", "/api/workspaces/team"),
    ("GET", "/api/keys"),
    ("POST", "/api/keys"),
    ("GET", f"/api/keys/{IDS[0]}"),
    ("DELETE", f"/api/keys/{IDS[0]}"),
    ("GET", "/api/jobs"),
    ("GET", "/api/jobs/1"),
    ("POST", "/api/jobs/1/cancel"),
    ("GET", "/api/organisations"),
    ("POST", "/api/organisations"),
    ("GET", "/api/organisations/acme"),
    ("PATCH", "/api/organisations/acme"),
    ("DELETE", "/api/organisations/acme"),
    ("POST", "/api/organisations/acme/discover"),
]


class Admin:
    """Somebody with a key, who asks the service."""

    def __init__(self, pages: AdminPages, *, is_admin: bool = True, name: str = "boss") -> None:
        self._client = pages.client
        self._headers = bearer(pages.catalog.create_key(name, is_admin=is_admin)[1])

    def send(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Send a request, with a JSON body where there is one."""
        given = {} if body is None else {"json": body}
        return self._client.request(method, path, headers=self._headers, **given)

    def get(self, path: str) -> dict[str, Any]:
        """Return what an address answers that is there."""
        return self.expect(200, "GET", path)

    def expect(self, status: int, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Return the answer, which has this status."""
        response = self.send(method, path, body)
        assert response.status_code == status, response.text
        value: dict[str, Any] = response.json()
        return value

    def refused(self, method: str, path: str, body: object = None) -> tuple[int, int, str]:
        """Return status, code and message of an error."""
        return read_error(self.send(method, path, body))


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
def admin(pages: AdminPages) -> Admin:
    return Admin(pages)


def names_of(items: list[dict[str, Any]]) -> list[str]:
    return [item["name"] for item in items]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_only_admin_keys_are_let_in_and_others_learn_nothing(pages: AdminPages, method: str, path: str) -> None:
    assert read_error(pages.client.request(method, path))[:2] == (401, 1004)
    somebody = Admin(pages, is_admin=False)
    for body in (None, {"nonsense": 1}):
        status, code, message = somebody.refused(method, path, body)
        assert (status, code) == (403, 1002)
        assert "admin key" in message


def test_nothing_is_managed_where_there_are_no_parts(tmp_path: Path) -> None:
    with serve_admin_pages(tmp_path / "data", is_managed=False) as pages:
        assert Admin(pages).refused("GET", "/api/sources") == (404, 1003, "Nothing is managed over HTTP here.")


def test_a_source_is_added_once_and_known_at_once(pages: AdminPages, admin: Admin) -> None:
    body = {"location": f" {URL} ", "branch": "main", "name": "Web shop", "refresh_minutes": 60}
    response = admin.send("POST", "/api/sources", body)
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    source, job = response.json()["source"], response.json()["job"]
    assert response.headers["location"] == f"/api/sources/{source['id']}"
    assert (source["name"], source["location"], source["branch"]) == ("Web shop", URL, "main")
    assert (source["state"], source["refresh_minutes"], source["paused"]) == ("processing", 60, False)
    assert (job["kind"], job["state"], job["source_id"], job["requested_by"]) == ("add", "queued", source["id"], "boss")
    assert source["job"] == job
    again = admin.expect(202, "POST", "/api/sources", body)
    assert (again["job"]["id"], again["source"]["id"]) == (job["id"], source["id"])
    assert admin.get("/api/sources")["total"] == 3
    assert admin.get("/api/sources/web shop")["id"] == source["id"]


def test_what_is_checked_out_is_no_branch(pages: AdminPages, admin: Admin) -> None:
    pages.catalog.add_source(id="c" * 24, name="x", location="/srv/x", branch="HEAD")
    pages.catalog.add_source(id="d" * 24, name="y", location="/srv/y", branch="next")
    shown = {item["name"]: item for item in admin.get("/api/sources")["sources"]}
    assert "branch" not in shown["x"]
    assert shown["x"]["committed"] is True
    assert shown["y"]["branch"] == "next"
    assert "committed" not in shown["y"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "location is missing."),
        ({"location": ""}, "location must have at least 1 character."),
        ({"location": " "}, "No source given"),
        ({"location": "/etc"}, "Only clone URLs"),
        ({"location": "file:///etc"}, "Only clone URLs"),
        ({"location": "https://me:hush@git.example.org/a"}, "login"),
        ({"location": URL, "branch": "-x"}, "branch"),
        ({"location": URL, "subdir": "../x"}, "sub-folder"),
        ({"location": URL, "name": "ledger"}, "is taken"),
        ({"location": URL, "name": "!"}, "cannot be a name"),
        ({"location": URL, "refresh_minutes": -1}, "refresh_minutes must be greater than or equal to 0."),
        ({"location": URL, "refresh_minutes": True}, "refresh_minutes"),
        ({"location": URL, "refresh": 5}, "Unknown field 'refresh'; there are location, branch"),
        ({"location": 7}, "location must be a valid string."),
        ({"location": "https://git.example.org/a\x00b"}, "control characters"),
        ([], "must be a JSON object"),
    ],
)
def test_a_wrong_source_is_explained_and_not_added(admin: Admin, body: object, told: str) -> None:
    status, code, message = admin.refused("POST", "/api/sources", body)
    assert (status, code) == (409 if told == "is taken" else 400, 1001)
    assert told in message
    assert "hush" not in message
    assert (admin.get("/api/sources")["total"], admin.get("/api/jobs")["total"]) == (2, 0)


def test_sources_are_listed_in_parts_and_by_state(pages: AdminPages, admin: Admin) -> None:
    first = admin.get("/api/sources?limit=1")
    assert (names_of(first["sources"]), first["total"], first["next_offset"]) == (["ledger"], 2, 1)
    rest = admin.get("/api/sources?limit=1&offset=1")
    assert (names_of(rest["sources"]), "next_offset" in rest) == (["shop"], False)
    assert names_of(admin.get("/api/sources?query=HO")["sources"]) == ["shop"]
    run = pages.catalog.start_run(IDS[0])
    pages.catalog.report_progress(run, phase="indexing", files_done=3, files_total=12)
    (working,) = admin.get("/api/sources?state=processing")["sources"]
    assert (working["name"], working["last_run"]["files_done"], working["last_run"]["state"]) == ("shop", 3, "running")
    pages.catalog.fail_run(run, "the host is away")
    (failed,) = admin.get("/api/sources?state=failed")["sources"]
    assert (failed["last_error"], failed["last_run"]["message"]) == ("the host is away", "the host is away")
    run = pages.catalog.start_run(IDS[0])
    pages.catalog.finish_run(run, commit="c" * 40, file_count=12, chunk_count=30)
    (ready,) = admin.get("/api/sources?state=ready")["sources"]
    assert (ready["commit"], ready["files"], ready["chunks"], ready["age_seconds"]) == ("c" * 40, 12, 30, 0)
    assert names_of(admin.get("/api/sources?state=new")["sources"]) == ["ledger"]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "offset=-1", "offset=²", "state=good"])
def test_a_wrong_query_is_explained(admin: Admin, query: str) -> None:
    assert admin.refused("GET", f"/api/sources?{query}")[:2] == (400, 1001)


def test_a_source_is_changed_paused_and_refreshed(pages: AdminPages, admin: Admin) -> None:
    changed = admin.expect(200, "PATCH", "/api/sources/shop", {"name": "store", "refresh_minutes": 5})
    assert (changed["name"], changed["refresh_minutes"]) == ("store", 5)
    assert "next_refresh_at" in changed
    changed = admin.expect(200, "PATCH", f"/api/sources/{IDS[0]}", {"refresh_minutes": None, "paused": True})
    assert ("refresh_minutes" in changed, changed["paused"], changed["name"]) == (False, True, "store")
    never = admin.expect(200, "PATCH", "/api/sources/store", {"refresh_minutes": 0})
    assert (never["refresh_minutes"], "next_refresh_at" in never) == (0, False)
    for _ in range(2):
        assert admin.expect(200, "POST", "/api/sources/store/resume")["paused"] is False
    for _ in range(2):
        assert admin.expect(200, "POST", "/api/sources/store/pause")["paused"] is True
    jobs = [admin.expect(202, "POST", "/api/sources/store/refresh")["job"]["id"] for _ in range(2)]
    assert jobs[0] == jobs[1]
    assert admin.expect(202, "POST", "/api/sources/refresh")["job"]["kind"] == "refresh all"
    merges = [admin.expect(202, "POST", "/api/sources/store/merge")["job"] for _ in range(2)]
    assert [(job["kind"], job["id"]) for job in merges] == [("merge", merges[0]["id"])] * 2
    assert admin.refused("PATCH", "/api/sources/store", {"name": "ledger"})[:2] == (409, 1001)
    assert admin.refused("PATCH", "/api/sources/store", {"nom": "x"})[:2] == (400, 1001)
    for method, path in OPERATIONS[3:10]:
        assert admin.refused(method, path.replace("shop", "nobody"), {})[:2] == (404, 1003)


def test_what_waits_for_a_source_is_held_while_it_is_paused(pages: AdminPages, admin: Admin) -> None:
    waiting = admin.expect(202, "POST", "/api/sources/shop/refresh")["job"]["id"]
    merging = admin.expect(202, "POST", "/api/sources/shop/merge")["job"]["id"]
    paused = admin.expect(200, "PATCH", "/api/sources/shop", {"paused": True})
    assert (paused["paused"], "job" in paused) == (True, False)
    held = admin.get(f"/api/jobs/{waiting}")
    assert (held["state"], held["message"].partition(".")[0]) == ("cancelled", "The source was paused before it began")
    assert admin.get(f"/api/jobs/{merging}")["state"] == "queued"
    # Who asks for it by name gets it all the same.
    wanted = admin.expect(202, "POST", "/api/sources/shop/refresh")["job"]["id"]
    assert wanted != waiting
    assert pages.assembly.jobs.get(wanted).request.even_if_paused
    resumed = admin.expect(200, "POST", "/api/sources/shop/resume")
    assert (resumed["paused"], resumed["job"]["id"]) == (False, wanted)
    pages.assembly.jobs.cancel(wanted)
    admin.expect(200, "POST", "/api/sources/shop/pause")
    caught_up = admin.expect(200, "POST", "/api/sources/shop/resume")["job"]
    assert (caught_up["kind"], caught_up["requested_by"], caught_up["state"]) == ("refresh", "boss", "queued")
    assert admin.expect(200, "POST", "/api/sources/shop/resume")["job"]["id"] == caught_up["id"]


def test_a_removed_source_is_out_of_sight_and_its_jobs_are_cancelled(pages: AdminPages, admin: Admin) -> None:
    refreshing = admin.expect(202, "POST", "/api/sources/shop/refresh")["job"]["id"]
    removed = admin.expect(202, "DELETE", "/api/sources/shop")
    assert (removed["removed"], removed["job"]["kind"]) == ({"id": IDS[0], "name": "shop"}, "remove")
    assert pages.assembly.removals.noted() == [IDS[0]]
    assert admin.get(f"/api/jobs/{refreshing}")["state"] == "cancelled"
    assert admin.refused("DELETE", "/api/sources/shop")[:2] == (404, 1003)


def test_without_the_database_of_the_jobs_nothing_is_half_done(tmp_path: Path) -> None:
    with serve_admin_pages(tmp_path / "data", jobs_url="postgresql://me:hush@127.0.0.1:9/none") as pages:
        admin = Admin(pages)
        pages.catalog.add_source(id=IDS[0], name="shop", location=URL)
        organisation = {"location": "https://gitlab.example.org/team"}
        for method, path, body in (
            ("POST", "/api/sources", {"location": f"{URL}2"}),
            ("POST", "/api/sources/shop/refresh", None),
            ("DELETE", "/api/sources/shop", None),
            ("POST", "/api/organisations", organisation),
            ("POST", "/api/organisations", organisation),
        ):
            response = admin.send(method, path, body)
            assert read_error(response)[:2] == (503, 2001), path
            assert int(response.headers["retry-after"]) > 0
            assert "hush" not in response.text
            assert "127.0.0.1" not in response.text
        assert names_of(admin.get("/api/sources")["sources"]) == ["shop"]
        assert pages.catalog.list_organisations() == []


def test_what_is_removed_while_the_jobs_go_away_is_removed(
    pages: AdminPages, admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise JobsUnavailableError("They are away.")

    monkeypatch.setattr(type(pages.assembly.jobs), "submit", refuse)
    assert "job" not in admin.expect(202, "DELETE", "/api/sources/shop")
    assert pages.assembly.removals.noted() == [IDS[0]]


def test_page_api_and_command_line_say_the_same_of_a_source(pages: AdminPages, admin: Admin) -> None:
    visit = pages.visit(name="clerk")

    def told() -> set[str]:
        # A command remembers the names of its help option from its first call: those of the whole command line.
        listed = CliRunner().invoke(
            list_sources,
            ["--json"],
            obj=SimpleNamespace(get=lambda: pages.assembly),
            help_option_names=["-h", "--help"],
        )
        row = re.search(r"<th scope=\"row\">shop<.*?</td>\s*<td>(\w+)", visit.read("/manage"), re.DOTALL)
        by_name = {item["name"]: item["state"] for item in json.loads(listed.stdout)["sources"]}
        assert row is not None
        return {row[1], by_name["shop"], admin.get("/api/sources/shop")["state"]}

    assert told() == {"new"}
    pages.assembly.jobs.submit(JobRequest(JobKind.REMOVE, "shop", IDS[0]), "boss")
    # It was added again since.
    assert told() == {"new"}
    job = admin.expect(202, "POST", "/api/sources/shop/refresh")["job"]["id"]
    assert told() == {"processing"}
    admin.expect(200, "POST", f"/api/jobs/{job}/cancel")
    run = pages.catalog.start_run(IDS[0])
    assert told() == {"processing"}
    pages.catalog.fail_run(run, "no such branch")
    assert told() == {"failed"}


def test_what_is_removed_at_a_shell_is_not_added_again_by_what_waits(pages: AdminPages, admin: Admin) -> None:
    added = admin.expect(201, "POST", "/api/sources", {"location": URL})
    remove_at_shell(pages.assembly, pages.catalog.get_source(added["source"]["id"]))
    assert admin.get(f"/api/jobs/{added['job']['id']}")["state"] == "cancelled"


def test_a_name_that_was_changed_while_a_source_waits_stays(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "cart.py").write_text("def add(item):\n    return [item]\n")
    with serve_admin_pages(tmp_path / "data", page_paths=True) as pages:
        admin = Admin(pages)
        added = admin.expect(201, "POST", "/api/sources", {"location": str(folder), "name": "old"})
        source = f"/api/sources/{added['source']['id']}"
        admin.expect(200, "PATCH", source, {"name": "new"})
        add_by_job(pages.assembly, None, pages.assembly.jobs.get(added["job"]["id"]).request)
        assert pages.catalog.get_source(added["source"]["id"]).name == "new"


def test_jobs_are_found_shown_and_cancelled(admin: Admin) -> None:
    for name in ("shop", "ledger"):
        admin.expect(202, "POST", f"/api/sources/{name}/refresh")
    admin.expect(202, "POST", "/api/sources/refresh")
    listed = admin.get("/api/jobs")
    assert [job["title"] for job in listed["jobs"]] == ["all sources", "ledger", "shop"]
    (job,) = admin.get("/api/jobs?source=shop&kind=refresh&state=queued")["jobs"]
    assert admin.get(f"/api/jobs/{job['id']}") == job
    for _ in range(2):
        assert admin.expect(200, "POST", f"/api/jobs/{job['id']}/cancel")["state"] == "cancelled"
    assert admin.get("/api/jobs?state=queued")["total"] == 2
    assert admin.get("/api/jobs?limit=1&offset=1")["next_offset"] == 2
    assert admin.get("/api/jobs?kind=remove")["jobs"] == []
    for path in ("/api/jobs/1", f"/api/jobs/{'0' * 20}-{'0' * 8}", "/api/jobs/..%5Cx"):
        assert admin.refused("GET", path)[:2] == (404, 1003)
    assert admin.refused("GET", "/api/jobs?kind=dance")[:2] == (400, 1001)


def test_jobs_that_are_too_many_are_to_come_again_and_leave_nothing(
    admin: Admin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codesearch.jobs.queue.MAX_QUEUED", 5)
    for number in range(5):
        admin.expect(201, "POST", "/api/sources", {"location": f"https://git.example.org/many/{number}"})
    response = admin.send("POST", "/api/sources", {"location": URL})
    assert read_error(response)[:2] == (429, 1005)
    assert int(response.headers["retry-after"]) > 0
    assert admin.get("/api/sources")["total"] == 7


def test_a_workspace_is_created_changed_and_removed(admin: Admin) -> None:
    response = admin.send("POST", "/api/workspaces", {"name": "team", "sources": ["shop"]})
    assert response.status_code == 201
    assert admin.get(response.headers["location"]) == response.json()
    assert names_of(response.json()["members"]) == ["shop"]
    changed = admin.expect(200, "PATCH", "/api/workspaces/team", {"name": "crew", "add": ["ledger", "shop"]})
    assert (changed["name"], names_of(changed["members"])) == ("crew", ["ledger", "shop"])
    changed = admin.expect(200, "PATCH", "/api/workspaces/crew", {"remove": ["shop", IDS[0]]})
    assert names_of(changed["members"]) == ["ledger"]
    changed = admin.expect(200, "PATCH", "/api/workspaces/crew", {"sources": [IDS[0]]})
    assert names_of(changed["members"]) == ["shop"]
    for body, status in (
        ({"remove": ["shop"]}, 400),
        ({"sources": []}, 400),
        ({"name": "ledger", "add": ["ledger"]}, 409),
        ({"add": ["nobody"]}, 404),
        ({"members": ["ledger"]}, 400),
    ):
        assert admin.refused("PATCH", "/api/workspaces/crew", body)[0] == status
    assert admin.get("/api/workspaces?query=cr")["workspaces"] == [changed]
    assert admin.refused("POST", "/api/workspaces", {"name": "crew", "sources": ["shop"]})[:2] == (409, 1001)
    assert admin.refused("POST", "/api/workspaces", {"name": "new", "sources": ["nobody"]})[:2] == (404, 1003)
    assert admin.expect(200, "DELETE", "/api/workspaces/crew")["removed"]["name"] == "crew"
    for method, path in OPERATIONS[12:15]:
        assert admin.refused(method, path, {})[:2] == (404, 1003)
    assert admin.refused("DELETE", "/api/workspaces/shop")[:2] == (404, 1003)
    refused = admin.refused("DELETE", "/api/workspaces/crew")
    assert refused == (404, 1003, "No such workspace: 'crew'. GET /api/workspaces lists them.")


def test_a_key_is_made_shown_once_and_revoked(
    pages: AdminPages, admin: Admin, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "codesearch")
    group = pages.catalog.create_group("crew", [IDS[1]])
    body = {"name": "Dify", "sources": ["shop"], "groups": ["crew"], "expires_days": 30}
    response = admin.send("POST", "/api/keys", body)
    pages.catalog.delete_group(group.id)
    assert (response.status_code, response.headers["cache-control"]) == (201, "no-store")
    made, secret = response.json()["key"], response.json()["secret"]
    assert (made["sources"], made["groups"], made["admin"], made["state"]) == ([IDS[0]], ["crew"], False, "active")
    assert pages.catalog.authenticate(secret).source_ids == frozenset({IDS[0]})
    assert secret not in admin.send("GET", "/api/keys").text
    assert admin.get(response.headers["location"])["name"] == "Dify"
    assert admin.refused("POST", "/api/keys", {"name": "DIFY"})[:2] == (409, 1001)
    for _ in range(2):
        assert admin.expect(200, "DELETE", f"/api/keys/{made['id']}")["state"] == "revoked"
    with pytest.raises(AuthenticationError):
        pages.catalog.authenticate(secret)
    assert names_of(admin.get("/api/keys?state=active")["keys"]) == ["boss"]
    assert secret not in caplog.text
    deeds = [record.getMessage() for record in caplog.records if "key was" in record.getMessage()]
    assert deeds == ["a key was created", "a key was revoked", "a key was revoked"]


def test_a_key_has_a_rate_of_its_own(pages: AdminPages, admin: Admin) -> None:
    made = admin.expect(201, "POST", "/api/keys", {"name": "slow", "requests_per_minute": 30})
    assert made["key"]["requests_per_minute"] == 30
    assert "30 requests a minute" in pages.visit(name="chief").read("/manage/keys")
    headers = bearer(made["secret"])
    statuses = [pages.client.get("/api/datasources/all", headers=headers).status_code for _ in range(21)]
    assert statuses == [200] * 20 + [429]
    refused = pages.client.get("/api/datasources/all", headers=headers)
    assert "more than 30 requests a minute (its own limit)" in read_error(refused)[2]
    assert int(refused.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"name": "x", "requests_per_minute": -1}, 400),
        ({"name": "!"}, 400),
        ({"name": "boss"}, 409),
        ({"name": "x", "sources": ["nobody"]}, 404),
        ({"name": "x", "groups": ["nobody"]}, 404),
        ({"name": "x", "admin": True, "sources": ["shop"]}, 400),
        ({"name": "x", "admin": "yes"}, 400),
        ({"name": "x", "expires_days": 0}, 400),
        ({"name": "x", "secret": "mine"}, 400),
    ],
)
def test_a_wrong_key_is_explained_and_not_made(admin: Admin, body: object, status: int) -> None:
    assert admin.refused("POST", "/api/keys", body)[0] == status
    assert names_of(admin.get("/api/keys?state=active")["keys"]) == ["boss"]


def test_a_key_that_reads_no_source_is_not_one_that_reads_all(admin: Admin) -> None:
    made = admin.expect(201, "POST", "/api/keys", {"name": "nothing", "sources": []})["key"]
    assert made["sources"] == []


def test_a_source_is_no_key_and_a_prefix_is_none(admin: Admin) -> None:
    for given in ("boss", IDS[0], "cs_"):
        assert admin.refused("DELETE", f"/api/keys/{given}")[:2] == (404, 1003)


def test_a_wrong_method_is_told_the_right_ones(admin: Admin) -> None:
    status, code, message = admin.refused("PUT", "/api/sources/shop")
    assert (status, code) == (405, 1001)
    assert "DELETE" in message
