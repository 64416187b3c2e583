"""The OpenAPI document of the addresses for admins: requests made from it, valid and not, keep what it promises."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from pydantic import BaseModel
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from codesearch.api.manage import answers, requests
from codesearch.api.schemas import ErrorResponse
from tests.api.admin_pages import AdminPages, serve_admin_pages
from tests.api.api_client import bearer

OPERATIONS = [
    ("GET", "/api/sources"),
    ("POST", "/api/sources"),
    ("POST", "/api/sources/refresh"),
    ("GET", "/api/sources/{source}"),
    ("PATCH", "/api/sources/{source}"),
    ("DELETE", "/api/sources/{source}"),
    ("POST", "/api/sources/{source}/refresh"),
    ("POST", "/api/sources/{source}/merge"),
    ("POST", "/api/sources/{source}/pause"),
    ("POST", "/api/sources/{source}/resume"),
    ("GET", "/api/organisations"),
    ("POST", "/api/organisations"),
    ("GET", "/api/organisations/{organisation}"),
    ("PATCH", "/api/organisations/{organisation}"),
    ("DELETE", "/api/organisations/{organisation}"),
    ("POST", "/api/organisations/{organisation}/discover"),
    ("GET", "/api/workspaces"),
    ("POST", "/api/workspaces"),
    ("GET", "/api/workspaces/{workspace}"),
    ("PATCH", "/api/workspaces/{workspace}"),
    ("DELETE", "/api/workspaces/{workspace}"),
    ("GET", "/api/keys"),
    ("POST", "/api/keys"),
    ("GET", "/api/keys/{key}"),
    ("DELETE", "/api/keys/{key}"),
    ("GET", "/api/jobs"),
    ("GET", "/api/jobs/{job}"),
    ("POST", "/api/jobs/{job}/cancel"),
]
READING = {"GET", "DELETE"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminPages]:
    with serve_admin_pages(tmp_path_factory.mktemp("described") / "data") as pages:
        yield pages


@pytest.fixture(scope="module")
def secret(service: AdminPages) -> str:
    for number, name in enumerate(("shop", "ledger")):
        service.catalog.add_source(id=f"{number:024x}", name=name, location=f"https://git.example.org/{name}")
    return service.catalog.create_key("admin", is_admin=True)[1]


@pytest.fixture(scope="module")
def openapi_schema(service: AdminPages) -> Any:
    document = deepcopy(service.client.app.openapi())
    for operations in document["paths"].values():
        for operation in operations.values():
            # The key is put in here: what comes without one is another test's.
            operation.pop("security", None)
    return schemathesis.openapi.from_dict(document)


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        *((method, path, GenerationMode.POSITIVE) for method, path in OPERATIONS),
        *((method, path, GenerationMode.NEGATIVE) for method, path in OPERATIONS if method in ("POST", "PATCH")),
    ],
)
def test_requests_made_from_the_document(
    service: AdminPages, secret: str, openapi_schema: Any, method: str, path: str, mode: GenerationMode
) -> None:
    """Answers have the status, the content type and the form that the document says, and none is an internal error."""
    operation = openapi_schema[path][method]
    if mode is GenerationMode.NEGATIVE and not operation.body:
        pytest.skip("there is nothing to be wrong about")

    @settings(max_examples=12, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case: Any) -> None:
        arguments = case.as_transport_kwargs()
        url = arguments["url"].partition("localhost")[2] or arguments["url"]
        given = {name: arguments[name] for name in ("params", "json", "data") if arguments.get(name) is not None}
        if "data" in given:
            given["content"] = given.pop("data")
        response = service.client.request(method, url, headers=bearer(secret), **given)
        # Which names there are, and what is a location, is more than the document can say.
        case.validate_response(response, excluded_checks=[positive_data_acceptance])

    check()


def test_every_model_has_an_example_that_fits_it() -> None:
    models = [
        model
        for module in (answers, requests)
        for model in vars(module).values()
        if isinstance(model, type) and issubclass(model, BaseModel) and model.__module__ == module.__name__
    ]
    assert len(models) > 15
    for model in models:
        for example in model.model_json_schema().get("examples", []):
            model.model_validate(example)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_operation_says_what_it_may_answer(service: AdminPages, method: str, path: str) -> None:
    operation = service.client.app.openapi()["paths"][path][method.lower()]
    assert operation["security"] == [{"HTTPBearer": []}]
    assert operation["summary"]
    assert operation["description"]
    for status, said in operation["responses"].items():
        content = said["content"]["application/json"]
        if status.startswith("2"):
            name = content["schema"]["$ref"].rpartition("/")[2]
            assert service.client.app.openapi()["components"]["schemas"][name]["examples"]
        else:
            ErrorResponse.model_validate(content["example"])
    assert ("requestBody" in operation) == ("413" in operation["responses"])
