"""The OpenAPI document as Dify imports it for a custom tool, and the calls that it then makes.

The importer below follows what Dify's does with a document, as far as that can fail or lose something: one tool for
each operation; parameters by their names; the body's properties one level deep, after one reference; a type only where
a property itself names one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from codesearch.core.types import Hit
from tests.api.api_client import KEY, ApiClient, ScriptedRetriever, ScriptedToolbox, bearer, build_app

METHODS = ("get", "post", "put", "delete", "patch", "head", "options", "trace")
TYPES = {"integer": "number", "number": "number", "boolean": "boolean", "string": "string"}


class ImportFailedError(Exception):
    """What a person sees as "invalid schema"."""


@dataclass(frozen=True)
class ImportedParameter:
    """One parameter as the form and the model see it; a type that was not understood is a string."""

    name: str
    type: str
    is_required: bool
    description: str
    default: str | float | None


@dataclass(frozen=True)
class ImportedTool:
    """One operation, with the body's schema, None for an operation without a body."""

    name: str
    description: str
    method: str
    url: str
    parameters: tuple[ImportedParameter, ...]
    schema: Mapping[str, Any] | None

    def call(self, client: ApiClient, arguments: Mapping[str, object]) -> httpx.Response:
        """Send what Dify sends: every argument in the type of its property, defaults for what was left out."""
        headers = bearer()
        body: dict[str, object] = {}
        if self.schema is not None:
            headers["Content-Type"] = "application/json"
            for name, declared in self.schema["properties"].items():
                if name in arguments:
                    body[name] = convert(declared, arguments[name])
                elif name in self.schema.get("required", ()):
                    raise AssertionError(f"{name} is missing")
                elif "default" in declared:
                    body[name] = declared["default"]
        return client.request(self.method.upper(), urlsplit(self.url).path, content=json.dumps(body), headers=headers)


def convert(declared: Mapping[str, Any], value: Any) -> Any:
    """Return a value that a model gave as the type that the property, or the first alternative it fits, names."""
    for option in declared.get("anyOf", [declared]):
        kind = option.get("type")
        try:
            if kind in ("integer", "number"):
                return float(value) if "." in str(value) else int(value)
            if kind == "string":
                return str(value)
            if kind == "boolean" and str(value).lower() in ("true", "1", "false", "0"):
                return str(value).lower() in ("true", "1")
            if "anyOf" in option and option is not declared:
                return convert(option, value)
        except ValueError:
            continue
    return value


def import_tools(document: Mapping[str, Any]) -> dict[str, ImportedTool]:
    """Return the tools by name; raises ImportFailedError where Dify refuses the document."""
    if not document.get("servers"):
        raise ImportFailedError("no server")
    base = document["servers"][0]["url"]
    tools: dict[str, ImportedTool] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if method not in item:
                continue
            operation = item[method]
            schema = find_body_schema(document, operation)
            parameters = [read_parameter(declared) for declared in operation.get("parameters", ())]
            if schema is not None:
                parameters += [
                    read_property(name, declared, name in schema.get("required", ()))
                    for name, declared in schema.get("properties", {}).items()
                ]
            name = operation["operationId"]
            description = operation.get("description") or operation.get("summary") or ""
            if name in tools:
                raise ImportFailedError(f"{name} twice")
            tools[name] = ImportedTool(name, description, method, base + path, tuple(parameters), schema)
    return tools


def find_body_schema(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Mapping[str, Any] | None:
    contents = operation.get("requestBody", {}).get("content", {})
    schema: Mapping[str, Any] | None = None
    for content in contents.values():
        schema = content["schema"]
        if "$ref" in content["schema"]:
            found: Any = document
            for part in content["schema"]["$ref"].split("/")[1:]:
                found = found[part]
            schema = found
    return schema


def read_parameter(declared: Mapping[str, Any]) -> ImportedParameter:
    if "name" not in declared:
        raise ImportFailedError("a reference for a parameter")
    return read_property(declared["name"], {**declared.get("schema", {}), **declared}, declared.get("required", False))


def read_property(name: str, declared: Any, is_required: bool) -> ImportedParameter:
    if not isinstance(declared, Mapping):
        raise ImportFailedError(f"{name} is no object")
    kind, description, default = declared.get("type"), declared.get("description", ""), declared.get("default")
    if isinstance(kind, list):
        raise ImportFailedError(f"{name} has a list of types")
    if not isinstance(description, str) or not isinstance(default, (str, int, float, type(None))):
        raise ImportFailedError(f"{name} has a description or default that is no plain value")
    return ImportedParameter(name, TYPES.get(kind or "", "string"), is_required, description, default)


@pytest.fixture
def toolbox() -> ScriptedToolbox:
    return ScriptedToolbox()


@pytest.fixture
def client(retriever: ScriptedRetriever, toolbox: ScriptedToolbox) -> Iterator[ApiClient]:
    with ApiClient(build_app(retriever, toolbox=toolbox)) as client:
        yield client


@pytest.fixture
def tools(client: ApiClient) -> dict[str, ImportedTool]:
    return import_tools(client.get("/openapi.json").json())


def test_every_operation_becomes_a_tool(tools: dict[str, ImportedTool]) -> None:
    assert {"search_code", "get_data_sources", "read_file", "grep_search", "post_retrieval"} <= set(tools)
    for tool in tools.values():
        assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", tool.name)
        assert tool.description
        assert all(parameter.description for parameter in tool.parameters)


def test_search_code_is_flat(tools: dict[str, ImportedTool]) -> None:
    tool = tools["search_code"]
    assert [(item.name, item.type, item.is_required, item.default) for item in tool.parameters] == [
        ("knowledge_id", "string", True, None),
        ("query", "string", True, None),
        ("top_k", "number", False, 5),
        ("score_threshold", "number", False, 0.0),
    ]
    assert tool.url == "http://service/api/search_code"
    assert "lines" in tool.description


def test_search_code_is_called_with_what_a_model_gives(
    client: ApiClient, tools: dict[str, ImportedTool], retriever: ScriptedRetriever, symbol_hit: Hit
) -> None:
    tool = tools["search_code"]
    for given in ({}, {"top_k": 3}, {"top_k": "3", "score_threshold": "0.2"}):
        response = tool.call(client, {"knowledge_id": "my-repo", "query": "retry", **given})
        assert response.status_code == 200, response.text
        assert response.json()["records"][0]["content"] == symbol_hit.chunk.content
    assert [(query.top_k, query.score_threshold) for query in retriever.asked] == [(5, 0.0), (3, 0.0), (3, 0.2)]


def test_tools_are_called_with_what_a_model_gives(
    client: ApiClient, tools: dict[str, ImportedTool], toolbox: ScriptedToolbox
) -> None:
    """Alternatives are strings to the form; the call turns them back."""
    assert tools["grep_search"].call(client, {"query": "x", "regex": "true", "max_results": "7"}).status_code == 200
    assert tools["semantic_search"].call(client, {"question": "x", "data_sources": "my-repo"}).status_code == 200
    (_, _, grep), (_, _, semantic) = toolbox.calls
    assert (grep["regex"], grep["max_results"]) == (True, 7)
    assert semantic["data_sources"] == "my-repo"


def test_a_key_is_asked_for_where_one_is_needed(client: ApiClient) -> None:
    document = client.get("/openapi.json").json()
    (name, scheme), *others = document["components"]["securitySchemes"].items()
    assert not others
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for path, item in document["paths"].items():
        for operation in item.values():
            needs_key = path not in ("/about", "/healthz", "/readyz")
            assert operation.get("security", []) == ([{name: []}] if needs_key else [])
    assert KEY not in json.dumps(document)


@pytest.mark.parametrize(
    ("setting", "headers", "url"),
    [
        (None, {"Host": "code.example:8000"}, "http://code.example:8000"),
        (None, {"Host": "code.example/evil?"}, "http://service"),
        ("https://code.example/search/", {"Host": "10.0.0.5:8000"}, "https://code.example/search"),
    ],
)
def test_the_server_is_where_clients_reach_it(
    retriever: ScriptedRetriever, setting: str | None, headers: dict[str, str], url: str
) -> None:
    with ApiClient(build_app(retriever, public_url=setting)) as client:
        response = client.get("/openapi.json", headers=headers)
        document = response.json()
        assert document["servers"] == [{"url": url}]
        assert response.headers["cache-control"] == "no-store"
        assert import_tools(document)["search_code"].url == f"{url}/api/search_code"
        assert client.request("HEAD", "/openapi.json").status_code == 200


def operation(**parts: object) -> dict[str, Any]:
    return {"operationId": "x", **parts}


def body_of(declared: object) -> dict[str, Any]:
    """Return an operation with one property in its body."""
    schema = {"properties": {"x": declared}}
    return operation(requestBody={"content": {"application/json": {"schema": schema}}})


@pytest.mark.parametrize(
    ("servers", "item"),
    [
        ([], {}),
        (["http://a"], {"get": operation(parameters=[{"$ref": "#/components/parameters/x"}])}),
        (["http://a"], {"get": operation(), "post": operation()}),
        (["http://a"], {"post": body_of({"type": ["string", "null"]})}),
        (["http://a"], {"post": body_of({"type": "array", "default": []})}),
        (["http://a"], {"post": body_of(True)}),
    ],
)
def test_the_importer_refuses_what_dify_refuses(servers: list[str], item: dict[str, Any]) -> None:
    with pytest.raises(ImportFailedError):
        import_tools({"servers": [{"url": url} for url in servers], "paths": {"/x": item}})
