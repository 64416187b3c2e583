"""Real parts for the end-to-end tests: a data folder, what opens it, an indexer, git repositories."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from codesearch.assembly import Assembly, open_indexer
from codesearch.core.config import load_settings
from codesearch.core.embedding.embedder import Embedder
from codesearch.core.embedding.loading import load_embedder
from indexer.chunking.version import CHUNKER_VERSION
from indexer.pipeline import IndexReport
from tests.unit.indexer.conftest import Repository, isolated_git, make_repository
from tests.unit.indexer.source.git_server import GitServer, serve_clones

__all__ = ["AssemblyFactory", "IndexSource", "Repository", "isolated_git", "make_repository"]

AssemblyFactory = Callable[..., Assembly]
IndexSource = Callable[..., IndexReport]


class PhaseRecorder:
    """A Progress that shows nothing and remembers the phases."""

    def __init__(self) -> None:
        self.phases: list[str] = []

    def start(self, phase: str, total: int | None = None) -> None:
        self.phases.append(phase)

    def advance(self, files: int, chunks: int, skipped: int) -> None:
        pass


@pytest.fixture(autouse=True)
def clean_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests away: their environment and the codesearch.toml where they stand."""
    for name in [name for name in os.environ if name.startswith("CODESEARCH_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """The data folder that `assembly_factory` opens unless told otherwise; not there yet."""
    return tmp_path / "data"


@pytest.fixture(scope="session")
def bundled_embedder() -> Embedder:
    return load_embedder(load_settings(embedding_model="bundled"))


@pytest.fixture
def assembly_factory(data_dir: Path, bundled_embedder: Embedder) -> Iterator[AssemblyFactory]:
    """Return a function that opens the parts anew, as another process would; keywords are settings."""
    opened: list[Assembly] = []

    def open_assembly(*, chunker_version: int = CHUNKER_VERSION, **settings: object) -> Assembly:
        values: dict[str, object] = {"data_dir": data_dir, "index_workers": 1, **settings}
        assembly = Assembly(load_settings(**values), chunker_version)
        if "embedding_model" not in settings:
            assembly.embedder = bundled_embedder
        opened.append(assembly)
        return assembly

    yield open_assembly
    for assembly in opened:
        assembly.close()


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """An S3 server on this machine with a bucket called `index`."""
    server = pytest.importorskip("moto.server", reason="moto[server] is not installed", exc_type=ImportError)
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    url = f"http://{host}:{port}"
    urlopen(Request(f"{url}/index", method="PUT")).close()
    yield url
    running.stop()


@pytest.fixture
def object_store(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """Set what AWS's own tools read from the environment; return an address for a store of this test."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT", s3_endpoint)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return f"s3://index/{tmp_path.name}"


def index_with(
    assembly: Assembly,
    source: object,
    *,
    name: str | None = None,
    branch: str | None = None,
    subdir: str | None = None,
    progress: PhaseRecorder | None = None,
) -> IndexReport:
    """Index one source the way the command line does."""
    indexer = open_indexer(assembly)
    return indexer.index(str(source), name=name, branch=branch, subdir=subdir, progress=progress or PhaseRecorder())


@pytest.fixture
def assembly(assembly_factory: AssemblyFactory) -> Assembly:
    """The parts, opened once with the default settings."""
    return assembly_factory()


@pytest.fixture
def index_source(assembly: Assembly) -> IndexSource:
    """Return a function that indexes a source with `assembly`; keywords are name, branch and subdir."""

    def index(source: object, **options: str | None) -> IndexReport:
        return index_with(assembly, source, **options)  # type: ignore[arg-type]

    return index


@pytest.fixture
def origin(tmp_path: Path) -> Repository:
    """A repository with one file, to push from."""
    repository = Repository(tmp_path / "origin")
    repository.commit({"cart.py": "def add_to_cart(item):\n    return [item]\n"})
    return repository


@pytest.fixture
def server(tmp_path: Path, origin: Repository) -> Iterator[GitServer]:
    """A git server with its clone, `shop.git`, which is its remote `shop`."""
    with serve_clones(origin, tmp_path / "served", "shop") as server:
        yield server
