"""A sample app of Dify as the text that Dify imports: a chatflow that asks knowledge bases and cites them. Pure.

Only keys that Dify's own exports have; what is left out, Dify fills in.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from codesearch.dify.connecting import DEFAULT_TOP_K

_PROMPT = """\
You answer questions about source code. Answer from the code below alone; where it does not hold the answer, say so.
Each piece begins with a line that says where it is from: name those places, as path:start-end.

{{#context#}}"""

_HEAD = """\
version: 0.3.1
kind: app
app:
  name: Ask the code
  description: Answers from source code that codesearch finds, and cites it.
  mode: advanced-chat
  icon: "\\U0001F50E"
  icon_background: "#E4FBCC"
  use_icon_as_answer_icon: false
dependencies: []
workflow:
  conversation_variables: []
  environment_variables: []
  features:
    opening_statement: ""
    retriever_resource:
      enabled: true
    sensitive_word_avoidance:
      enabled: false
    speech_to_text:
      enabled: false
    suggested_questions: []
    suggested_questions_after_answer:
      enabled: false
    text_to_speech:
      enabled: false
      language: ""
      voice: ""
  graph:
    edges:
"""
# Ids, which templates refer to, and types.
_NODES = (("start", "start"), ("code", "knowledge-retrieval"), ("llm", "llm"), ("answer", "answer"))
_STEP_PIXELS = 320


def build_sample_app(base_ids: Sequence[str]) -> str:
    """Return the app as YAML. `base_ids` are the knowledge bases that it asks; none: to be chosen in Dify."""
    edges = "".join(_edge(source, target) for source, target in pairwise(_NODES))
    bodies = (
        "title: Start\nvariables: []\n",
        _knowledge_data(base_ids),
        _model_data(),
        "answer: '{{#llm.text#}}'\ntitle: Answer\nvariables: []\n",
    )
    nodes = "".join(
        _node(name, kind, number, data) for number, ((name, kind), data) in enumerate(zip(_NODES, bodies, strict=True))
    )
    return f"{_HEAD}{edges}    nodes:\n{nodes}"


def _knowledge_data(base_ids: Sequence[str]) -> str:
    listed = "".join(f"\n- '{base_id}'" for base_id in base_ids) or " []"
    return (
        f"dataset_ids:{listed}\n"
        "multiple_retrieval_config:\n"
        "  reranking_enable: false\n"
        f"  top_k: {DEFAULT_TOP_K}\n"
        "query_variable_selector:\n- sys\n- query\n"
        "retrieval_mode: multiple\n"
        "title: Code\n"
    )


def _model_data() -> str:
    return (
        "context:\n  enabled: true\n  variable_selector:\n  - code\n  - result\n"
        # A model of one's own is chosen after the import: which ones a Dify has, no sample can know.
        "model:\n  completion_params:\n    temperature: 0.2\n  mode: chat\n  name: ''\n  provider: ''\n"
        "prompt_template:\n- role: system\n  text: |-\n"
        + _indent(_PROMPT, 4)
        + "- role: user\n  text: '{{#sys.query#}}'\n"
        "title: Model\nvariables: []\nvision:\n  enabled: false\n"
    )


def _edge(source: tuple[str, str], target: tuple[str, str]) -> str:
    (first, first_kind), (second, second_kind) = source, target
    return (
        f"    - data:\n        sourceType: {first_kind}\n        targetType: {second_kind}\n"
        f"      id: {first}-{second}\n      source: {first}\n      sourceHandle: source\n"
        f"      target: {second}\n      targetHandle: target\n      type: custom\n"
    )


def _node(name: str, kind: str, number: int, data: str) -> str:
    return (
        f"    - data:\n        desc: ''\n        type: {kind}\n{_indent(data, 8)}      id: {name}\n"
        f"      position:\n        x: {80 + number * _STEP_PIXELS}\n        y: 280\n"
        "      sourcePosition: right\n      targetPosition: left\n      type: custom\n"
    )


def _indent(text: str, width: int) -> str:
    return "".join(f"{' ' * width}{line}\n" if line else "\n" for line in text.splitlines())
