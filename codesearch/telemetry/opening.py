"""Opens what observes requests, as far as the settings ask for it: nothing of it is imported otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from codesearch.core.config import Settings
from codesearch.core.errors import ConfigurationError
from codesearch.core.processes import is_alive
from codesearch.core.settings.environment import METRICS_FOLDER, find_metrics_folder
from codesearch.telemetry.observing import ObservedRequest, Observer

if TYPE_CHECKING:
    from codesearch.telemetry.figures import InstallationFigures
    from codesearch.telemetry.prometheus import PrometheusMetrics


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Who is told of requests; `metrics` is the one of them that can be read, where it is on."""

    observers: Sequence[Observer] = ()
    metrics: PrometheusMetrics | None = None

    def begin(self) -> None:
        """Note that a request begins."""
        for observer in self.observers:
            observer.begin()

    def end(self, request: ObservedRequest) -> None:
        """Note what became of it."""
        for observer in self.observers:
            observer.end(request)

    def close(self) -> None:
        """Hand on what is still held back; may take some seconds."""
        for observer in self.observers:
            observer.close()


def require_telemetry(settings: Settings) -> None:
    """Raise ConfigurationError where what the settings ask for is not installed, or has no place."""
    folder = find_metrics_folder() if settings.metrics else None
    if folder is not None and not folder.is_dir():
        raise ConfigurationError(
            f"{METRICS_FOLDER} names {folder}, which is no folder. Make it, or unset the variable."
        )
    if settings.traces:
        import codesearch.telemetry.traces  # noqa: F401 - says what is missing


def open_telemetry(
    settings: Settings, measure: Callable[[], InstallationFigures], count_open_indexes: Callable[[], int]
) -> Telemetry:
    """Return what the settings ask for. Raises ConfigurationError where it is not installed."""
    observers: list[Observer] = []
    metrics = None
    if settings.metrics:
        from codesearch.telemetry.prometheus import PrometheusMetrics, forget_processes

        folder = find_metrics_folder()
        if folder is not None:
            # This one may be here because another one was killed.
            forget_processes(folder, is_alive)
        info = {"version": version("codesearch"), "embedding_model": settings.embedding_model}
        metrics = PrometheusMetrics(measure, count_open_indexes, info)
        observers.append(metrics)
    if settings.traces:
        from codesearch.telemetry.traces import Traces

        observers.append(Traces())
    return Telemetry(observers, metrics)
