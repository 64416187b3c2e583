"""Explanations on demand: for admin keys over HTTP, for whoever owns the data directory on the command line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.service import Service, copy_index, create_key, index_fixtures, read_error, run_cli
from tests.floats import near

QUESTION = {"knowledge_id": "orders-service", "query": "how long do we wait before the next attempt"}
FEATURE = re.compile(r"  +[+-]\d+\.\d\d  (?:word:\w+|[a-z_0-9]+) = \S+")


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("explain") / "data")


@pytest.fixture(scope="module")
def admin_key(data_dir: Path) -> str:
    return create_key(data_dir, "owner", "--admin")


@pytest.fixture(scope="module")
def service(data_dir: Path, admin_key: str) -> Iterator[Service]:
    with Service(data_dir, create_key(data_dir, "reader")) as running:
        yield running


def test_a_plain_key_gets_no_explanations(service: Service) -> None:
    response = service.ask(**QUESTION, explain=True)
    assert read_error(response)[:2] == (403, 1002)
    for value in (False, None):
        response = service.ask(**QUESTION, explain=value)
        assert response.status_code == 200
        assert all("explain" not in record for record in response.json()["records"])


@pytest.mark.parametrize("value", ["yes", 1, 0, [], {}])
def test_explain_is_true_or_false(service: Service, admin_key: str, value: object) -> None:
    for key in (service.key, admin_key):
        status, code, message = read_error(service.ask(**QUESTION, explain=value, key=key))
        assert (status, code) == (400, 1001)
        assert "explain must be true or false" in message


def test_each_record_says_why_it_has_its_score(service: Service, admin_key: str) -> None:
    setting = {"top_k": 20, "score_threshold": 0}
    response = service.ask(**QUESTION, retrieval_setting=setting, explain=True, key=admin_key)
    records = response.json()["records"]
    assert len(records) == 20
    for record in records:
        explanation = record["explain"]
        assert set(explanation) == {"log_odds", "factor", "features", "read_as"}
        assert explanation["read_as"] == []
        assert explanation["features"]
        assert all(set(feature) == {"name", "value", "contribution"} for feature in explanation["features"])
        probability = 1 / (1 + math.exp(-explanation["log_odds"]))
        assert explanation["factor"] * probability == near(record["score"])
    assert any(record["explain"]["factor"] < 1 for record in records)
    plain = service.ask(**QUESTION, retrieval_setting=setting, key=admin_key).json()["records"]
    assert plain == [{name: value for name, value in record.items() if name != "explain"} for record in records]


def test_the_command_line_prints_the_features(data_dir: Path) -> None:
    asked = ("search", QUESTION["knowledge_id"], QUESTION["query"], "--top-k", "10")
    outcome = run_cli(data_dir, *asked, "--explain")
    assert outcome.status == 0
    lines = outcome.out.splitlines()
    heads = [number for number, line in enumerate(lines) if re.match(r"log-odds [+-]\d+\.\d\d", line)]
    assert len(heads) == 10
    assert all(FEATURE.fullmatch(lines[number + 1]) for number in heads)
    assert any("another record of this file is better" in lines[number] for number in heads)
    plain = run_cli(data_dir, *asked).out
    assert plain.splitlines() == [
        line for line in lines if not FEATURE.fullmatch(line) and not line.startswith("log-odds ")
    ]
    records = json.loads(run_cli(data_dir, *asked, "--explain", "--json").out)["records"]
    assert all(record["explain"]["features"] for record in records)
