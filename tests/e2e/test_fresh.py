"""Questions that want fresh answers: a real service, its jobs, a real git server; and the same at a shell."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.service import PATIENCE_SECONDS, Service, create_key, run_cli, spawn_cli
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.source.git_server import GitServer, serve_clones


@pytest.fixture
def server(tmp_path: Path, origin: Repository) -> Iterator[GitServer]:
    with serve_clones(origin, tmp_path / "served", "shop", "hidden") as server:
        yield server


def push(origin: Repository, name: str) -> str:
    commit = origin.commit({f"{name}.py": f"def {name}_order(order):\n    return order\n"})
    for remote in ("shop", "hidden"):
        origin.git("push", "--quiet", remote, "main")
    return commit


def test_an_answer_waits_until_what_is_asked_is_fresh(tmp_path: Path, origin: Repository, server: GitServer) -> None:
    data_dir = tmp_path / "data"
    urls = [f"http://{server.address}/{name}.git" for name in ("shop", "hidden")]
    assert run_cli(data_dir, "index", *urls, index_workers="1").status == 0
    assert run_cli(data_dir, "workspace", "create", "all", "shop", "hidden").status == 0
    secret = create_key(data_dir, "reader", "--source", "shop")
    with Service(data_dir, secret, "--jobs", "1", index_workers="1") as service:

        def post(path: str, body: object) -> httpx.Response:
            headers = {"Authorization": f"Bearer {secret}"}
            return httpx.post(f"{service.url}{path}", json=body, headers=headers, timeout=PATIENCE_SECONDS)

        def retrieve(text: str, **setting: float) -> dict[str, Any]:
            body = {"knowledge_id": "all", "query": text, "retrieval_setting": setting}
            response = post("/retrieval", body)
            assert response.status_code == 200, response.text
            answer: dict[str, Any] = response.json()
            return answer

        def is_found(answer: dict[str, Any], path: str) -> bool:
            return path in {record["metadata"]["path"] for record in answer["records"]}

        assert "freshness" not in retrieve("add_to_cart")
        settled = retrieve("add_to_cart", fresh_seconds=30)
        assert [item["state"] for item in settled["freshness"]] == ["fresh"]

        commit = push(origin, "refund")
        assert not is_found(retrieve("refund_order"), "refund.py")
        deadline = time.monotonic() + PATIENCE_SECONDS
        # On a machine that is slow, the budget may not be enough; then it says so.
        while not is_found(answer := retrieve("refund_order", fresh_seconds=30), "refund.py"):
            assert {item["state"] for item in answer["freshness"]} <= {"behind", "fresh", "unknown"}
            assert time.monotonic() < deadline
        (stood,) = answer["freshness"]
        assert (stood["data_source_name"], stood["state"], stood["commit"]) == ("shop", "fresh", commit)
        # Nothing was done about what the key may not read, nor is it named.
        hidden = next(item for item in run_cli(data_dir, "list", "--json").json["sources"] if item["name"] == "hidden")
        assert hidden["commit"] != commit

        # The remote is gone: what there is answers, and says that it may be old.
        (server.root / "shop.git").rename(server.root / "gone.git")
        time.sleep(5.1)
        arguments = {"query": "refund_order", "fresh_seconds": 20}
        tool = post("/api/tools/grep_search", arguments).json()
        assert tool["obj"]["matches"]
        assert tool["obj"]["freshness"][0]["state"] == "unknown"
        assert "Whether it is up to date is not known." in tool["rendered"]
        assert str(server.root) not in str(tool)


def test_a_shell_waits_as_well(tmp_path: Path, origin: Repository, server: GitServer) -> None:
    data_dir = tmp_path / "data"
    assert run_cli(data_dir, "index", f"http://{server.address}/shop.git", index_workers="1").status == 0
    push(origin, "refund")
    stale = run_cli(data_dir, "search", "shop", "refund_order", "--json")
    assert "refund.py" not in stale.out
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "refund.py" not in (found := spawn_cli(data_dir, "search", "shop", "refund_order", "--fresh", "30")).out:
        assert "is behind its source" in found.err
        assert time.monotonic() < deadline
    refused = run_cli(data_dir, "search", "shop", "refund_order", "--fresh", "31")
    assert refused.status == 2
