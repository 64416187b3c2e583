"""The server of workers: it loads the model when the first is asked for, and says each time why it cannot."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from codesearch.core.errors import ConfigurationError
from codesearch.core.types import BUNDLED_MODEL
from indexer.workers.processes import ForkServer
from indexer.workers.tasks import WorkerSettings

SETTINGS = WorkerSettings(BUNDLED_MODEL, Path(), 400, 1.0, 128)


def test_a_server_that_cannot_load_the_model_says_so_to_each_that_asks(tmp_path: Path) -> None:
    settings = dataclasses.replace(SETTINGS, embedding_model=str(tmp_path))
    with ForkServer(settings, method="spawn") as server:
        for _ in range(3):
            with pytest.raises(ConfigurationError, match="has no model"):
                server.start()
        assert server.is_alive
