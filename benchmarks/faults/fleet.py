"""The parts of a fleet on loopback: PostgreSQL and object store behind proxies, services, an indexer, a repository."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Protocol

from benchmarks.faults.object_store import BUCKET, ObjectStore, client_settings
from benchmarks.faults.postgres import Postgres
from benchmarks.faults.proxy import Proxy
from benchmarks.replay import chunks_of
from benchmarks.services import STOP_SECONDS, connect, environment_of, free_port, post, wait_until_ready
from benchmarks.updates import git
from codesearch.assembly import Assembly
from codesearch.core.config import load_settings
from codesearch.core.types import Chunk, DataSource
from indexer.chunking.version import CHUNKER_VERSION

FILES, FUNCTIONS = 40, 3
SERVICES = 2
QUERY = "mark of function 1 in module 17"
SOURCE = "faults"
_KEY = "faults"

Contents = list[tuple[str, list[Chunk]]]


class Repository:
    """A repository of two generations that share no file's content."""

    def __init__(self, folder: Path) -> None:
        self.path = folder
        folder.mkdir()
        git(folder, "init", "--quiet", ".")
        for generation in (0, 1):
            for number in range(FILES):
                (folder / f"module_{number}.py").write_text(_module(number, generation))
            git(folder, "add", "--all")
            git(folder, "commit", "--quiet", "--message", f"generation {generation}")
            git(folder, "tag", f"generation-{generation}")

    def go_to(self, generation: int) -> None:
        """Check out a generation."""
        git(self.path, "reset", "--quiet", "--hard", f"generation-{generation}")


def _module(number: int, generation: int) -> str:
    return "\n\n".join(
        f"def function_{number}_{place}(value):\n"
        f'    """Return the mark of function {place} in module {number}, generation {generation}."""\n'
        f"    if value > {place}:\n        return 'more', value * {number}\n"
        f"    return 'generation_{generation}', value + {place}\n"
        for place in range(FUNCTIONS)
    )


def generations_in(texts: list[str]) -> set[int]:
    """Return the generations that these texts are of."""
    return {generation for generation in (0, 1) for text in texts if f"'generation_{generation}'" in text}


class ServiceProcess:
    """One service that can be killed and started again."""

    def __init__(self, data_dir: Path, settings: dict[str, str]) -> None:
        self._data_dir, self._settings = data_dir, settings
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [sys.executable, "-m", "codesearch.cli", "serve", "--port", str(self.port)]
        environment = environment_of(self._data_dir, {**self._settings, "CODESEARCH_LOG_LEVEL": "error"})
        # What it says of faults is not looked at; why it does not start is.
        with self._data_dir.with_suffix(".log").open("ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
            )
        wait_until_ready(self.port, self.process)

    def stop(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End it, and all of its processes with it."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(STOP_SECONDS)


class Asker:
    """Asks the services in turns without pause, and keeps what must not be: mixtures, nothing found, silence."""

    def __init__(self, services: list[ServiceProcess], secret: str) -> None:
        self._services, self._secret = services, secret
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)
        self.answered = self.refused = 0
        self.last: dict[int, int] = {}
        self.wrong: list[str] = []

    def __enter__(self) -> Asker:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _ask(self) -> None:
        while not self._stop.wait(0.05):
            for service in self._services:
                self.ask(service)

    def ask(self, service: ServiceProcess) -> int | None:
        """Ask one service; return the generation that answers, None where none does."""
        try:
            with closing(connect(service.port, timeout_seconds=60)) as connection:
                status, answer = post(connection, "/retrieval", self._secret, {"knowledge_id": SOURCE, "query": QUERY})
        except OSError:
            self.refused += 1
            return None
        except Exception as error:
            self.refused += 1
            self.wrong += [] if "without response" in str(error) or "Incomplete" in str(error) else [repr(error)]
            return None
        if status != 200:
            self.refused += 1
            # An error says that it is one: its envelope is there.
            if "error_code" not in json.loads(answer):
                self.wrong.append(f"{status}: {answer[:100]!r}")
            return None
        found = generations_in([record["content"] for record in json.loads(answer)["records"]])
        if len(found) != 1:
            self.wrong.append(f"generations {sorted(found)} in one answer")
            return None
        self.answered += 1
        (self.last[service.port],) = found
        return self.last[service.port]


class Run(Protocol):
    """An index run that faults come to. `lines` is what it said."""

    lines: list[str]

    def wait_for(self, stage: str, timeout_seconds: float = 120) -> bool:
        """Wait until it says that a stage begins; False where it ends before."""

    def kill(self) -> None:
        """Kill what does it."""

    def wait(self, timeout_seconds: float = 300) -> int:
        """Return its exit status. Raises TimeoutExpired of subprocess."""


class IndexRun:
    """A `codesearch index` in a process group of its own, which says what it does at the moment."""

    def __init__(self, data_dir: Path, settings: dict[str, str], repository: Path) -> None:
        command = [sys.executable, "-m", "codesearch.cli", "index", str(repository), "--committed", "--name", SOURCE]
        self.process = subprocess.Popen(
            command,
            env=environment_of(data_dir, settings),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._news:
                self.lines.append(line.rstrip())
                self._news.notify_all()
        with self._news:
            self._news.notify_all()

    def wait_for(self, stage: str, timeout_seconds: float = 120) -> bool:
        """Wait until it says that a stage begins; False where it ends before."""
        with self._news:
            self._news.wait_for(lambda: self._has_reached(stage) or not self._reader.is_alive(), timeout_seconds)
            return self._has_reached(stage)

    def _has_reached(self, stage: str) -> bool:
        return any(stage in line for line in self.lines)

    def kill(self) -> None:
        """Kill it, not its workers: they are to end by themselves."""
        self.process.kill()

    def wait(self, timeout_seconds: float = 300) -> int:
        """Return its exit status. Raises subprocess.TimeoutExpired, after it was killed."""
        try:
            status = self.process.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            raise
        self._reader.join(10)
        return status


class Fleet:
    """All of it, and what a fresh index of each generation holds."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        folder.chmod(0o755)
        self.folder = folder
        self.postgres = Postgres(folder / "postgres")
        stack.callback(self.postgres.kill)
        self.postgres.start()
        self.object_store = ObjectStore(folder / "objects")
        stack.callback(self.object_store.close)
        self.to_postgres, self.to_objects = Proxy(self.postgres.port), Proxy(self.object_store.port)
        self.repository = Repository(folder / "repository")
        self.settings = self._settings_at(self.to_postgres.port, self.to_objects.port)
        # What looks after the faults goes past the proxies.
        os.environ.update(client_settings(self.object_store.port))
        self.fresh = [self._index_fresh(generation) for generation in (0, 1)]
        self.generation = 0
        self.repository.go_to(0)
        self.complete()
        with self.reading(folder / "indexer") as assembly:
            self.secret = assembly.catalog.create_key(_KEY)[1]
        self.services = [ServiceProcess(folder / f"service-{number}", self.settings) for number in range(SERVICES)]
        for service in self.services:
            stack.callback(service.stop)
            service.start()

    def _settings_at(self, postgres_port: int, objects_port: int) -> dict[str, str]:
        return {
            **client_settings(objects_port),
            "CODESEARCH_DATABASE_URL": f"postgresql://tester@127.0.0.1:{postgres_port}/postgres",
            "CODESEARCH_STORE_URI": f"s3://{BUCKET}/store",
        }

    def _index_fresh(self, generation: int) -> Contents:
        self.repository.go_to(generation)
        data_dir = self.folder / f"fresh-{generation}"
        run = IndexRun(data_dir, {}, self.repository.path)
        if run.wait():
            sys.exit("\n".join(run.lines))
        with closing(Assembly(load_settings(data_dir=data_dir), CHUNKER_VERSION)) as assembly:
            return chunks_of(assembly, assembly.catalog.get_source(SOURCE))

    def start_index(self) -> Run:
        """Start an index run of the repository as it stands."""
        return IndexRun(self.folder / "indexer", self.settings, self.repository.path)

    def complete(self) -> list[str]:
        """Let a run end; return what is wrong with that."""
        run = self.start_index()
        try:
            status = run.wait()
        except subprocess.TimeoutExpired:
            return ["the next run hangs"]
        return [] if status == 0 else [f"the next run failed: {' / '.join(run.lines[-2:])}"]

    @contextmanager
    def reading(self, data_dir: Path) -> Iterator[Assembly]:
        """Open the parts on a data folder, past the proxies."""
        settings = self._settings_at(self.postgres.port, self.object_store.port)
        database, store = settings["CODESEARCH_DATABASE_URL"], settings["CODESEARCH_STORE_URI"]
        chosen = load_settings(data_dir=data_dir, database_url=database, store_uri=store)
        with closing(Assembly(chosen, CHUNKER_VERSION)) as assembly:
            yield assembly

    def published_files(self) -> tuple[tuple[str, Path], ...]:
        """Return the data folders with the files of the latest run, and what to call them."""
        return (("files", self.folder / "indexer"),)

    def compare(self, generation: int, number: int) -> list[str]:
        """Return in what the published index is another than a fresh one, chunk for chunk.

        Looked at are the indexer's files, and what another machine makes of the rows in the store.
        """
        wrong = []
        for name, data_dir in (*self.published_files(), ("rows", self.folder / f"reader-{number}")):
            with self.reading(data_dir) as assembly:
                source: DataSource = assembly.catalog.get_source(SOURCE)
                if chunks_of(assembly, source) != self.fresh[generation]:
                    wrong.append(f"the {name} are not those of a fresh index")
                stored = assembly.store.count_rows(source.id)
                if stored != source.chunk_count:
                    wrong.append(f"{stored} rows in the store instead of {source.chunk_count}")
        return wrong

    def wait_for_services(self, asker: Asker, generation: int, timeout_seconds: float = 60) -> list[str]:
        """Wait until each service answers from a generation; return which do not."""
        deadline = time.monotonic() + timeout_seconds
        late = list(self.services)
        while late and time.monotonic() < deadline:
            late = [service for service in late if asker.last.get(service.port) != generation]
            time.sleep(0.1)
        return [f"service {self.services.index(service)} does not answer from the new index" for service in late]
