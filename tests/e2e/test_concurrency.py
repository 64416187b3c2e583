"""Several indexers at once, and questions asked while an index is replaced again and again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly
from codesearch.core.errors import NotFoundError
from codesearch.core.index.published import SearchIndexes
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.index.surplus import Published
from codesearch.core.types import DataSource, Hit, SearchQuery
from codesearch.retrieval.search import Retriever
from tests.e2e.conftest import AssemblyFactory, PhaseRecorder, Repository, index_with
from tests.e2e.evidence import (
    check_rows_match,
    environment,
    read_rows,
    run_codesearch,
    start_codesearch,
    wait_until,
)
from tests.e2e.service import PATIENCE_SECONDS

FILE_COUNT = 30
GENERATIONS = 8
QUERY = "current generation of a part"


def files_of(generation: int) -> dict[str, str]:
    return {
        f"part_{number}.py": f"def part_{number}():\n    current = 'generation-{generation}'\n    return current\n"
        for number in range(FILE_COUNT)
    }


def write(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def generation_of(hit: Hit) -> str:
    return hit.chunk.content.split("'")[1]


def test_a_second_indexer_of_the_same_source_waits_and_finds_nothing_to_do(tmp_path: Path, data_dir: Path) -> None:
    folder = write(tmp_path / "plain", files_of(1))
    started = [start_codesearch(data_dir, "index", folder, "--json") for _ in range(2)]
    reports = []
    for process in started:
        output, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, errors
        reports.append(json.loads(output))
    assert sorted(report["changed_files"] for report in reports) == [0, FILE_COUNT]
    assert sorted(report["unchanged_files"] for report in reports) == [0, FILE_COUNT]
    assert reports[0]["id"] == reports[1]["id"]


def test_waiting_for_another_indexer_is_told(tmp_path: Path, data_dir: Path, assembly: Assembly) -> None:
    folder = write(tmp_path / "plain", files_of(1))
    source = index_with(assembly, folder).source
    progress = PhaseRecorder()
    other = threading.Thread(target=index_with, args=(assembly, folder), kwargs={"progress": progress})
    with FileLock(data_dir / "locks" / f"{source.id}.lock"):
        other.start()
        assert wait_until(lambda: bool(progress.phases))
        assert progress.phases == ["waiting for another indexer of the same source"]
    other.join(timeout=PATIENCE_SECONDS)
    assert progress.phases[1:] == ["reading the source", "bringing up to date"]


def test_different_sources_are_indexed_side_by_side(
    tmp_path: Path, data_dir: Path, assembly_factory: AssemblyFactory
) -> None:
    """All start on a data folder that is not there yet, so that they race to create it, too."""
    folders = {f"source-{number}": write(tmp_path / f"plain-{number}", files_of(number)) for number in range(3)}
    started = [start_codesearch(data_dir, "index", folder, "--name", name) for name, folder in folders.items()]
    for process in started:
        _, errors = process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0, errors
    assembly = assembly_factory()
    sources = {source.name: source for source in assembly.catalog.list_sources()}
    assert sources.keys() == folders.keys()
    for number, name in enumerate(folders):
        rows = read_rows(assembly, sources[name].id)
        check_rows_match(rows, files_of(number))
        assert sources[name].chunk_count == len(rows)


class Storm:
    """Asks until told to stop; remembers every answer's generations, and every error."""

    def __init__(self, assembly: Assembly, knowledge_id: str) -> None:
        self.answers: list[set[str]] = []
        self.errors: list[BaseException] = []
        self._assembly = assembly
        self._query = SearchQuery(knowledge_id, QUERY, top_k=FILE_COUNT)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(3)]

    def _ask(self) -> None:
        try:
            while not self._stop.is_set():
                hits = self._assembly.retriever.retrieve(LOCAL_PRINCIPAL, self._query)
                assert len(hits) == FILE_COUNT
                self.answers.append({generation_of(hit) for hit in hits})
        except BaseException as error:
            self.errors.append(error)

    def __enter__(self) -> Storm:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=PATIENCE_SECONDS)


def check_storm(answered: list[set[str]]) -> None:
    mixed = [answer for answer in answered if len(answer) != 1]
    assert not mixed, f"{len(mixed)} of {len(answered)} answers mix published states, such as {mixed[0]}"
    seen = {generation for answer in answered for generation in answer}
    assert len(seen) > 2, f"the storm saw {len(seen)} states only"


@pytest.mark.parametrize("kind", ["folder", "repository"])
def test_a_query_storm_meets_no_error_and_no_half_of_an_index(
    kind: str, tmp_path: Path, assembly_factory: AssemblyFactory
) -> None:
    repository = Repository(tmp_path / "source")

    def change(generation: int) -> None:
        if kind == "repository":
            repository.commit(dict(files_of(generation)))
        else:
            write(tmp_path / "plain", files_of(generation))

    given = repository.path if kind == "repository" else tmp_path / "plain"
    change(0)
    indexing, asking = assembly_factory(), assembly_factory()
    source = index_with(indexing, given).source
    with Storm(asking, source.id) as storm:
        for generation in range(1, GENERATIONS):
            change(generation)
            index_with(indexing, given)
    assert storm.errors == []
    check_storm(storm.answers)


class OvertakenIndexes(SearchIndexes):
    """Another run is published after the catalog said which one to ask, before that is opened."""

    overtake: Callable[[], object]

    def get(self, source_id: str, run_id: int) -> SourceIndex:
        self.overtake()
        return super().get(source_id, run_id)


def overtaken_retriever(assembly: Assembly, overtake: Callable[[], object]) -> Retriever:
    """Return a retriever that knows no index yet."""
    current = assembly.index_format
    folder = assembly.settings.data_dir / "search"

    def find_published(source_id: str) -> Published | None:
        source = assembly.catalog.resolve(source_id)
        return Published(source.run_id, source.chunk_count) if isinstance(source, DataSource) else None

    indexes = OvertakenIndexes(
        folder, current.table_name, current.dimension, assembly.store.scan_rows, find_published=find_published
    )
    indexes.overtake = overtake
    return Retriever(indexes, assembly.catalog, lambda: assembly.embedder, current.table_name)


def test_an_index_that_is_replaced_before_it_is_opened(
    tmp_path: Path, data_dir: Path, assembly_factory: AssemblyFactory
) -> None:
    folder = write(tmp_path / "plain", files_of(1))
    indexing, asking = assembly_factory(), assembly_factory()
    source = index_with(indexing, folder).source
    published: list[int] = []

    def overtake() -> None:
        published.append(2 + len(published))
        index_with(indexing, write(folder, files_of(published[-1])))

    retriever = overtaken_retriever(asking, overtake)
    for _ in range(3):
        hits = retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery(source.id, QUERY, top_k=2 * FILE_COUNT))
        assert len(hits) == FILE_COUNT
        assert len({generation_of(hit) for hit in hits}) == 1
    retriever.close()
    assert published == [2, 3, 4]
    # What a late reader made again goes with the next run.
    index_with(indexing, write(folder, files_of(9)))
    assert len(list((data_dir / "search").glob("*/*.segment"))) == 1


def test_a_source_that_is_removed_before_it_is_opened(tmp_path: Path, assembly_factory: AssemblyFactory) -> None:
    folder = write(tmp_path / "plain", files_of(1))
    indexing, asking = assembly_factory(), assembly_factory()
    index_with(indexing, write(tmp_path / "kept", files_of(0)))
    source = index_with(indexing, folder).source
    remover = assembly_factory()

    def remove() -> None:
        remover.removals.note(source.id)
        remover.catalog.remove_source(source.id)
        assert remover.removals.finish(source.id)

    retriever = overtaken_retriever(asking, remove)
    assert retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery(source.id, QUERY)) == []
    with pytest.raises(NotFoundError):
        retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery(source.id, QUERY))
    retriever.close()


def test_many_processes_make_a_lost_index_again(
    tmp_path: Path, data_dir: Path, assembly_factory: AssemblyFactory
) -> None:
    source = index_with(assembly_factory(), write(tmp_path / "plain", files_of(1))).source
    expected = [run_codesearch(data_dir, "search", source.id, QUERY, "--json").stdout]
    shutil.rmtree(data_dir / "search")
    started = [start_codesearch(data_dir, "search", source.id, QUERY, "--json") for _ in range(3)]
    found = [process.communicate(timeout=PATIENCE_SECONDS) for process in started]
    assert [process.returncode for process in started] == [0] * 3, found
    assert [output for output, _ in found] == expected * 3
    assert sorted(path.suffix for path in (data_dir / "search").glob("*/*")) == [".lock", ".manifest", ".segment"]


STORM_IN_ANOTHER_PROCESS = """
import json, sys
from codesearch.assembly import Assembly
from codesearch.core.config import load_settings
from indexer.chunking.version import CHUNKER_VERSION
from tests.e2e.test_concurrency import Storm

with Storm(Assembly(load_settings(), CHUNKER_VERSION), sys.argv[1]) as storm:
    print("asking", flush=True)
    sys.stdin.read()
print(json.dumps({"answers": [sorted(answer) for answer in storm.answers], "errors": list(map(repr, storm.errors))}))
"""


def test_a_query_storm_from_another_process(tmp_path: Path, data_dir: Path, assembly: Assembly) -> None:
    folder = write(tmp_path / "plain", files_of(0))
    source = index_with(assembly, folder).source
    with subprocess.Popen(
        [sys.executable, "-c", STORM_IN_ANOTHER_PROCESS, source.id],
        cwd=Path(__file__).parents[2],
        env=environment(data_dir),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as asking:
        assert asking.stdout is not None
        assert asking.stdout.readline() == "asking\n"
        for generation in range(1, GENERATIONS):
            index_with(assembly, write(folder, files_of(generation)))
        output, _ = asking.communicate(timeout=PATIENCE_SECONDS)
    result = json.loads(output)
    assert result["errors"] == []
    check_storm([set(answer) for answer in result["answers"]])


def test_removing_a_source_while_it_is_asked(tmp_path: Path, data_dir: Path, assembly_factory: AssemblyFactory) -> None:
    indexing, asking = assembly_factory(), assembly_factory()
    kept = index_with(indexing, write(tmp_path / "kept", files_of(0))).source
    removed = index_with(indexing, write(tmp_path / "removed", files_of(1))).source
    with Storm(asking, kept.id) as storm:
        indexing.removals.note(removed.id)
        indexing.catalog.remove_source(removed.id)
        assert indexing.removals.finish(removed.id)
    assert storm.errors == []
    assert all(answer == {"generation-0"} for answer in storm.answers)
    assert storm.answers
    assert {row["data_source_id"] for row in read_rows(indexing).values()} == {kept.id}
    assert [path.name for path in (data_dir / "search").iterdir()] == [kept.id]
