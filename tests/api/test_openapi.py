"""The OpenAPI document: what it promises, and that requests made from it and from noise keep the promises."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from codesearch.api.routes import search_code
from codesearch.api.schemas import ErrorResponse, RetrievalRequest, RetrievalResponse
from codesearch.core.predicates import FIELD_TYPES
from codesearch.core.types import Hit
from codesearch.retrieval.condition_operators import RULES
from codesearch.tools.toolbox import TOOLS
from tests.api.api_client import ApiClient, ScriptedRetriever, bearer, build_app, read_error
from tests.api.test_addresses import ENDPOINTS
from tests.api.test_management_document import OPERATIONS as MANAGEMENT

OPERATIONS = [("POST", path) for path in (*ENDPOINTS, search_code.PATH)] + [
    ("GET", path) for path in ("/healthz", "/readyz", "/about", "/api/datasources/all", "/api/datasources/ready")
]


@pytest.fixture
def openapi_schema(retriever: ScriptedRetriever) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", build_app(retriever))


@pytest.fixture
def document(client: ApiClient) -> dict[str, Any]:
    response = client.get("/openapi.json")
    assert response.status_code == 200
    content: dict[str, Any] = response.json()
    return content


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        *((method, path, GenerationMode.POSITIVE) for method, path in OPERATIONS),
        *(("POST", path, GenerationMode.NEGATIVE) for path in ENDPOINTS),
    ],
)
def test_requests_made_from_the_document(openapi_schema: Any, method: str, path: str, mode: GenerationMode) -> None:
    """Answers to valid and invalid requests have the status, the content type and the form that the document says."""

    # One handler answers at all endpoints.
    is_twin = path in ENDPOINTS[1:]

    @settings(max_examples=15 if is_twin else 40, suppress_health_check=list(HealthCheck))
    @given(case=openapi_schema[path][method].as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        response = case.call(headers=bearer())
        # Which operators and values fit which field is more than the document can say.
        excluded = [positive_data_acceptance]
        if response.status_code == 413:
            # A refusal too, though not one that this check knows.
            excluded.append(negative_data_rejection)
        case.validate_response(response, excluded_checks=excluded)

    check()


def test_the_document_names_every_operation(openapi_schema: Any) -> None:
    described = [operation.ok() for operation in openapi_schema.get_all_operations()]
    of_tools = [("POST", f"/api/tools/{tool.name}") for tool in TOOLS]
    found = sorted((operation.method.upper(), operation.path) for operation in described)
    assert found == sorted([*OPERATIONS, *of_tools, *MANAGEMENT])


@pytest.fixture(scope="module")
def shared_client() -> Iterator[ApiClient]:
    retriever = ScriptedRetriever()
    retriever.may_warm_up.set()
    with ApiClient(build_app(retriever)) as client:
        yield client


@given(content=st.binary(max_size=60), path=st.sampled_from(ENDPOINTS))
def test_any_bytes_are_refused_and_never_an_internal_error(shared_client: ApiClient, content: bytes, path: str) -> None:
    assert read_error(shared_client.post_bytes(content, path))[:2] == (400, 1001)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)
CONDITION = st.fixed_dictionaries(
    {
        "name": st.sampled_from([*FIELD_TYPES]) | JSON,
        "comparison_operator": st.sampled_from([*RULES]) | JSON,
        "value": JSON,
    }
)
BODY = st.fixed_dictionaries(
    {"knowledge_id": st.just("a") | JSON, "query": st.just("q") | JSON},
    optional={
        "retrieval_setting": st.fixed_dictionaries(
            {}, optional={"top_k": JSON, "score_threshold": JSON, "max_tokens": JSON}
        )
        | JSON,
        "metadata_condition": st.fixed_dictionaries({"conditions": st.lists(CONDITION, max_size=2)}) | JSON,
    },
)


@given(body=BODY)
def test_any_json_is_answered_or_refused(shared_client: ApiClient, body: dict[str, Any]) -> None:
    response = shared_client.post_bytes(json.dumps(body).encode())
    if response.status_code == 200:
        assert response.json() == {"records": []}
    else:
        assert read_error(response)[:2] == (400, 1001)


@pytest.mark.parametrize("path", ENDPOINTS)
def test_the_three_addresses_are_described(document: dict[str, Any], path: str) -> None:
    operation = document["paths"][path]["post"]
    assert set(operation["responses"]) == {"200", "400", "401", "403", "404", "408", "413", "429", "500"}
    assert operation["security"] == [{"HTTPBearer": []}]
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    for status, response in operation["responses"].items():
        if status != "200":
            ErrorResponse.model_validate(response["content"]["application/json"]["example"])


def test_every_reference_resolves(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    references = {part.split('"')[0] for part in text.split('"$ref": "#/components/schemas/')[1:]}
    assert "RetrievalRequest" in references
    assert references <= set(document["components"]["schemas"])


def test_the_example_request_works(client: ApiClient, document: dict[str, Any]) -> None:
    (example,) = document["components"]["schemas"]["RetrievalRequest"]["examples"]
    assert client.ask(example).status_code == 200
    assert RetrievalRequest.model_validate(example).model_dump(exclude_unset=True) == example


def test_the_example_answer_has_the_form_of_an_answer(
    client: ApiClient, document: dict[str, Any], symbol_hit: Hit
) -> None:
    (example,) = document["components"]["schemas"]["RetrievalResponse"]["examples"]
    RetrievalResponse.model_validate(example)
    answer = client.ask().json()
    RetrievalResponse.model_validate(answer)
    assert set(example["records"][0]["metadata"]) | {"url"} == set(answer["records"][0]["metadata"])


def test_operators_and_fields_are_listed(document: dict[str, Any]) -> None:
    condition = document["components"]["schemas"]["Condition"]["properties"]
    assert all(f"`{name}`" in condition["comparison_operator"]["description"] for name in RULES)
    assert json.dumps([*FIELD_TYPES]) in json.dumps(condition["name"])
