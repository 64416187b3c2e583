"""What observes requests: only what the settings ask for, and nothing of it imported otherwise."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from codesearch.core.config import load_settings
from codesearch.core.errors import ConfigurationError
from codesearch.telemetry.opening import require_telemetry
from tests.e2e.service import clean_environment

LOADED = """
import json, sys
from codesearch.api.app import create_app
from codesearch.core.config import load_settings
from codesearch.telemetry.opening import open_telemetry, require_telemetry
settings = load_settings()
create_app(settings, lambda _: None)
require_telemetry(settings)
telemetry = open_telemetry(settings, lambda: None, lambda: 0)
names = ("prometheus_client", "opentelemetry.sdk", "opentelemetry.exporter")
print(json.dumps([len(telemetry.observers), [name for name in names if name in sys.modules]]))
"""
WITHOUT_SDK = """
import sys
sys.modules["opentelemetry.sdk"] = None
from codesearch.cli.main import main
main(["serve", "--port", "0"])
"""


def run(script: str, data_dir: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = clean_environment(data_dir, **settings)
    command = [sys.executable, "-c", script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize(
    ("settings", "loaded"),
    [
        ({}, [0, []]),
        ({"metrics": "true"}, [1, ["prometheus_client"]]),
        ({"traces": "true"}, [1, ["opentelemetry.sdk", "opentelemetry.exporter"]]),
    ],
    ids=str,
)
def test_only_what_is_asked_for_is_imported(settings: dict[str, str], loaded: list[object], tmp_path: Path) -> None:
    done = run(LOADED, tmp_path / "data", **settings)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == loaded


def test_traces_without_their_library_are_one_line_that_says_what_to_install(tmp_path: Path) -> None:
    done = run(WITHOUT_SDK, tmp_path / "data", traces="true")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "the extra `telemetry`" in done.stderr


def test_a_folder_of_prometheus_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "gone"))
    require_telemetry(load_settings())
    with pytest.raises(ConfigurationError, match="PROMETHEUS_MULTIPROC_DIR"):
        require_telemetry(load_settings(metrics=True))


def test_a_token_that_can_be_guessed_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="metrics_token: it should have at least 16"):
        load_settings(metrics_token="short")
