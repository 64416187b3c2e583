"""What a service says of itself: metrics for Prometheus, traces for OpenTelemetry, figures for `codesearch doctor`."""
