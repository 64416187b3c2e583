"""`codesearch dify connect`, `status`, `remove`, and what is wrong with addresses and keys."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from codesearch.core.trust import CONFIG_FILE, trust_folder
from codesearch.core.user_folders import find_config_folder
from tests.e2e.dify.conftest import RunDify
from tests.e2e.dify.knowledge import Dataset, RefusedError
from tests.e2e.dify.server import AFTER, APP_KEY, BEFORE, KEY, DifyServer
from tests.e2e.service import Outcome, copy_index, index_fixtures, run_cli, source_ids

API = "11111111-2222-4333-8444-555555555555"
OTHER_API = "99999999-2222-4333-8444-555555555555"


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures; not to be changed."""
    return index_fixtures(tmp_path_factory)


def make_by_hand(dify: DifyServer, knowledge_id: str, name: str = "made by hand", api: str = API) -> Dataset:
    """Make an external knowledge base as a person does."""
    body = {
        "name": name,
        "description": "mine",
        "provider": "external",
        "external_knowledge_api_id": api,
        "external_knowledge_id": knowledge_id,
        "external_retrieval_model": {"top_k": 3, "score_threshold": 0.4, "score_threshold_enabled": True},
    }
    return dify.knowledge.datasets[dify.knowledge.create_dataset(body)["id"]]


def test_without_a_first_knowledge_base_it_says_how_to_make_one(
    dify: DifyServer, run_dify: RunDify, indexed: Path
) -> None:
    outcome = run_dify(indexed, "connect", "orders-service")
    assert outcome.status == 1
    assert "External Knowledge API, Add, with http://HOST:8000/dify" in outcome.error
    assert dify.writes == []
    wrong = run_dify(indexed, "connect", "orders-service", "--api-id", "mine")
    assert (wrong.status, "no id of an external knowledge API" in wrong.err) == (2, True)
    assert dify.writes == []
    assert run_dify(indexed, "connect", "orders-service", "--api-id", API).status == 0


def test_connecting_twice_is_connecting_once(dify: DifyServer, run_dify: RunDify, indexed: Path) -> None:
    ids = source_ids(indexed)
    first = make_by_hand(dify, ids["ledger-go"])
    names = ("orders-service", "ledger-go", "ledger-git")
    plan = run_dify(indexed, "connect", *names, "--dry-run", "--json").json["connections"]
    assert [item["action"] for item in plan] == ["create", "leave", "create"]
    assert dify.writes == []
    done = run_dify(indexed, "connect", *names, "--json").json
    assert done["api_id"] == API
    assert [item["action"] for item in done["connections"]] == ["create", "leave", "create"]
    made = dify.knowledge.datasets[done["connections"][0]["knowledge_base"]].as_json()
    assert made["name"] == "orders-service"
    assert made["permission"] == "only_me"
    assert made["external_knowledge_info"]["external_knowledge_id"] == ids["orders-service"]
    assert made["external_retrieval_model"] == {"top_k": 10, "score_threshold": 0.0, "score_threshold_enabled": False}
    assert first.values["external_retrieval_model"]["top_k"] == 3
    dify.calls.clear()
    assert {item["action"] for item in run_dify(indexed, "connect", *names, "--json").json["connections"]} == {"leave"}
    assert dify.writes == []
    run_dify(indexed, "connect", *names, "--top-k", "7", "--permission", "all_team_members")
    assert [item.as_json()["external_retrieval_model"]["top_k"] for item in dify.knowledge.datasets.values()] == [7] * 3
    # What a person set stays, and what they made is still theirs.
    assert first.values["external_retrieval_model"] == {
        "top_k": 7,
        "score_threshold": 0.4,
        "score_threshold_enabled": True,
    }
    assert (first.values["description"], first.values["permission"]) == ("mine", "all_team_members")
    states = run_dify(indexed, "status", "--json").json["knowledge_bases"]
    assert {item["name"]: item["made_by"] for item in states} == {
        "ledger-git": "codesearch",
        "made by hand": "somebody in Dify",
        "orders-service": "codesearch",
    }
    refused = run_dify(indexed, "remove", "--all")
    assert (refused.status, len(dify.knowledge.datasets)) == (2, 3)
    dify.knowledge.datasets[done["connections"][0]["knowledge_base"]].is_used = True
    outcome = run_dify(indexed, "remove", "--all", "--yes")
    assert outcome.status == 1
    assert "an app uses it" in outcome.error
    assert [item.name for item in dify.knowledge.datasets.values()] == ["made by hand", "orders-service"]


def test_every_place_where_connecting_may_stop(dify: DifyServer, run_dify: RunDify, indexed: Path) -> None:
    """The answer to the call that creates a base is lost, the one that sets its retrieval, or the process ends."""
    make_by_hand(dify, "ffffffffffffffffffffffff")
    for place in (2, 3, 4, 5):
        dify.break_calls(place, how=AFTER)
        run_dify(indexed, "connect", "orders-service")
        dify.breaks.clear()
    dify.break_calls(*range(3, 30), how=BEFORE)
    assert run_dify(indexed, "connect", "ledger-go").status == 1
    dify.breaks.clear()
    half = run_dify(indexed, "status").out
    assert "not finished" in half
    assert run_dify(indexed, "connect", "orders-service", "ledger-go").status == 0
    made = [item for item in dify.knowledge.datasets.values() if item.name != "made by hand"]
    assert sorted(item.name for item in made) == ["ledger-go", "orders-service"]
    assert {item.as_json()["external_retrieval_model"]["top_k"] for item in made} == {10}
    assert "unfinished" not in json.dumps([item.values for item in made])


def test_names_are_cut_and_stay_unique(dify: DifyServer, run_dify: RunDify, indexed: Path, tmp_path: Path) -> None:
    data_dir = copy_index(indexed, tmp_path / "copy")
    long = "platform-team/a-repository-with-quite-a-long-name"
    for name, member in ((f"{long}-one", "ledger-go"), (f"{long}-two", "orders-service")):
        assert run_cli(data_dir, "workspace", "create", name, member).status == 0
    make_by_hand(dify, "ffffffffffffffffffffffff", name="orders-service")
    done = run_dify(data_dir, "connect", f"{long}-one", f"{long}-two", "orders-service", "--json").json["connections"]
    names = [item["name"] for item in done]
    assert len(set(names)) == 3
    assert all(len(name) <= 40 for name in names)
    assert names[0].startswith("platform-team/a-repository")
    assert names[2] == f"orders-service {source_ids(data_dir)['orders-service'][:6]}"


def test_all_is_every_source_and_every_workspace(
    dify: DifyServer, run_dify: RunDify, indexed: Path, tmp_path: Path
) -> None:
    data_dir = copy_index(indexed, tmp_path / "copy")
    assert run_cli(data_dir, "workspace", "create", "both-ledgers", "ledger-go", "ledger-git").status == 0
    done = run_dify(data_dir, "connect", "--all", "--api-id", API, "--json").json["connections"]
    assert {item["name"] for item in done} == {*source_ids(data_dir), "both-ledgers"}
    assert run_cli(data_dir, "workspace", "remove", "both-ledgers").status == 0
    gone = [item for item in run_dify(data_dir, "status", "--json").json["knowledge_bases"] if not item["source_name"]]
    assert [item["name"] for item in gone] == ["both-ledgers"]
    assert run_dify(data_dir, "remove", gone[0]["source"], "--yes").status == 0
    unknown = run_dify(data_dir, "remove", "ledger-go", "nothing-such", "--yes")
    assert "nothing-such" in unknown.error
    assert len(dify.knowledge.datasets) == len(done) - 1


def test_several_apis(dify: DifyServer, run_dify: RunDify, indexed: Path) -> None:
    make_by_hand(dify, "somebody-elses", name="one")
    make_by_hand(dify, "another", name="two", api=OTHER_API)
    outcome = run_dify(indexed, "connect", "ledger-go")
    assert f"--api-id {API} (codesearch at http://codesearch.example/dify)" in outcome.error
    assert f"--api-id {OTHER_API}" in outcome.error
    # One that is asked for something of ours leads here.
    make_by_hand(dify, "orders-service", name="three", api=OTHER_API)
    assert run_dify(indexed, "connect", "ledger-go", "--json").json["api_id"] == OTHER_API


def error_of(outcome: Outcome) -> str:
    assert outcome.status == 1
    assert KEY not in outcome.err + outcome.out
    assert APP_KEY not in outcome.err + outcome.out
    return outcome.error


def test_addresses_and_keys_that_are_wrong(dify: DifyServer, run_dify: RunDify, indexed: Path, tmp_path: Path) -> None:
    assert "Set CODESEARCH_DIFY_URL" in error_of(run_dify(indexed, "status", dify_url=""))
    assert "begin with http://" in error_of(run_dify(indexed, "status", dify_url="dify.example.com"))
    assert "Set CODESEARCH_DIFY_KEY" in error_of(run_dify(indexed, "status", dify_key=""))
    assert "of the other kind, app-" in error_of(run_dify(indexed, "status", dify_key=APP_KEY))
    assert "of the other kind, dataset-" in error_of(run_dify(indexed, "ask", "what?", dify_app_key=KEY))
    assert "does not know the key" in error_of(run_dify(indexed, "status", dify_key=f"{KEY}x"))
    assert "cannot be reached" in error_of(run_dify(indexed, "status", dify_url="http://127.0.0.1:1"))
    assert f"Is CODESEARCH_DIFY_URL ({dify.url}/apps/v1)" in error_of(
        run_dify(indexed, "status", dify_url=f"{dify.url}/apps")
    )
    dify.calls.clear()
    for url in (dify.url, f"{dify.url}/", f"{dify.url}/v1", f"{dify.url}/v1/", f"{dify.url}/v1/v1"):
        assert run_dify(indexed, "status", dify_url=url).status == 0, url
    assert {call.path for call in dify.calls} == {"/v1/datasets"}


def test_a_key_follows_no_redirect(dify: DifyServer, run_dify: RunDify, indexed: Path) -> None:
    with DifyServer() as other:
        dify.redirects_to = f"{other.url}/v1/datasets"
        error = error_of(run_dify(indexed, "status"))
        assert other.url in error
        assert "CODESEARCH_DIFY_URL" in error
        assert other.count == 0


def test_errors_that_repeat_the_key_do_not_show_it(dify: DifyServer, run_dify: RunDify, indexed: Path) -> None:
    dify.refuse_calls(1, error=RefusedError(403, "forbidden", f"No permission for {KEY}"))
    assert "No permission for ***" in error_of(run_dify(indexed, "status"))


def test_a_key_of_the_environment_goes_to_no_host_of_a_folder(
    dify: DifyServer, indexed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run_dify: RunDify
) -> None:
    """A codesearch.toml that was trusted for other reasons may not choose who gets the key."""
    with DifyServer() as strangers:
        monkeypatch.chdir(tmp_path)
        (tmp_path / CONFIG_FILE).write_text(f'dify_url = "{strangers.url}"\n')
        trust_folder(find_config_folder(), tmp_path)
        outcome = run_cli(indexed, "dify", "status", dify_key=KEY)
        assert outcome.status == 1
        assert "Ignored dify_url" in outcome.err
        outcome = run_cli(indexed, "dify", "status", dify_key=KEY, dify_url=dify.url)
        assert outcome.status == 0
        assert strangers.count == 0
        # A folder's own key may go where the folder says.
        (tmp_path / CONFIG_FILE).write_text(f'dify_url = "{strangers.url}"\ndify_key = "{KEY}"\n')
        trust_folder(find_config_folder(), tmp_path)
        assert run_cli(indexed, "dify", "status").status == 0
        assert strangers.count == 1
