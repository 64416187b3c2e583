"""Traces: a span for each request with its stages, in the client's trace, and nothing of what was asked in them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import StatusCode

from codesearch.core.errors import StoreError
from codesearch.telemetry.opening import Telemetry
from codesearch.telemetry.traces import Traces
from tests.api.api_client import ApiClient, ScriptedRetriever, bearer, build_app
from tests.api.served_fixtures import ServedFixtures, serve_fixtures
from tests.e2e.service import copy_index, index_fixtures

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def client(exporter: InMemorySpanExporter) -> Iterator[ApiClient]:
    retriever = ScriptedRetriever()
    retriever.may_warm_up.set()
    telemetry = Telemetry([Traces(SimpleSpanProcessor(exporter))])
    with ApiClient(build_app(retriever, traces=True, telemetry=telemetry)) as client:
        yield client


def everything_in(spans: tuple[ReadableSpan, ...]) -> str:
    return "\n".join(span.to_json() for span in spans)


def test_a_request_is_a_span_by_the_template_of_its_address(client: ApiClient, exporter: InMemorySpanExporter) -> None:
    answer = client.request(
        "POST", "/retrieval?secret=1", json={"knowledge_id": "secret", "query": "secret"}, headers=bearer()
    )
    assert answer.status_code == 200
    client.get("/secret-path?q=secret")
    spans = exporter.get_finished_spans()
    whole, other = (span for span in spans if span.parent is None)
    assert (whole.name, other.name) == ("POST /retrieval", "GET other")
    assert whole.attributes is not None
    assert dict(whole.attributes) == {
        "http.request.method": "POST",
        "http.route": "/retrieval",
        "http.response.status_code": 200,
        "codesearch.request_id": answer.headers["X-Request-ID"],
    }
    assert "secret" not in everything_in(spans)
    assert "cs_good" not in everything_in(spans)


def test_its_stages_are_spans_within_it(client: ApiClient, exporter: InMemorySpanExporter) -> None:
    client.ask()
    *stages, whole = exporter.get_finished_spans()
    assert [stage.name for stage in stages] == ["authenticate", "read", "open"]
    moments = [whole.start_time, *(moment for stage in stages for moment in (stage.start_time, stage.end_time))]
    moments.append(whole.end_time)
    known = [moment for moment in moments if moment is not None]
    assert len(known) == len(moments)
    assert known == sorted(known)
    assert {stage.parent.span_id for stage in stages if stage.parent} == {whole.context.span_id}


def test_it_is_part_of_the_clients_trace(client: ApiClient, exporter: InMemorySpanExporter) -> None:
    ask = {"knowledge_id": "x", "query": "y"}
    headers = {**bearer(), "traceparent": f"00-{TRACE}-{PARENT}-01", "baggage": "secret=1"}
    client.request("POST", "/retrieval", json=ask, headers=headers)
    client.request("POST", "/retrieval", json=ask, headers={**headers, "traceparent": f"00-{TRACE}-{PARENT}-00"})
    client.request("POST", "/retrieval", json=ask, headers={**headers, "traceparent": "no such thing"})
    sampled, own = (span for span in exporter.get_finished_spans() if span.name == "POST /retrieval")
    assert f"{sampled.context.trace_id:032x}" == TRACE
    assert sampled.parent is not None
    assert f"{sampled.parent.span_id:016x}" == PARENT
    assert own.parent is None


def test_a_failure_is_one_of_its_span_and_its_message_is_not_in_it(exporter: InMemorySpanExporter) -> None:
    retriever = ScriptedRetriever(error=StoreError("/srv/secret/place is broken"))
    retriever.may_warm_up.set()
    telemetry = Telemetry([Traces(SimpleSpanProcessor(exporter))])
    with ApiClient(build_app(retriever, traces=True, telemetry=telemetry)) as client:
        assert client.ask().status_code == 500
        assert client.ask(query="").status_code == 400
    failed, refused = (span for span in exporter.get_finished_spans() if span.name == "POST /retrieval")
    assert failed.status.status_code is StatusCode.ERROR
    assert (failed.attributes or {})["error.type"] == "StoreError"
    assert refused.status.status_code is StatusCode.UNSET
    assert "secret" not in everything_in(exporter.get_finished_spans())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedFixtures]:
    data_dir = copy_index(index_fixtures(tmp_path_factory), tmp_path_factory.mktemp("traces") / "data")
    with serve_fixtures(data_dir) as served:
        yield served


def test_a_provider_for_the_whole_process_gets_no_question_either(
    served: ServedFixtures, exporter: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under `opentelemetry-instrument`: the web framework would put addresses with their questions into spans."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer_provider", lambda: provider)
    key = bearer(served.keys["all"])
    served.client.get("/?source=ledger-go&q=secret-question", headers=key)
    ask = {"knowledge_id": "ledger-go", "query": "secret-question"}
    assert served.client.request("POST", "/retrieval", json=ask, headers=key).status_code == 200
    assert "secret" not in everything_in(exporter.get_finished_spans())
