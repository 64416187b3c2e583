"""`codesearch dify ask`: answers, citations, and which link of the chain is broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.dify.conftest import RunDify
from tests.e2e.dify.knowledge import RefusedError
from tests.e2e.dify.server import BEFORE, DifyServer
from tests.e2e.dify.test_connect import make_by_hand
from tests.e2e.service import index_fixtures, source_ids

RESOURCE = {
    "position": 1,
    "dataset_id": "d1",
    "dataset_name": "orders-service",
    "document_id": "x",
    "document_name": "retry.py",
    "segment_id": "y",
    "score": 0.87,
    "content": "orders/retry.py:1-9 (retry)\n\ndef retry(): ...",
}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The fixtures; not to be changed."""
    return index_fixtures(tmp_path_factory)


@pytest.mark.parametrize("options", [(), ("--blocking",)])
def test_the_answer_and_what_it_cites(
    dify: DifyServer, run_dify: RunDify, indexed: Path, options: tuple[str, ...]
) -> None:
    dify.app.answer, dify.app.resources = "It retries\nthree times \x1b[31m.", [RESOURCE]
    outcome = run_dify(indexed, "ask", "how", "does it retry?", "--input", "team=blue", *options)
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out == (
        "It retries\nthree times \\x1b[31m.\n\nCited:\n"
        "  [1] 0.87  orders-service: retry.py  orders/retry.py:1-9 (retry)\n"
    )
    question = dify.app.questions[0]
    assert (question["query"], question["inputs"], question["user"]) == (
        "how does it retry?",
        {"team": "blue"},
        "codesearch",
    )
    value = run_dify(indexed, "ask", "how?", "--json", *options).json
    assert (value["app"], value["answer"], value["links"]) == ("Ask the code", dify.app.answer, [])
    assert value["citations"][0]["document"] == "retry.py"


def event(kind: str, **values: Any) -> dict[str, Any]:
    return {"event": kind, "conversation_id": "c1", **values}


def node(found: int, status: str = "succeeded", error: str = "") -> dict[str, Any]:
    data = {"node_type": "knowledge-retrieval", "title": "Code", "status": status, "error": error}
    return event("node_finished", data={**data, "outputs": {"result": [{}] * found}})


def links_of(run_dify: RunDify, data_dir: Path, **settings: str) -> dict[str, tuple[str, str]]:
    outcome = run_dify(data_dir, "ask", "where are totals of orders computed", "--json", **settings)
    assert outcome.status == 1
    return {link["name"]: (link["state"], link["message"]) for link in outcome.json["links"]}


def test_links_that_the_app_tells(dify: DifyServer, run_dify: RunDify, indexed: Path) -> None:
    links = links_of(run_dify, indexed, dify_key="")
    assert links["knowledge"][0] == "unknown"
    assert "Set CODESEARCH_DIFY_KEY" in links["knowledge base"][1]
    dify.app.events = [node(0), event("message", answer="I do not know."), event("message_end", metadata={})]
    assert links_of(run_dify, indexed)["knowledge"] == ("bad", "its knowledge retrieval ran and found nothing")
    dify.app.events = [node(3), event("message", answer="So."), event("message_end", metadata={})]
    dify.app.shows_citations = False
    links = links_of(run_dify, indexed)
    assert links["citations"][0] == "bad"
    assert links["knowledge"][0] == "good"


def test_an_agent_that_asks_by_its_tools_is_no_broken_link(dify: DifyServer, run_dify: RunDify, indexed: Path) -> None:
    dify.app.events = [
        event("agent_thought", tool="semantic_search"),
        event("agent_thought", tool=""),
        event("agent_message", answer="By tools."),
        event("message_end", metadata={}),
    ]
    links = links_of(run_dify, indexed)
    assert links["tools"][0] == "good"
    assert "semantic_search" in links["tools"][1]
    assert "knowledge" not in links


def test_links_behind_the_app(dify: DifyServer, run_dify: RunDify, indexed: Path) -> None:
    assert "no knowledge base of this Dify" in links_of(run_dify, indexed)["knowledge base"][1]
    base = make_by_hand(dify, source_ids(indexed)["orders-service"], name="orders")
    name = "knowledge base 'orders'"
    state, message = links_of(run_dify, indexed)[name]
    assert (state, "codesearch itself finds 5 records" in message) == ("bad", True)
    assert "the log of `codesearch serve`" in message
    dify.knowledge.retrieved[base.id] = RefusedError(400, "invalid_param", "failed to connect")
    state, message = links_of(run_dify, indexed)[name]
    assert (state, "failed to connect" in message, "401 or 403" in message) == ("bad", True, True)
    dify.knowledge.retrieved[base.id] = 4
    state, message = links_of(run_dify, indexed)[name]
    assert (state, "add it to the app" in message) == ("good", True)


def test_answers_that_fail_or_break_off(dify: DifyServer, run_dify: RunDify, indexed: Path) -> None:
    dify.app.breaks_after = 2
    outcome = run_dify(indexed, "ask", "how?")
    assert outcome.status == 1
    assert "broke off after" in outcome.error
    dify.app.breaks_after = None
    dify.app.events = [event("error", status=400, code="provider_quota_exceeded", message="Your quota is used up.")]
    assert "(provider_quota_exceeded): Your quota is used up." in run_dify(indexed, "ask", "how?").error
    dify.app.events = [node(0, "failed", "no such knowledge base")]
    assert "no such knowledge base in 'Code'" in run_dify(indexed, "ask", "how?").error
    dify.app.events = [
        event("message", answer="bad words"),
        event("message_replace", answer="Sorry."),
        event("message_end", metadata={"retriever_resources": [RESOURCE]}),
    ]
    assert run_dify(indexed, "ask", "how?").out.startswith("bad words\nSorry.\n")
    dify.app.allows_blocking = False
    assert "does not support blocking" in run_dify(indexed, "ask", "how?", "--blocking").error
    dify.break_calls(3, how=BEFORE)
    assert run_dify(indexed, "ask", "how?").status == 1
    dify.app.mode = "workflow"
    assert "is a workflow" in run_dify(indexed, "ask", "how?").error


def test_wrong_usage(run_dify: RunDify, indexed: Path) -> None:
    assert run_dify(indexed, "ask", " ").status == 2
    assert run_dify(indexed, "ask", "how?", "--input", "team").status == 2
    assert run_dify(indexed, "sample-app", "orders-service").status == 2
