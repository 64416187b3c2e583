"""The command line in this process and in one of its own, a real `codesearch serve`, and the fixtures indexed once."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx
import pytest
from filelock import FileLock

from codesearch.cli import main as cli
from codesearch.core.embedding import loading
from tests.patience import PATIENCE_SECONDS as PATIENCE_SECONDS
from tests.unit.indexer.conftest import Repository

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "fixtures" / "repos"
NAMES = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())
# ledger-go once more, as a git repository with one commit at this moment.
GIT_NAME = "ledger-git"
COMMITTED_AT = 1_700_000_000
# Most of a short command's time; the commands of one process share them.
SHARED = {name: cache(getattr(loading, name)) for name in ("_load_bundled", "identify_bundled_model")}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended. `error_lines` are what it wrote to stderr, without progress."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on stdout; fails when anything else is there."""
        value = json.loads(self.out)
        assert isinstance(value, dict)
        return value

    @property
    def error(self) -> str:
        """The one line of an error, after a look at its form."""
        assert "Traceback" not in self.err
        lines = [line for line in self.err.splitlines() if line.startswith("codesearch: ")]
        assert self.err.splitlines()[-1:] == lines[-1:], self.err
        return lines[-1].removeprefix("codesearch: ")


@contextlib.contextmanager
def _own_logging() -> Iterator[None]:
    """Give back the handlers and levels that a command replaces."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in ("codesearch", "indexer", "uvicorn", "uvicorn.access"))]
    handlers, levels = root.handlers[:], [logger.level for logger in loggers]
    try:
        yield
    finally:
        root.handlers[:] = handlers
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def run_cli(data_dir: Path | None, *arguments: str, **settings: str) -> Outcome:
    """Run a command in this process, with one bundled model for all. `settings` are CODESEARCH_ ones in lower case.

    With None for the data folder it finds its own.
    """
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    with pytest.MonkeyPatch.context() as patch, _own_logging():
        if data_dir is not None:
            patch.setenv("CODESEARCH_DATA_DIR", str(data_dir))
        for name, load in SHARED.items():
            patch.setattr(loading, name, load)
        for name, value in settings.items():
            patch.setenv(f"CODESEARCH_{name.upper()}", value)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as end:
            cli.main(arguments)
    texts = [stream.buffer.getvalue().decode() for stream in (out, err)]
    return Outcome(end.value.code if isinstance(end.value.code, int) else 0, *texts)


def run_cli_in(folder: Path, *arguments: str, **settings: str) -> Outcome:
    """Run a command in this process as somebody does who stands in a folder; it finds its own data folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return run_cli(None, *arguments, **settings)


def clean_environment(data_dir: Path | None, **settings: str) -> dict[str, str]:
    """Return the environment of a process that shares no setting with whoever runs the tests.

    With None for the data folder it finds its own.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CODESEARCH_", "COV_"))}
    own = {f"CODESEARCH_{name.upper()}": value for name, value in settings.items()}
    if data_dir is not None:
        own.setdefault("CODESEARCH_DATA_DIR", str(data_dir))
    return {**kept, "PYTHONPATH": str(ROOT), **own}


def command_of(*arguments: str) -> list[str]:
    """Return the command line that starts codesearch in a process of its own."""
    return [sys.executable, "-m", "codesearch.cli", *arguments]


def spawn_cli(data_dir: Path | None, *arguments: str, cwd: Path | None = None, **settings: str) -> Outcome:
    """Run a command in a process of its own."""
    done = subprocess.run(
        command_of(*arguments),
        env=clean_environment(data_dir, **settings),
        cwd=cwd,
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def index_fixtures(factory: pytest.TempPathFactory) -> Path:
    """Return a data folder with every fixture and `ledger-git` indexed: once per test run, never to be changed."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    data_dir = shared / "indexed-fixtures"
    with FileLock(shared / "indexed-fixtures.lock"):
        if not data_dir.exists():
            building = shared / "being-indexed"
            repository = Repository(shared / GIT_NAME)
            shutil.copytree(FIXTURES / "ledger-go", repository.path, dirs_exist_ok=True)
            repository.commit({})
            sources = [*(str(FIXTURES / name) for name in NAMES), str(repository.path)]
            outcome = run_cli(building, "index", *sources, "--json", index_workers="1")
            assert outcome.status == 0, outcome.err
            building.rename(data_dir)
    return data_dir


def copy_index(indexed: Path, to: Path) -> Path:
    """Copy the indexed fixtures to a data folder that a test may change."""
    # What is beside the catalog while another test reads it holds nothing that is not in it.
    shutil.copytree(indexed, to, ignore=shutil.ignore_patterns("catalog.sqlite3-*"))
    return to


def source_ids(data_dir: Path) -> dict[str, str]:
    """Return name -> id of every data source."""
    return {item["name"]: item["id"] for item in run_cli(data_dir, "list", "--json").json["sources"]}


def create_key(data_dir: Path, name: str, *options: str) -> str:
    """Create a key and return its secret."""
    secret: str = run_cli(data_dir, "key", "create", name, "--json", *options).json["secret"]
    return secret


def free_port() -> int:
    """Return a port on which nothing listens now."""
    with contextlib.closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Service:
    """A running `codesearch serve`; enter it to wait until it is ready, leave it to stop it."""

    def __init__(
        self,
        data_dir: Path | None,
        key: str,
        *arguments: str,
        log: Path | None = None,
        cwd: Path | None = None,
        port: int | None = None,
        **settings: str,
    ) -> None:
        self.key = key
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = log or (data_dir or Path.cwd()).parent / f"serve-{self.port}.log"
        self._client = httpx.Client(base_url=self.url, timeout=PATIENCE_SECONDS)
        # A worker takes as long to start as the service: only tests about jobs have one.
        without_jobs = () if "--jobs" in arguments else ("--jobs", "0")
        command = command_of("serve", "--port", str(self.port), *without_jobs, *arguments)
        with self.log.open("wb") as stderr, self.log.with_suffix(".out").open("wb") as stdout:
            self.process = subprocess.Popen(
                command,
                env=clean_environment(data_dir, **settings),
                cwd=cwd,
                stdout=stdout,
                stderr=stderr,
                start_new_session=True,
            )

    def __enter__(self) -> Service:
        self.wait_until_ready()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def logged(self) -> str:
        """What it wrote to stderr so far."""
        return self.log.read_text()

    @property
    def printed(self) -> str:
        """What it wrote to stdout so far."""
        return self.log.with_suffix(".out").read_text()

    def wait_until_ready(self) -> None:
        """Wait for /readyz."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            if self.is_ready():
                return
            time.sleep(0.05)
        self.stop()
        raise AssertionError(f"the service did not start: {self.logged}")

    def is_ready(self) -> bool:
        """Say whether /readyz answers 200."""
        try:
            return self.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal, wait, and return the exit status."""
        self._client.close()
        if self.process.poll() is None:
            self.process.send_signal(by)
            try:
                self.process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                raise
        return self.process.wait()

    def get(self, path: str) -> httpx.Response:
        """GET a path."""
        return self._client.get(f"{self.url}{path}")

    def post(self, path: str, *, content: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """POST these bytes."""
        return self._client.post(f"{self.url}{path}", content=content, headers=headers)

    def ask(
        self,
        knowledge_id: object,
        query: object = "how does it work",
        *,
        path: str = "/retrieval",
        key: str | None = None,
        **fields: object,
    ) -> httpx.Response:
        """POST a question as Dify does."""
        body = {"knowledge_id": knowledge_id, "query": query, **fields}
        headers = {"Authorization": f"Bearer {key or self.key}", "Content-Type": "application/json"}
        return self.post(path, content=json.dumps(body).encode(), headers=headers)

    def records(
        self,
        knowledge_id: str,
        query: str = "how does it work",
        *,
        top_k: int = 100,
        path: str = "/retrieval",
        metadata_condition: object = None,
    ) -> list[dict[str, Any]]:
        """Return the records of an answer that must be 200."""
        response = self.ask(
            knowledge_id,
            query,
            path=path,
            retrieval_setting={"top_k": top_k, "score_threshold": None},
            metadata_condition=metadata_condition,
        )
        assert response.status_code == 200, response.text
        found: list[dict[str, Any]] = response.json()["records"]
        return found

    def filtered(
        self, knowledge_id: str, *conditions: Mapping[str, object], joined_by: str | None = "and", top_k: int = 100
    ) -> list[dict[str, Any]]:
        """Return the records that satisfy conditions."""
        condition = {"logical_operator": joined_by, "conditions": list(conditions)}
        return self.records(knowledge_id, top_k=top_k, metadata_condition=condition)


def read_error(response: httpx.Response) -> tuple[int, int, str]:
    """Return status, error_code and error_msg of an error, after a look at its form."""
    body = response.json()
    assert sorted(body) == ["error_code", "error_msg"]
    assert body["error_msg"].strip() == body["error_msg"] != ""
    assert "\n" not in body["error_msg"]
    assert "Traceback" not in body["error_msg"]
    return response.status_code, body["error_code"], body["error_msg"]


def condition(name: object, operator: object, value: object = None) -> dict[str, object]:
    """Return one condition as Dify sends it."""
    return {"name": name, "comparison_operator": operator, "value": value}


def run_bash(script: str, cwd: Path, environment: Mapping[str, str]) -> Outcome:
    """Run a line the way a person pastes it."""
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=cwd,
        env=dict(environment),
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    return Outcome(done.returncode, done.stdout.decode(), done.stderr.decode())


def names_of(records: Sequence[Mapping[str, Any]], key: str) -> list[Any]:
    """Return a metadata value of every record, None where it has none."""
    return [record["metadata"].get(key) for record in records]


def begin_to_ask(service: Service, body: bytes) -> socket.socket:
    """Send a request all but the last byte of its body, and wait until a process has it."""
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS)
    head = (
        f"POST /retrieval HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {service.key}\r\nExpect: 100-continue\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode())
    # The application reads the body: it has begun to answer.
    assert connection.recv(1024).startswith(b"HTTP/1.1 100 ")
    connection.sendall(body[:-1])
    return connection
