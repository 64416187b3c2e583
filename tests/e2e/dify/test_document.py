"""What we ask and what the test's server answers, held to the Knowledge API's document, where that lies beside us."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.e2e.dify.conftest import RunDify
from tests.e2e.dify.server import DifyServer
from tests.e2e.dify.test_connect import make_by_hand
from tests.e2e.service import ROOT, copy_index, index_fixtures, run_cli, source_ids

DOCUMENT = ROOT.parent / "shared" / "dify" / "openapi_knowledge.json"
# Not in the document, since every call may be answered so.
UNDOCUMENTED = {401, 429}


def schema_of(value: Any, document: Mapping[str, Any], *, is_answer: bool) -> Any:
    """Return a schema of the document as JSON Schema; in answers any value may be null, as servers have it."""
    if isinstance(value, list):
        return [schema_of(item, document, is_answer=is_answer) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        target: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        return schema_of(target, document, is_answer=is_answer)
    made = {key: schema_of(item, document, is_answer=is_answer) for key, item in value.items() if key != "example"}
    if isinstance(made.get("type"), str) and (is_answer or made.get("nullable")):
        made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    # What we send has to be known; answers may hold more.
    if not is_answer and "properties" in made:
        made["additionalProperties"] = False
    return made


def find_operation(document: Mapping[str, Any], method: str, path: str) -> Mapping[str, Any]:
    """Return the operation that a call is; a template without variables comes first."""
    for template in sorted(document["paths"], key=lambda item: item.count("{")):
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and method.lower() in document["paths"][template]:
            operation: Mapping[str, Any] = document["paths"][template][method.lower()]
            return operation
    raise AssertionError(f"the document has no {method} {path}")


@pytest.mark.skipif(not DOCUMENT.exists(), reason="the Knowledge API's document is not beside this clone")
def test_every_call_and_answer_is_as_documented(
    dify: DifyServer, run_dify: RunDify, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path / "data")
    folder = tmp_path / "small"
    folder.mkdir()
    for name in ("one", "two", "three"):
        (folder / f"{name}.py").write_text(f"def {name}():\n    return 1\n")
    assert run_cli(data_dir, "index", str(folder), index_workers="1").status == 0
    make_by_hand(dify, source_ids(data_dir)["ledger-go"])
    steps = [
        ("connect", "--all", "--top-k", "5"),
        ("push", "small"),
        ("status",),
        ("ask", "what is computed here"),
        ("remove", "small", "--kind", "connected", "--yes"),
    ]
    for step in steps:
        run_dify(data_dir, *step)
    (folder / "one.py").write_text("def one():\n    return 2\n")
    (folder / "two.py").unlink()
    assert run_cli(data_dir, "index", str(folder), index_workers="1").status == 0
    for step in (("push", "small"), ("connect", "ledger-go", "--score-threshold", "0.3"), ("remove", "--all", "--yes")):
        run_dify(data_dir, *step)
    document = json.loads(DOCUMENT.read_text())
    seen = set()
    for call in dify.calls:
        path = call.path.removeprefix("/v1")
        if not path.startswith("/datasets"):
            continue
        operation = find_operation(document, call.method, path)
        seen.add(operation["operationId"])
        if call.body is not None:
            content = operation["requestBody"]["content"]["application/json"]["schema"]
            Draft202012Validator(schema_of(content, document, is_answer=False)).validate(call.body)
        if call.status not in UNDOCUMENTED:
            answer = schema_of(operation["responses"][str(call.status)], document, is_answer=True)
            schema = answer.get("content", {}).get("application/json", {}).get("schema")
            if schema is not None and call.status < 300:
                Draft202012Validator(schema).validate(call.answer)
            assert (call.answer is None) == (call.status == 204)
    assert len(seen) >= 12, seen
