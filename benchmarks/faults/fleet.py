"""The parts of a fleet on loopback: PostgreSQL and object store behind proxies, services, indexers, repositories."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from sqlalchemy import create_engine, select

from benchmarks.faults.object_store import BUCKET, ObjectStore, client_settings
from benchmarks.faults.postgres import Postgres
from benchmarks.faults.proxy import Proxy
from benchmarks.faults.repositories import GENERATIONS, Repository
from benchmarks.faults.runs import IndexRun, News, Run
from benchmarks.faults.services import Asker, ServiceProcess
from benchmarks.replay import chunks_of, index
from codesearch.assembly import Assembly
from codesearch.core.catalog.catalog import RunState
from codesearch.core.catalog.schema import index_runs
from codesearch.core.config import load_settings
from codesearch.core.errors import CodesearchError
from codesearch.core.types import Chunk
from indexer.chunking.version import CHUNKER_VERSION

SOURCES, SERVICES = 3, 2
_END_SECONDS = 180
_CATCH_UP_SECONDS = 60
_KEY = "faults"
_READ_ATTEMPTS = 5

Contents = list[tuple[str, list[Chunk]]]


class Fleet:
    """All of it, and what a fresh index of each generation of each repository holds."""

    kind = "index run"
    # Whether another run follows on one that ended well, too.
    runs_again = False

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        folder.chmod(0o755)
        self.folder, self.news = folder, News()
        self.repositories = [Repository(folder / f"repository-{number}") for number in range(SOURCES)]
        self.fresh = {
            (repository.name, generation): self._index_fresh(repository, generation)
            for repository in self.repositories
            for generation in range(GENERATIONS)
        }
        self.postgres = Postgres(folder / "postgres")
        stack.callback(self.postgres.kill)
        self.postgres.start()
        self.object_store = ObjectStore(folder / "objects")
        stack.callback(self.object_store.close)
        self.to_postgres, self.to_objects = Proxy(self.postgres.port), Proxy(self.object_store.port)
        # What looks after the faults goes past the proxies.
        os.environ.update(client_settings(self.object_store.port))
        self.settings = self.settings_at(self.to_postgres.port, self.to_objects.port)
        self.generation = 0
        self._stack = stack
        self._indexers: dict[str, Assembly] = {}
        self._start()

    def _start(self) -> None:
        """Make the first indexes, and start what is to run."""
        self.go_to(0)
        with self.reading(self.folder / "first") as assembly:
            for repository in self.repositories:
                index(assembly, repository.path)
            self.secret = assembly.catalog.create_key(_KEY)[1]
        self.services = [ServiceProcess(self.folder / f"service-{number}", self.settings) for number in range(SERVICES)]
        for service in self.services:
            self._stack.callback(service.stop)
            service.start()
        # A machine that has nothing of its own but what it fetches.
        self._reader = self._stack.enter_context(self.reading(self.folder / "reader"))

    def settings_at(self, postgres_port: int, objects_port: int) -> dict[str, str]:
        """Return the settings of those who reach PostgreSQL and the S3 server at these ports."""
        return {
            **client_settings(objects_port),
            "CODESEARCH_DATABASE_URL": f"postgresql://tester@127.0.0.1:{postgres_port}/postgres",
            "CODESEARCH_STORE_URI": f"s3://{BUCKET}/store",
        }

    def _index_fresh(self, repository: Repository, generation: int) -> Contents:
        repository.go_to(generation)
        data_dir = self.folder / "fresh"
        with closing(Assembly(load_settings(data_dir=data_dir), CHUNKER_VERSION)) as assembly:
            contents = chunks_of(assembly, index(assembly, repository.path))
        shutil.rmtree(data_dir)
        return contents

    def go_to(self, generation: int) -> None:
        """Take all repositories to a generation."""
        self.generation = generation
        for repository in self.repositories:
            repository.go_to(generation)

    def asking(self, generations: Iterable[int]) -> Asker:
        """Return who asks all services about all sources, which may answer from these generations."""
        allowed = set(generations)
        return Asker(self.services, self.secret, {repository.name: allowed for repository in self.repositories})

    def prepare(self) -> None:
        """Have everything run that is to run before a fault."""

    def start_runs(self, repositories: Sequence[Repository]) -> Sequence[Run]:
        """Start an index run of each of these, as they stand."""
        runs = [
            # A machine for each.
            IndexRun(self.folder / f"indexer-{repository.name}", self.settings, repository, self.news)
            for repository in repositories
        ]
        for run in runs:
            self._stack.callback(run.end)
        return runs

    def wait_for_end(self, runs: Sequence[Run]) -> None:
        """Wait until all are over, or take too long."""
        self.news.wait_until(lambda: all(run.is_over() for run in runs), _END_SECONDS)

    def complete(self, runs: Sequence[Run]) -> list[str]:
        """Run again what did not end well, to its end; return what is wrong with that."""
        again = self.start_runs([run.repository for run in runs])
        self.wait_for_end(again)
        wrong = []
        for run in again:
            end, problems = run.judge()
            wrong += problems
            if end != "well":
                wrong.append(f"the next run of {run.repository.name} ended so: {end} {run.said}")
        return wrong

    @contextmanager
    def reading(self, data_dir: Path) -> Iterator[Assembly]:
        """Open the parts on a data folder, past the proxies."""
        settings = self.settings_at(self.postgres.port, self.object_store.port)
        database, store = settings["CODESEARCH_DATABASE_URL"], settings["CODESEARCH_STORE_URI"]
        chosen = load_settings(data_dir=data_dir, database_url=database, store_uri=store)
        with closing(Assembly(chosen, CHUNKER_VERSION)) as assembly:
            yield assembly

    def compare(self) -> list[str]:
        """Return in what the indexes are others than fresh ones, chunk for chunk.

        Looked at are what a machine without any files fetches from the store, what it makes of the rows there, and how
        many rows there are; and whether two runs of a source were at work at once.
        """
        wrong, reader = list[str](), self._reader
        # A handle that is open may be some seconds old.
        reader.store.forget()
        for repository in self.repositories:
            source = reader.catalog.get_source(repository.name)
            fresh = self.fresh[repository.name, self.generation]
            if chunks_of(reader, source) != fresh:
                wrong.append(f"what is published of {source.name} is no fresh index")
            reader.search_indexes.rebuild(source.id, source.run_id)
            if chunks_of(reader, source) != fresh:
                wrong.append(f"the rows of {source.name} are not those of a fresh index")
            stored = reader.store.count_rows(source.id)
            if stored != sum(len(chunks) for _, chunks in fresh) or stored != source.chunk_count:
                wrong.append(f"{stored} rows of {source.name} in the store, in the catalog {source.chunk_count}")
        return [*wrong, *self._compare_files(), *self._find_overlaps()]

    def compare_meanwhile(self, generations: Iterable[int]) -> list[str]:
        """Return which sources are published in none of these states, chunk for chunk, while runs are at work."""
        states = list(generations)
        return [
            f"what is published of {repository.name} after a fault is neither of two states"
            for repository in self.repositories
            if self._read_published(repository.name) not in [self.fresh[repository.name, state] for state in states]
        ]

    def _read_published(self, name: str) -> Contents:
        for attempt in range(_READ_ATTEMPTS):
            source = self._reader.catalog.get_source(name)
            try:
                return chunks_of(self._reader, source)
            except CodesearchError:
                # A run that ends meanwhile deletes what the one before had published.
                if attempt + 1 == _READ_ATTEMPTS or self._reader.catalog.get_source(name).run_id == source.run_id:
                    raise
        return []

    def _compare_files(self) -> list[str]:
        """Return whose files on its indexer's machine are not those of a fresh index."""
        wrong = []
        for repository in self.repositories:
            folder = self.folder / f"indexer-{repository.name}"
            if not folder.exists():
                continue
            if repository.name not in self._indexers:
                self._indexers[repository.name] = self._stack.enter_context(self.reading(folder))
            indexer = self._indexers[repository.name]
            found = chunks_of(indexer, indexer.catalog.get_source(repository.name))
            if found != self.fresh[repository.name, self.generation]:
                wrong.append(f"the indexer's files of {repository.name} are not those of a fresh index")
        return wrong

    def _find_overlaps(self) -> list[str]:
        url = f"postgresql+psycopg://tester@127.0.0.1:{self.postgres.port}/postgres"
        columns = index_runs.c.source_id, index_runs.c.started_at, index_runs.c.finished_at
        asked = select(*columns).where(index_runs.c.state == RunState.FINISHED.value).order_by(index_runs.c.id)
        engine = create_engine(url)
        with engine.connect() as connection:
            rows = connection.execute(asked).all()
        engine.dispose()
        runs: dict[str, list[tuple[datetime, datetime]]] = {}
        for source_id, began, ended in rows:
            runs.setdefault(source_id, []).append((began, ended))
        return [
            f"two runs of {source_id} at once"
            for source_id, times in runs.items()
            if any(ended > began for (_, ended), (began, _) in pairwise(times))
        ]

    def catch_up(self, asker: Asker) -> list[str]:
        """Ask each service about each source until it answers from the present generation; return which do not."""
        deadline = time.monotonic() + _CATCH_UP_SECONDS
        late = [(number, source.name) for number in range(SERVICES) for source in self.repositories]
        while late and time.monotonic() < deadline:
            late = [(number, name) for number, name in late if asker.ask(number, name) != self.generation]
            time.sleep(0.05 if late else 0)
        return [f"service {number} does not answer from the new index of {name}" for number, name in late]
