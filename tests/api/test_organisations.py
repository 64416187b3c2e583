"""Organisations over HTTP, and what looking for their repositories does to sources and jobs; no job is done here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from codesearch.cli.management.discovery import Discovery, discover
from codesearch.core.errors import CodeHostError
from tests.api.admin_pages import AdminPages, serve_admin_pages
from tests.api.test_management import Admin, names_of
from tests.unit.hosts.code_host import CodeHost, serve_code_host


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminPages]:
    folder = tmp_path_factory.mktemp("discovered")
    with serve_admin_pages(folder / "data", git_token="hush-hush", git_token_host="127.0.0.1") as pages:
        yield pages


@pytest.fixture
def admin(service: AdminPages) -> Admin:
    service.reset()
    return Admin(service)


@pytest.fixture
def host() -> Iterator[CodeHost]:
    with serve_code_host() as served:
        served.tokens["hush-hush"] = "robot"
        yield served


def add(admin: Admin, host: CodeHost, **fields: object) -> dict[str, Any]:
    body = {"location": f"{host.url}/acme", "kind": "gitea", "name": "acme", **fields}
    return admin.expect(201, "POST", "/api/organisations", body)


def look(service: AdminPages, name: str = "acme") -> Discovery:
    return discover(service.assembly, name, sleep=lambda _: None)


def jobs_of(admin: Admin, kind: str) -> list[str]:
    return sorted(job["title"] for job in admin.get(f"/api/jobs?kind={kind}&state=queued")["jobs"])


def test_an_organisation_is_added_shown_changed_and_removed(admin: Admin, host: CodeHost) -> None:
    answer = add(admin, host, include=["app*"], exclude=["*-old"], archived=True, prune=True, discover_minutes=None)
    added, job = answer["organisation"], answer["job"]
    assert (added["kind"], added["location"]) == ("gitea", f"{host.url}/acme")
    assert (added["include"], added["exclude"], added["archived"], added["forks"]) == (["app*"], ["*-old"], True, False)
    assert ("discover_minutes" in added, added["refresh_minutes"], added["prune"]) == (False, 60, True)
    assert (job["kind"], job["organisation_id"], added["job"]) == ("discover", added["id"], job)
    assert admin.get("/api/organisations/ACME") == added
    again = admin.expect(202, "POST", "/api/organisations/acme/discover")
    assert again["job"]["id"] == job["id"]
    changed = admin.expect(200, "PATCH", "/api/organisations/acme", {"name": "crew", "include": [], "prune": None})
    assert (changed["name"], changed["include"], changed["prune"], changed["archived"]) == ("crew", [], True, True)
    changed = admin.expect(200, "PATCH", "/api/organisations/crew", {"discover_minutes": 5, "refresh_minutes": None})
    assert (changed["discover_minutes"], "refresh_minutes" in changed, "next_discovery_at" in changed) == (
        5,
        False,
        True,
    )
    assert names_of(admin.get("/api/organisations?query=re")["organisations"]) == ["crew"]
    removed = admin.expect(200, "DELETE", "/api/organisations/crew")
    assert removed == {"removed": {"id": added["id"], "name": "crew"}, "sources": []}
    assert admin.get(f"/api/jobs/{job['id']}")["state"] == "cancelled"
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/discover")):
        assert admin.refused(method, f"/api/organisations/crew{path}", {})[:2] == (404, 1003)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "location"),
        ({"location": "https://code.example.org/acme"}, "does not say whose"),
        ({"location": "https://me:hush@github.com/acme"}, "login"),
        ({"location": "https://github.com/acme/shop"}, "is a repository"),
        ({"location": "https://github.com/acme", "kind": "svn"}, "kind"),
        ({"location": "https://github.com/acme", "include": "app"}, "include"),
        ({"location": "https://github.com/acme", "include": ["a\nb"]}, "include"),
        ({"location": "https://github.com/acme", "discover_minutes": 0}, "discover_minutes"),
        ({"location": "https://github.com/acme", "token": "x"}, "Unknown field 'token'"),
        ({"location": "https://github.com/acme", "name": "!"}, "cannot be a name"),
    ],
)
def test_a_wrong_organisation_is_explained_and_not_added(admin: Admin, body: object, told: str) -> None:
    status, code, message = admin.refused("POST", "/api/organisations", body)
    assert (status, code) == (400, 1001)
    assert told in message
    assert "hush" not in message
    assert (admin.get("/api/organisations")["total"], admin.get("/api/jobs")["total"]) == (0, 0)


def test_repositories_become_sources_with_jobs(service: AdminPages, admin: Admin, host: CodeHost) -> None:
    for name in ("app", "lib", "lib-old"):
        host.add("acme", name)
    host.add("acme", "attic", archived=True)
    add(admin, host, exclude=["*-old"])
    service.catalog.add_source(id="a" * 24, name="LIB", location="https://git.example.org/lib")
    found = look(service)
    assert found.added == ("app", "acme/lib")
    assert host.authorizations[-1] == "Bearer hush-hush"
    shown = admin.get("/api/organisations/acme")
    assert shown["message"] == "2 repositories wanted, 2 new."
    assert [(item["full_name"], item["source_name"], item["gone"]) for item in shown["repositories"]] == [
        ("acme/app", "app", False),
        ("acme/lib", "acme/lib", False),
    ]
    source = admin.get("/api/sources/app")
    assert (source["state"], source["refresh_minutes"], source["location"]) == (
        "processing",
        60,
        f"{host.url}/acme/app.git",
    )
    assert jobs_of(admin, "add") == ["app", "lib"]
    assert look(service).added == ()
    assert jobs_of(admin, "add") == ["app", "lib"]
    assert "hush" not in admin.send("GET", "/api/organisations").text


def test_what_is_renamed_keeps_its_source_and_gets_its_name(service: AdminPages, admin: Admin, host: CodeHost) -> None:
    repositories = [host.add("acme", name) for name in ("app", "lib")]
    add(admin, host)
    look(service)
    ids = {name: admin.get(f"/api/sources/{name}")["id"] for name in ("app", "lib")}
    admin.expect(200, "PATCH", "/api/sources/lib", {"name": "my own"})
    for repository, name in zip(repositories, ("application", "library"), strict=True):
        host.call(repository, "acme", name)
    found = look(service)
    assert (found.added, found.renamed) == ((), ("acme/application", "acme/library"))
    assert admin.get("/api/sources/application")["id"] == ids["app"]
    assert admin.get("/api/sources/my own")["id"] == ids["lib"]
    assert admin.get("/api/sources")["total"] == 2
    assert look(service).renamed == ()


def test_what_is_gone_is_marked_and_comes_back(service: AdminPages, admin: Admin, host: CodeHost) -> None:
    host.add("acme", "app")
    gone = host.add("acme", "lib")
    add(admin, host)
    look(service)
    host.organisations["acme"].remove(gone)
    found = look(service)
    assert found.gone == ("lib",)
    assert "stay until somebody removes them" in admin.get("/api/organisations/acme")["message"]
    assert [item["gone"] for item in admin.get("/api/organisations/acme")["repositories"]] == [False, True]
    assert admin.get("/api/sources/lib")["name"] == "lib"
    host.organisations["acme"].append(gone)
    assert look(service).gone == ()
    assert [item["gone"] for item in admin.get("/api/organisations/acme")["repositories"]] == [False, False]


def test_what_is_gone_is_removed_only_where_a_field_says_so(service: AdminPages, admin: Admin, host: CodeHost) -> None:
    host.add("acme", "app")
    gone = host.add("acme", "lib")
    add(admin, host, prune=True)
    look(service)
    host.organisations["acme"].remove(gone)
    assert look(service).removed == ("lib",)
    assert names_of(admin.get("/api/sources")["sources"]) == ["app"]
    assert jobs_of(admin, "remove") == ["lib"]
    # What waited to add it would bring it back.
    assert jobs_of(admin, "add") == ["app"]


def test_what_another_organisation_has_as_well_is_not_removed(
    service: AdminPages, admin: Admin, host: CodeHost
) -> None:
    """As a group of GitLab and one inside of it have."""
    host.add("acme", "app")
    shared = host.add("acme", "lib")
    add(admin, host, prune=True)
    host.add("inner", "lib")["clone_url"] = shared["clone_url"]
    add(admin, host, location=f"{host.url}/inner", name="inner", prune=True)
    look(service)
    assert look(service, "inner").added == ("lib",)
    admin.expect(200, "PATCH", "/api/organisations/acme", {"exclude": ["lib"]})
    found = look(service)
    assert (found.removed, found.gone) == ((), ("lib",))
    assert sorted(names_of(admin.get("/api/sources")["sources"])) == ["app", "lib"]
    # Two that have it no more do not wait for one another.
    host.organisations["inner"] = [host.add("inner", "other")]
    assert look(service, "inner").removed == ("lib",)
    assert sorted(names_of(admin.get("/api/sources")["sources"])) == ["app", "other"]


def test_a_host_that_lists_nothing_removes_nothing(service: AdminPages, admin: Admin, host: CodeHost) -> None:
    host.add("acme", "app")
    add(admin, host, prune=True)
    look(service)
    host.organisations["acme"] = []
    found = look(service)
    assert (found.removed, found.gone, found.keeps_all) == ((), ("app",), True)
    assert "may be the token's fault" in admin.get("/api/organisations/acme")["message"]
    assert names_of(admin.get("/api/sources")["sources"]) == ["app"]


def test_a_look_that_fails_changes_nothing_and_is_noted(service: AdminPages, admin: Admin, host: CodeHost) -> None:
    host.add("acme", "app")
    add(admin, host, prune=True)
    look(service)
    del host.tokens["hush-hush"]
    with pytest.raises(CodeHostError):
        look(service)
    shown = admin.get("/api/organisations/acme")
    assert shown["failed"]
    assert "not valid there" in shown["message"]
    assert "hush" not in shown["message"]
    assert [item["gone"] for item in shown["repositories"]] == [False]


def test_clone_addresses_elsewhere_are_not_followed(service: AdminPages, admin: Admin, host: CodeHost) -> None:
    host.add("acme", "app")
    for number, url in enumerate(("file:///etc", "https://elsewhere.example.org/x.git", "ext::sh -c x", "")):
        host.add("acme", f"bad-{number}", clone_url="")["clone_url"] = url
    add(admin, host)
    found = look(service)
    assert (found.added, found.elsewhere) == (("app",), 4)
    assert names_of(admin.get("/api/sources")["sources"]) == ["app"]


def test_what_finds_no_room_in_the_queue_waits_for_the_next_look(
    service: AdminPages, admin: Admin, host: CodeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("codesearch.jobs.queue.MAX_QUEUED", 6)
    for number in range(8):
        host.add("acme", f"repo-{number}")
    add(admin, host)
    found = look(service)
    assert (len(found.added), found.waiting) == (5, 3)
    assert "3 more wait" in found.summary
    assert admin.get("/api/sources")["total"] == 5
    for job in admin.get("/api/jobs?kind=add")["jobs"]:
        admin.expect(200, "POST", f"/api/jobs/{job['id']}/cancel")
    assert (len(look(service).added), admin.get("/api/sources")["total"]) == (3, 8)


def test_sources_go_with_an_organisation_only_where_it_is_asked_for(
    service: AdminPages, admin: Admin, host: CodeHost
) -> None:
    for name in ("app", "lib"):
        host.add("acme", name)
    add(admin, host)
    look(service)
    admin.expect(200, "DELETE", "/api/organisations/acme")
    assert admin.get("/api/sources")["total"] == 2
    add(admin, host)
    look(service)
    assert admin.refused("DELETE", "/api/organisations/acme?prune=perhaps")[:2] == (400, 1001)
    removed = admin.expect(200, "DELETE", "/api/organisations/acme?prune=true")
    assert sorted(names_of(removed["sources"])) == ["app", "lib"]
    assert admin.get("/api/sources")["total"] == 0
