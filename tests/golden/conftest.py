"""The fixtures' index, built once per test run, and the option that rewrites golden files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from filelock import FileLock

from codesearch.assembly import Assembly, open_indexer
from codesearch.core.config import load_settings
from indexer.chunking.version import CHUNKER_VERSION
from indexer.pipeline import SilentProgress
from tests.golden.golden_set import FIXTURES

WORKSPACE = "everything"
REPOSITORIES = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden-write", action="store_true", help="rewrite the golden files with what comes out now")


@pytest.fixture(scope="session")
def golden_write(request: pytest.FixtureRequest) -> bool:
    """Whether golden files are to be rewritten; never in an ordinary run."""
    return bool(request.config.getoption("--golden-write", default=False))


@pytest.fixture(scope="session")
def fixtures_index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assembly]:
    """Every fixture repository under its own name, and a workspace with all of them; read only."""
    folder = tmp_path_factory.getbasetemp()
    # The processes of one parallel run share what the first of them has indexed.
    shared = folder.parent if hasattr(request.config, "workerinput") else folder
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CODESEARCH_")]:
            patch.delenv(name)
        patch.chdir(folder)
        # A checkout has commits, an unpacked archive none: rankings are to be the same.
        settings = load_settings(data_dir=shared / "golden-data", index_workers=1, history_commits=0)
        assembly = Assembly(settings, CHUNKER_VERSION)
    done = shared / "golden-indexed"
    with FileLock(shared / "golden.lock"):
        if not done.exists():
            _index_fixtures(assembly, FIXTURES)
            done.touch()
    yield assembly
    assembly.close()


def _index_fixtures(assembly: Assembly, folder: Path) -> None:
    indexer = open_indexer(assembly)
    for name in REPOSITORIES:
        indexer.index(str(folder / name), name=name, branch=None, subdir=None, progress=SilentProgress())
    assembly.catalog.create_workspace(WORKSPACE, REPOSITORIES)
