"""`codesearch dify push` of 1,000 files, killed at ten places: the knowledge base comes to equal a fresh push.

`make faults` runs this.
"""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from tests.e2e.dify.conftest import settings_of
from tests.e2e.dify.server import DifyServer
from tests.e2e.dify.test_push import Contents, contents, write_files
from tests.e2e.service import PATIENCE_SECONDS, clean_environment, command_of, run_cli

pytestmark = pytest.mark.long
FILE_COUNT = 1000
KILLS = 10


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("pushed")
    write_files(base / "large", range(FILE_COUNT))
    assert run_cli(base / "data", "index", str(base / "large"), index_workers="1").status == 0
    return base / "data"


@pytest.fixture(scope="module")
def fresh(data_dir: Path) -> Contents:
    with DifyServer() as server:
        assert run_cli(data_dir, "dify", "push", "large", **settings_of(server)).status == 0
        assert len(contents(server)) == FILE_COUNT
        server.calls.clear()
        assert run_cli(data_dir, "dify", "push", "large", **settings_of(server)).status == 0
        assert server.writes == []
        return contents(server)


@pytest.mark.parametrize("keeps_journal", [True, False])
def test_a_push_that_is_killed_at_ten_places(data_dir: Path, fresh: Contents, keeps_journal: bool) -> None:
    drawn = random.Random(16)
    with DifyServer() as server:
        for kill in range(KILLS):
            started = subprocess.Popen(
                command_of("dify", "push", "large"),
                env=clean_environment(data_dir, **settings_of(server)),
                stderr=subprocess.DEVNULL,
            )
            place = server.count + drawn.randint(1, 10 + kill * 40)

            def stop(number: int, place: int = place, process: subprocess.Popen[bytes] = started) -> None:
                if number == place:
                    process.kill()

            server.on_call = stop
            assert started.wait(PATIENCE_SECONDS) == -9
            if not keeps_journal:
                for path in (data_dir / "dify").glob("*"):
                    path.unlink()
        server.on_call = lambda number: None
        assert run_cli(data_dir, "dify", "push", "large", **settings_of(server)).status == 0
        assert contents(server) == fresh
        assert len(server.knowledge.datasets) == 1
        server.calls.clear()
        assert run_cli(data_dir, "dify", "push", "large", **settings_of(server)).status == 0
        assert server.writes == []
