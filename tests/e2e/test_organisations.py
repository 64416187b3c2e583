"""An organisation's life: a real service with its runner, a real git server, a code host that speaks Gitea's API."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.service import PATIENCE_SECONDS, Service, create_key, run_cli, source_ids
from tests.unit.hosts.code_host import CodeHost, serve_code_host
from tests.unit.indexer.conftest import Repository, isolated_git
from tests.unit.indexer.source.git_server import serve

__all__ = ["isolated_git"]


class Client:
    """An admin's script."""

    def __init__(self, service: Service) -> None:
        headers = {"Authorization": f"Bearer {service.key}"}
        self._client = httpx.Client(base_url=service.url, headers=headers, timeout=PATIENCE_SECONDS)

    def send(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        response = self._client.request(method, path, json=body)
        assert response.is_success, response.text
        value: dict[str, Any] = response.json()
        return value

    def wait_for_job(self, job_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (job := self.send("GET", f"/api/jobs/{job_id}"))["state"] in ("queued", "running"):
            assert time.monotonic() < deadline, job
            time.sleep(0.05)
        return job

    def wait_until_nothing_waits(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(self.send("GET", f"/api/jobs?state={state}")["total"] for state in ("queued", "running")):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def host(tmp_path: Path) -> Iterator[CodeHost]:
    """A code host with two repositories that can be cloned."""
    root = tmp_path / "served"
    with serve_code_host() as served, serve(root, None) as server:
        for name in ("shop", "ledger"):
            origin = Repository(tmp_path / name)
            origin.commit({f"{name}/cart.py": f"def add_to_{name}(item):\n    return [item]\n"})
            (root / "acme").mkdir(parents=True, exist_ok=True)
            origin.git("clone", "--quiet", "--bare", str(origin.path), str(root / "acme" / f"{name}.git"))
            served.add("acme", name)["clone_url"] = f"http://{server.address}/acme/{name}.git"
        yield served


def test_an_organisations_repositories_are_found_indexed_and_removed(tmp_path: Path, host: CodeHost) -> None:
    data_dir = tmp_path / "data"
    secret = create_key(data_dir, "boss", "--admin")
    with Service(data_dir, secret, "--jobs", "1", index_workers="1") as service:
        client = Client(service)
        body = {"location": f"{host.url}/acme", "kind": "gitea", "name": "acme", "exclude": ["ledger"]}
        added = client.send("POST", "/api/organisations", body)
        job = client.wait_for_job(added["job"]["id"])
        assert (job["state"], job["message"]) == ("done", "1 repository wanted, 1 new.")
        client.wait_until_nothing_waits()
        (listed,) = client.send("GET", "/api/sources")["sources"]
        assert (listed["name"], listed["state"], listed["files"], listed["segments"]) == ("shop", "ready", 1, 1)
        assert service.records("shop", "add to shop")[0]["metadata"]["path"] == "shop/cart.py"
        client.send("PATCH", "/api/organisations/acme", {"exclude": []})
        found = run_cli(data_dir, "organisation", "discover", "acme", "--json").json
        assert (found["added"], found["found"]) == (["ledger"], 2)
        client.wait_until_nothing_waits()
        # What a command at a shell asks for, the service does when somebody looks.
        assert client.send("GET", "/api/sources/ledger")["state"] == "ready"
        host.organisations["acme"].clear()
        host.answers.clear()
        job = client.wait_for_job(client.send("POST", "/api/organisations/acme/discover")["job"]["id"])
        assert "2 gone" in job["message"]
        removed = client.send("DELETE", "/api/organisations/acme?prune=true")
        assert len(removed["sources"]) == 2
        client.wait_until_nothing_waits()
        assert client.send("GET", "/api/sources")["total"] == 0
        client.close()


def test_the_command_line_adds_lists_and_removes(tmp_path: Path, host: CodeHost) -> None:
    data_dir = tmp_path / "data"
    wrong = run_cli(data_dir, "organisation", "add", f"{host.url}/acme")
    assert (wrong.status, "does not say whose" in wrong.error) == (1, True)
    assert run_cli(data_dir, "organisation", "list").out == (
        "There is no organisation. Run `codesearch organisation add URL`.\n"
    )
    added = run_cli(data_dir, "organisation", "add", f"{host.url}/acme", "--kind", "forgejo", "--name", "acme")
    assert added.status == 0
    assert "2 repositories wanted, 2 new." in added.out
    assert "new: shop" in added.out
    twice = run_cli(data_dir, "organisation", "add", f"{host.url}/acme", "--kind", "forgejo")
    assert "is there already, as 'acme'" in twice.error
    indexed = run_cli(data_dir, "index", "--all", index_workers="1")
    assert indexed.status == 0, indexed.err
    (shown,) = run_cli(data_dir, "organisation", "list", "--json").json["organisations"]
    assert [item["name"] for item in shown["repositories"]] == ["ledger", "shop"]
    assert "2 repositories wanted" in run_cli(data_dir, "organisation", "list").out
    unknown = run_cli(data_dir, "organisation", "add", f"{host.url}/nobody", "--kind", "gitea")
    assert (unknown.status, "was added, but: There is no" in unknown.error) == (1, True)
    assert "failed: There is no" in run_cli(data_dir, "organisation", "list").out
    removed = run_cli(data_dir, "organisation", "remove", "acme", "--prune")
    assert (removed.status, removed.out.count("Removed")) == (0, 3)
    assert source_ids(data_dir) == {}
    missing = run_cli(data_dir, "organisation", "remove", "acme")
    assert (missing.status, "No such organisation" in missing.error) == (1, True)
