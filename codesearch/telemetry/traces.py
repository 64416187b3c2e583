"""Traces for OpenTelemetry: a span for each request and one for each of its stages. The only import of opentelemetry.

The provider is our own and never the process's: libraries that make spans as soon as there is one for all (the web
framework, the MCP SDK) would put addresses with people's questions, and messages of errors, into theirs.
"""

from __future__ import annotations

import time
from importlib.metadata import version
from threading import Thread
from typing import Any

from codesearch.core.errors import ConfigurationError
from codesearch.telemetry.observing import ObservedRequest

try:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ImportError as error:
    raise ConfigurationError(
        "CODESEARCH_TRACES needs OpenTelemetry's SDK, which is not installed. Install codesearch with the extra "
        "`telemetry`, or set CODESEARCH_TRACES to false."
    ) from error

# A collector that does not answer keeps nobody from stopping the service.
CLOSE_SECONDS = 3.0
_BILLION = 1_000_000_000


class Traces:
    """Makes spans of requests that are over and hands them to OpenTelemetry, which sends them in the background.

    Where to, how many, and under which names is for the variables of OpenTelemetry itself (OTEL_EXPORTER_OTLP_ENDPOINT,
    OTEL_TRACES_SAMPLER, OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES).
    """

    def __init__(self, processor: SpanProcessor | None = None) -> None:
        """Send to an OTLP collector over HTTP, or hand spans to `processor`."""
        own = Resource({SERVICE_NAME: "codesearch", SERVICE_VERSION: version("codesearch")})
        self._provider = TracerProvider(resource=own.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
        self._provider.add_span_processor(processor or BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self._provider.get_tracer("codesearch", version("codesearch"))
        self._propagator = TraceContextTextMapPropagator()
        # What is added to a moment of the stages' clock to have nanoseconds since 1970.
        self._epoch = time.time_ns() - int(time.perf_counter() * _BILLION)

    def begin(self) -> None:
        """Do nothing: a span is made when all is known."""

    def end(self, request: ObservedRequest) -> None:
        """Make the spans of a request."""
        parent = self._propagator.extract({"traceparent": request.traceparent}) if request.traceparent else None
        span = self._tracer.start_span(
            f"{request.method} {request.route}",
            context=parent,
            kind=SpanKind.SERVER,
            attributes=_attributes_of(request),
            start_time=self._moment(request.began),
        )
        if not span.is_recording():
            return
        if request.status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        inside = set_span_in_context(span)
        for stage, began, ended in request.stages.intervals:
            part = self._tracer.start_span(stage.value, context=inside, start_time=self._moment(began))
            part.end(self._moment(ended))
        span.end(self._moment(request.ended))

    def close(self) -> None:
        """Send what is left, for no longer than CLOSE_SECONDS."""
        closing = Thread(target=self._provider.shutdown, name="close-traces", daemon=True)
        closing.start()
        closing.join(CLOSE_SECONDS)

    def _moment(self, seconds: float) -> int:
        return self._epoch + int(seconds * _BILLION)


def _attributes_of(request: ObservedRequest) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "http.request.method": request.method,
        "http.route": request.route,
        "http.response.status_code": request.status,
        "codesearch.request_id": request.request_id,
    }
    if request.limit is not None:
        attributes["codesearch.limit"] = request.limit
    if request.error_kind is not None:
        attributes["error.type"] = request.error_kind
    return attributes
