"""The sample app is YAML whose parts refer to one another."""

from __future__ import annotations

import re
from itertools import pairwise

import yaml

from codesearch.dify.sample_app import build_sample_app

BASE = "0b0e26f7-7a3c-4e6b-9d1a-4f0c8a2f5d11"


def test_the_graph_holds_together() -> None:
    app = yaml.safe_load(build_sample_app([BASE]))
    assert (app["kind"], app["app"]["mode"], app["version"]) == ("app", "advanced-chat", "0.3.1")
    assert app["workflow"]["features"]["retriever_resource"] == {"enabled": True}
    graph = app["workflow"]["graph"]
    nodes = {node["id"]: node["data"] for node in graph["nodes"]}
    order = ["start", "code", "llm", "answer"]
    assert [(edge["source"], edge["target"]) for edge in graph["edges"]] == list(pairwise(order))
    for edge in graph["edges"]:
        assert edge["data"]["sourceType"] == nodes[edge["source"]]["type"]
        assert edge["data"]["targetType"] == nodes[edge["target"]]["type"]
    assert nodes["code"]["dataset_ids"] == [BASE]
    assert nodes["llm"]["context"]["variable_selector"] == ["code", "result"]
    system, user = nodes["llm"]["prompt_template"]
    assert "{{#context#}}" in system["text"]
    assert user["text"] == "{{#sys.query#}}"
    for named, _ in re.findall(r"\{\{#(\w+)\.(\w+)#\}\}", nodes["answer"]["answer"]):
        assert named in nodes


def test_without_knowledge_bases_they_are_chosen_in_dify() -> None:
    nodes = yaml.safe_load(build_sample_app([]))["workflow"]["graph"]["nodes"]
    assert nodes[1]["data"]["dataset_ids"] == []
