"""The addresses at which scripts for CodeAlive list data sources."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.api_client import bearer, read_error
from tests.api.served_fixtures import NARROW, ServedFixtures, serve_fixtures
from tests.e2e.service import copy_index, index_fixtures


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFixtures]:
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("listed") / "data")
    with serve_fixtures(data_dir) as served:
        catalog = served.assembly.catalog
        catalog.add_source(id="a" * 24, name="never", location="https://github.com/acme/never.git")
        catalog.create_workspace("both", [NARROW, "never"])
        catalog.create_workspace("nothing", ["never"])
        yield served


def listed(served: ServedFixtures, which: str, key: str = "all") -> dict[str, dict[str, Any]]:
    response = served.client.get(f"/api/datasources/{which}", headers=bearer(served.keys[key]))
    assert response.status_code == 200
    items = response.json()
    assert response.headers["x-codealive-total-data-sources"] == str(len(items))
    return {item["name"]: item for item in items}


def test_all_are_listed_with_type_state_and_address(served: ServedFixtures) -> None:
    found = listed(served, "all")
    assert found["never"] == {
        "id": "a" * 24,
        "name": "never",
        "type": "Repository",
        "state": "New",
        "url": "https://github.com/acme/never",
    }
    ready = found[NARROW]
    assert (ready["type"], ready["state"], "url" in ready) == ("Repository", "Ready", False)
    assert "files" in ready["description"]
    both, nothing = found["both"], found["nothing"]
    assert (both["type"], both["state"]) == ("Workspace", "Ready")
    assert set(both["repositoryIds"]) == {ready["id"], "a" * 24}
    assert (nothing["state"], nothing["repositoryIds"]) == ("Processing", ["a" * 24])


def test_what_is_not_ready_is_left_out(served: ServedFixtures) -> None:
    everything, ready = listed(served, "all"), listed(served, "ready")
    assert set(everything) - set(ready) == {"never", "nothing"}
    assert all(ready[name] == everything[name] for name in ready)


def test_a_key_sees_what_it_may_ask(served: ServedFixtures) -> None:
    found = listed(served, "all", "narrow")
    assert set(found) == {NARROW, "both"}
    assert found["both"]["repositoryIds"] == [found[NARROW]["id"]]
    assert listed(served, "all", "none") == {}


def test_a_question_leaves_nothing_out(served: ServedFixtures) -> None:
    response = served.client.get("/api/datasources/ready?query=oauth", headers=bearer(served.keys["all"]))
    assert len(response.json()) == len(listed(served, "ready"))


@pytest.mark.parametrize("which", ["all", "ready"])
def test_a_key_is_needed(served: ServedFixtures, which: str) -> None:
    assert read_error(served.client.get(f"/api/datasources/{which}"))[:2] == (401, 1004)
