#!/bin/sh
# FastAPI 0.165.0 with OpenTelemetry 1.45.2, as an application that says nothing of telemetry uses it.
#
# Expected: a web framework makes spans where one has asked it to, by a middleware or an instrumentation package; that some other
# part of the process has set a tracer provider of its own changes nothing about what leaves the process.
# Really: as soon as there is a provider, FastAPI itself makes a span for each request, with the whole query string in `url.query`.
# Five names of signatures and credentials are replaced (`sig`, `X-Amz-Signature` ...); `password`, `token` and what somebody
# typed into a search form are sent as they are. It is off with FastAPI(telemetry={"tracing": False}).
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM
"${PYTHON:-python3}" -m venv "$folder/environment"
cd "$folder"
environment/bin/python -m pip install --quiet --disable-pip-version-check fastapi==0.165.0 opentelemetry-sdk==1.45.2

environment/bin/python - <<'EOF'
import asyncio
from importlib.metadata import version

from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter


def ask(**options):
    app = FastAPI(**options)
    app.add_api_route("/search", lambda: "found")
    exporter.clear()
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/search",
        "query_string": b"q=my+illness&token=abc&sig=abc",
        "headers": [],
    }
    asyncio.run(app(scope, receive, send))
    assert sent[0]["status"] == 200
    return [span.attributes.get("url.query") for span in exporter.get_finished_spans() if "url.query" in span.attributes]


# Any other library of the process may do this, for spans of its own.
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)

found = ask(), ask(telemetry={"tracing": False})
print(f"fastapi {version('fastapi')}, opentelemetry-sdk {version('opentelemetry-sdk')}: url.query by default {found[0]}, off {found[1]}")
assert found == (["q=my+illness&token=abc&sig=REDACTED"], [])
EOF
