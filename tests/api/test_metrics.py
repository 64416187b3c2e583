"""`GET /metrics`: who may read it, what is counted, and that nothing that clients make up becomes a label."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from codesearch.core.errors import CatalogError, StoreError, TooManyRequestsError, UnwritableError
from codesearch.core.stages import Stage
from codesearch.telemetry import table
from codesearch.telemetry.figures import InstallationFigures
from codesearch.telemetry.opening import Telemetry
from codesearch.telemetry.prometheus import PrometheusMetrics
from tests.api.api_client import KEY, ApiClient, ScriptedRetriever, ScriptedToolbox, bearer, build_app, read_error
from tests.api.mcp_requests import read_result, send
from tests.api.page_visitor import PageVisitor
from tests.api.served_fixtures import ServedFixtures, serve_fixtures
from tests.e2e.service import copy_index, index_fixtures

TOKEN = "a-token-that-opens-metrics"
# How Prometheus names the series of a histogram.
PARTS = ("_bucket", "_sum", "_count", "_created")

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFixtures]:
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("metrics") / "data")
    with serve_fixtures(data_dir, metrics=True, metrics_token=TOKEN, max_requests_per_minute=600) as served:
        yield served


def read(client: ApiClient, secret: str) -> Samples:
    response = client.get("/metrics", headers=bearer(secret))
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    return samples.get((name, tuple(sorted(labels.items()))), 0.0)


def test_it_takes_an_admin_key_or_the_token_which_opens_nothing_else(served: ServedFixtures) -> None:
    client = served.client
    assert read_error(client.get("/metrics"))[:2] == (401, 1004)
    assert read_error(client.get("/metrics", headers=bearer("cs_nobody")))[:2] == (401, 1004)
    assert read_error(client.get("/metrics", headers=bearer(TOKEN[:-1])))[:2] == (401, 1004)
    assert read_error(client.get("/metrics", headers=bearer(served.keys["all"])))[:2] == (403, 1002)
    assert read(client, served.keys["admin"])
    assert read(client, TOKEN)
    ask = {"knowledge_id": "ledger-go", "query": "balance"}
    assert client.request("POST", "/retrieval", json=ask, headers=bearer(TOKEN)).status_code == 401


def test_it_is_not_there_unless_it_is_switched_on(client: ApiClient) -> None:
    assert read_error(client.get("/metrics", headers=bearer()))[:2] == (404, 1003)


def test_every_metric_of_the_table_is_there_and_no_other(served: ServedFixtures) -> None:
    client = served.client
    ask = {"knowledge_id": "ledger-go", "query": "balance"}
    client.request("POST", "/retrieval", json=ask, headers=bearer(served.keys["all"]))
    names: dict[str, set[str]] = {}
    text = client.get("/metrics", headers=bearer(TOKEN)).text
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = sample.name if family.type != "histogram" else family.name
            if not sample.name.endswith("_created"):
                names.setdefault(name, set()).update(set(sample.labels) - {"le"})
    # These two have no series before something goes wrong.
    quiet = {table.REFUSED.name, table.ERRORS.name}
    assert set(names) - quiet == {metric.name for metric in table.TABLE} - quiet
    for metric in table.TABLE:
        if metric.name in names:
            assert names[metric.name] == set(metric.labels), metric.name


def test_requests_and_their_stages_are_counted(served: ServedFixtures) -> None:
    client, key = served.client, served.keys["all"]
    before = read(client, TOKEN)
    ask = {"knowledge_id": "ledger-go", "query": "how is the balance of an account computed"}
    for _ in range(3):
        assert client.request("POST", "/retrieval", json=ask, headers=bearer(key)).status_code == 200
    assert client.request("POST", "/retrieval", json={**ask, "query": ""}, headers=bearer(key)).status_code == 400
    assert served.post("outline", {"data_source": "ledger-go", "path": "README.md"}).status_code == 200
    after = read(client, TOKEN)

    def grown(name: str, **labels: str) -> float:
        return value(after, name, **labels) - value(before, name, **labels)

    assert grown("codesearch_requests_total", route="/retrieval", status="200") == 3
    assert grown("codesearch_requests_total", route="/retrieval", status="400") == 1
    assert grown("codesearch_requests_total", route="/api/tools/outline", status="200") == 1
    assert grown("codesearch_request_seconds_count", route="/retrieval") == 4
    counts = {stage: grown("codesearch_stage_seconds_count", stage=stage.value) for stage in Stage}
    searching = (Stage.WAIT, Stage.UNDERSTAND, Stage.EMBED, Stage.CANDIDATES, Stage.RANK)
    assert {stage: counts[stage] for stage in searching} == dict.fromkeys(searching, 3)
    assert (counts[Stage.READ], counts[Stage.OPEN], counts[Stage.TOOL], counts[Stage.RESPOND]) == (5, 4, 1, 4)
    # The stages are parts of the whole.
    stages = sum(grown("codesearch_stage_seconds_sum", stage=stage.value) for stage in Stage)
    whole = sum(grown("codesearch_request_seconds_sum", route=route) for route in ("/retrieval", "/api/tools/outline"))
    assert 0 < stages < whole + grown("codesearch_request_seconds_sum", route="/metrics")
    assert value(after, "codesearch_requests_in_progress") == 1
    assert value(after, "codesearch_turns_waiting") == 0
    assert value(after, "codesearch_open_indexes") == 1


def test_what_is_indexed_is_what_the_catalog_and_the_disk_hold(served: ServedFixtures) -> None:
    samples = read(served.client, TOKEN)
    sources = served.assembly.catalog.list_sources()
    assert value(samples, "codesearch_catalog_up") == 1
    assert value(samples, "codesearch_sources", state="ready") == len(sources)
    assert value(samples, "codesearch_chunks") == sum(source.chunk_count for source in sources)
    for source in sources:
        assert value(samples, "codesearch_source_chunks", source=source.name) == source.chunk_count
        folder = Path(served.assembly.settings.data_dir) / "search" / source.id
        (file,) = folder.glob("*.segment")
        assert value(samples, "codesearch_source_index_bytes", source=source.name) == file.stat().st_size
        assert value(samples, "codesearch_source_index_segments", source=source.name) == 1
        assert source.indexed_at is not None
        published = value(samples, "codesearch_source_indexed_timestamp_seconds", source=source.name)
        assert published == pytest.approx(source.indexed_at.timestamp())
        # Each was indexed once: its run embedded all that it has.
        assert value(samples, "codesearch_source_run_chunks", source=source.name) == source.chunk_count
        assert value(samples, "codesearch_source_run_chunks_per_second", source=source.name) > 0


def test_nothing_that_clients_make_up_becomes_a_label(served: ServedFixtures) -> None:
    client, key = served.client, served.keys["all"]
    for path in ("/no/such/secret-path", "/retrieval/secret-path", "/sources/secret-path", "/static/secret-path"):
        client.get(f"{path}?q=secret-query", headers=bearer(key))
    client.request("BREW", "/retrieval", headers=bearer("cs_secret-key"))
    ask = {"knowledge_id": "secret-source", "query": "secret-query"}
    client.request("POST", "/retrieval", json=ask, headers={**bearer(key), "X-Request-ID": "secret-id"})
    text = client.get("/metrics", headers=bearer(TOKEN)).text
    assert "secret" not in text
    assert all(secret not in text for secret in served.keys.values())
    routes = {dict(labels).get("route") for name, labels in read(client, TOKEN) if name == "codesearch_requests_total"}
    assert "other" in routes


def scripted(
    error: Exception | None = None,
    *,
    tool_error: Exception | None = None,
    requests_per_minute: int = 0,
    burst: int = 20,
) -> ApiClient:
    def measure() -> InstallationFigures:
        raise CatalogError("The catalog is away.")

    retriever = ScriptedRetriever(error=error)
    retriever.may_warm_up.set()
    metrics = PrometheusMetrics(measure, lambda: 0, {"version": "1", "embedding_model": "m"})
    app = build_app(
        retriever,
        toolbox=ScriptedToolbox(error=tool_error),
        metrics=True,
        metrics_token=TOKEN,
        max_requests_per_minute=requests_per_minute,
        max_request_burst=burst,
        telemetry=Telemetry([metrics], metrics),
    )
    return ApiClient(app)


@pytest.mark.parametrize(
    ("error", "kind"), [(StoreError("Bad."), "StoreError"), (ValueError("boom"), "unforeseen"), (None, None)]
)
def test_what_goes_wrong_inside_is_counted_by_its_kind(error: Exception | None, kind: str | None) -> None:
    with scripted(error) as client:
        assert client.ask().status_code == (200 if error is None else 500)
        samples = read(client, TOKEN)
    counted = {labels: count for (name, labels), count in samples.items() if name == "codesearch_errors_total"}
    assert counted == ({} if kind is None else {(("kind", kind),): 1.0})


def test_what_a_tool_says_within_an_answer_of_mcp_is_counted_too() -> None:
    with scripted(tool_error=StoreError("Bad.")) as client:
        result = read_result(send(client, "tools/call", {"name": "get_data_sources", "arguments": {}}))
        assert result["isError"] is True
        samples = read(client, TOKEN)
    assert value(samples, "codesearch_requests_total", route="/mcp", status="200") == 1
    assert value(samples, "codesearch_errors_total", kind="StoreError") == 1


def test_what_the_page_shows_is_counted_as_the_answer_of_the_api_is() -> None:
    for error, name, labels in (
        (UnwritableError("The disk is full."), "codesearch_errors_total", {"kind": "UnwritableError"}),
        (TooManyRequestsError("Later.", "turn"), "codesearch_refused_total", {"limit": "turn"}),
    ):
        with scripted(error) as client:
            visitor = PageVisitor(client)
            visitor.sign_in(KEY)
            assert visitor.get("/?q=x&source=shop").status_code in (429, 503)
            assert value(read(client, TOKEN), name, **labels) == 1


def test_what_is_refused_is_counted_by_its_limit() -> None:
    with scripted(requests_per_minute=1, burst=1) as client:
        assert [client.ask().status_code for _ in range(3)] == [200, 429, 429]
        samples = read(client, TOKEN)
    assert value(samples, "codesearch_refused_total", limit="rate") == 2
    assert value(samples, "codesearch_requests_total", route="/retrieval", status="429") == 2


def test_without_the_catalog_the_rest_is_there(caplog: pytest.LogCaptureFixture) -> None:
    with scripted() as client:
        client.ask()
        samples = read(client, TOKEN)
    assert ("codesearch_catalog_up", ()) in samples
    assert value(samples, "codesearch_catalog_up") == 0
    assert value(samples, "codesearch_requests_total", route="/retrieval", status="200") == 1
    assert ("codesearch_chunks", ()) not in samples
    assert "The catalog is away." in caplog.text
