"""Every process killed (SIGKILL) at each of its stages, again and again: nothing is lost, and the next one goes on.

`make faults` runs these; KILLS says how often at each stage.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from codesearch.assembly import Assembly
from tests.e2e.conftest import AssemblyFactory, Repository, index_with
from tests.e2e.evidence import answers, list_files, processes_of_group, read_rows, start_codesearch, wait_until
from tests.e2e.service import Service, create_key, run_cli
from tests.e2e.stopped_run import STAGES
from tests.e2e.test_crash_safety import (
    FILE_COUNT,
    FUNCTIONS_PER_FILE,
    SEEN_FROM_OUTSIDE,
    SETTINGS,
    after,
    files_of,
    staging_files,
    workers_run,
)
from tests.e2e.test_crash_safety import kill_at as kill_index_at
from tests.faults.damage import bad_subjects

pytestmark = pytest.mark.long
KILLS = int(os.environ.get("KILLS", "20"))
# A kill comes this much after the stage is seen at most: not always at the same instruction.
JITTER_SECONDS = 0.03
# The run after a kill is killed as well, but for each of these.
COMPLETED_EVERY = 5
QUERY = "mark of function 1 in module 17"
Stage = Callable[[subprocess.Popen[str], Path], bool]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository of two generations that share no content; it stands at the first."""
    made = Repository(tmp_path / "origin")
    for generation in (0, 1):
        made.commit(files_of(generation))
        made.git("tag", f"generation-{generation}")
    go_to(made, 0)
    return made


def go_to(repository: Repository, generation: int) -> None:
    repository.git("reset", "--quiet", "--hard", f"generation-{generation}")


def generations_answered(assembly: Assembly, source_id: str) -> set[int]:
    """Ask, and return the generations that the records are of."""
    texts = [text for _, text, _ in answers(assembly, source_id, QUERY)]
    assert texts
    return {generation for generation in (0, 1) for text in texts if f"'generation_{generation}'" in text}


def stored_generation(assembly: Assembly) -> int:
    """Return the generation that the store's rows are of: all of one."""
    texts = [str(row["content"]) for row in read_rows(assembly).values()]
    (generation,) = {number for number in (0, 1) for text in texts if f"'generation_{number}'" in text}
    return generation


def kill_at(process: subprocess.Popen[str], data_dir: Path, is_reached: Stage, draw: random.Random) -> bool:
    """Kill a process at a stage, and hold that its worker processes end with it; say whether it was alive."""
    wait_until(
        lambda: is_reached(process, data_dir) or process.poll() is not None, timeout_seconds=60, interval_seconds=0.001
    )
    time.sleep(draw.random() * JITTER_SECONDS)
    was_alive = process.poll() is None
    process.kill()
    process.wait()
    assert wait_until(lambda: not processes_of_group(process.pid), timeout_seconds=10), "worker processes live on"
    process.communicate()
    return was_alive


def check_completed(repository: Repository, data_dir: Path, assembly: Assembly, generation: int) -> None:
    """Let a run end, and hold that it left the index of that generation and nothing else."""
    source_id = index_with(assembly, repository.path).source.id
    assert generations_answered(assembly, source_id) == {generation}
    assert len(read_rows(assembly)) == FILE_COUNT * FUNCTIONS_PER_FILE
    assert list((data_dir / "staging").iterdir()) == []


@pytest.mark.parametrize("stage", [*SEEN_FROM_OUTSIDE, *STAGES])
def test_index_killed(stage: str, repository: Repository, data_dir: Path, assembly_factory: AssemblyFactory) -> None:
    source = index_with(assembly_factory(), repository.path).source
    for kill in range(1, KILLS + 1):
        # Every file is to be read, so that every stage comes.
        wanted = 1 - stored_generation(assembly_factory())
        go_to(repository, wanted)
        kill_index_at(stage, data_dir, repository.path)
        assert len(generations_answered(assembly_factory(), source.id)) == 1
        if kill % COMPLETED_EVERY == 0:
            check_completed(repository, data_dir, assembly_factory(), wanted)
    assert set(bad_subjects(data_dir)) == {"keys"}


def has_staged(minimum_bytes: int) -> Stage:
    return lambda process, data_dir: any(path.stat().st_size >= minimum_bytes for path in staging_files(data_dir))


WORKER_STAGES = {
    "starting": workers_run,
    "the first staged rows": has_staged(1),
    "many staged rows": has_staged(400_000),
}


@pytest.mark.parametrize("stage", WORKER_STAGES)
def test_a_worker_killed(stage: str, repository: Repository, data_dir: Path, assembly_factory: AssemblyFactory) -> None:
    source = index_with(assembly_factory(), repository.path).source
    draw, killed = random.Random(stage), 0
    for kill in range(1, KILLS + 1):
        wanted = 1 - stored_generation(assembly_factory())
        go_to(repository, wanted)
        process = start_codesearch(data_dir, "index", repository.path, **SETTINGS)
        is_reached = WORKER_STAGES[stage]
        while not is_reached(process, data_dir) and process.poll() is None:
            time.sleep(0.001)
        time.sleep(draw.random() * JITTER_SECONDS)
        workers = [pid for pid in processes_of_group(process.pid) if pid != process.pid]
        # A worker may have ended since.
        with suppress(ProcessLookupError, IndexError):
            os.kill(draw.choice(workers), signal.SIGKILL)
            killed += 1
        try:
            _, errors = process.communicate(timeout=180)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
        assert process.returncode in (0, 1), errors
        assert "Traceback" not in errors
        assert "Unforeseen" not in errors
        assert len(generations_answered(assembly_factory(), source.id)) == 1
        if kill % COMPLETED_EVERY == 0:
            check_completed(repository, data_dir, assembly_factory(), wanted)
    print(f"\nworker, {stage}: {killed} of {KILLS} killed")
    assert killed >= KILLS // 2
    assert set(bad_subjects(data_dir)) == {"keys"}


def removal_stages() -> dict[str, Stage]:
    seen: dict[str, int] = {}

    def new_version(process: subprocess.Popen[str], data_dir: Path) -> bool:
        now = len(list(data_dir.glob("store/*.lance/_versions/*.manifest")))
        return now != seen.setdefault(str(process.pid), now)

    return {
        "the first imports": after(0.1),
        "the note": lambda process, data_dir: any((data_dir / "removals").glob("*")),
        "the rows": new_version,
        "the files": lambda process, data_dir: not any(data_dir.glob("search/*/*.segment")),
    }


@pytest.mark.parametrize("stage", removal_stages())
def test_remove_killed(stage: str, tmp_path: Path, data_dir: Path, assembly_factory: AssemblyFactory) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    for number in range(10):
        (folder / f"{number}.py").write_text(f"def of_plain_{number}():\n    return {number}\n")
    draw, finished = random.Random(stage), 0
    for _ in range(KILLS):
        source_id = index_with(assembly_factory(), folder).source.id
        process = start_codesearch(data_dir, "remove", source_id)
        kill_at(process, data_dir, removal_stages()[stage], draw)
        assembly = assembly_factory()
        listed = {item.id for item in assembly.catalog.list_sources()}
        # What every run does in the end.
        assembly.removals.finish_all()
        rows = read_rows(assembly, source_id)
        if source_id in listed:
            assert len(rows) == 10, "it is there as a whole"
            assert answers(assembly, source_id, "of_plain_3")
        else:
            finished += 1
            assert rows == {}
            assert not any(data_dir.glob(f"[!l]*/*{source_id}*"))
        assert not any((data_dir / "removals").glob("*"))
    assert set(bad_subjects(data_dir)) == {"keys"}
    print(f"\nremove, {stage}: {finished} of {KILLS} were finished by the next run")


@pytest.mark.parametrize("stage_seconds", [0.05, 0.15, 0.3, 0.45])
def test_search_killed(stage_seconds: float, tmp_path: Path, data_dir: Path, assembly_factory: AssemblyFactory) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "one.py").write_text("def one():\n    return 1\n")
    index_with(assembly_factory(), tmp_path / "plain")
    before = [path for path in list_files(data_dir) if "-wal" not in path and "-shm" not in path]
    for kill in range(KILLS):
        if kill % 2:
            for path in data_dir.glob("search/*/*.segment"):
                path.unlink()  # it is made again, and the kill may come meanwhile
        process = start_codesearch(data_dir, "search", "plain", "one")
        time.sleep(stage_seconds)
        process.kill()
        process.communicate()
        assert run_cli(data_dir, "search", "plain", "one", "--json").json["records"]
    after = [path for path in list_files(data_dir) if "-wal" not in path and "-shm" not in path]
    assert sorted(after) == sorted(before)
    assert set(bad_subjects(data_dir)) == {"keys"}


@pytest.mark.parametrize("stage", ["starting", "idle", "answering", "making an index again"])
def test_serve_killed(stage: str, tmp_path: Path, data_dir: Path, assembly_factory: AssemblyFactory) -> None:
    (tmp_path / "plain").mkdir()
    for number in range(40):
        (tmp_path / "plain" / f"{number}.py").write_text(f"def of_{number}():\n    return {number}\n")
    index_with(assembly_factory(), tmp_path / "plain")
    key = create_key(data_dir, "reader")
    draw = random.Random(stage)
    for _ in range(KILLS):
        service = Service(data_dir, key, log=tmp_path / "serve.log")
        if stage == "starting":
            time.sleep(draw.random())
        else:
            service.wait_until_ready()
        if stage == "making an index again":
            for path in data_dir.glob("search/*/*.segment"):
                path.unlink()
        asking = threading.Thread(target=_ask_until_gone, args=(service,))
        if stage in ("answering", "making an index again"):
            asking.start()
            time.sleep(draw.random() * 0.1)
        os.killpg(service.process.pid, signal.SIGKILL)
        service.process.wait()
        if asking.ident:
            asking.join(10)
        service.stop()
        assert run_cli(data_dir, "search", "plain", "of_3", "--json").json["records"]
    assert bad_subjects(data_dir) == {}


def _ask_until_gone(service: Service) -> None:
    try:
        while True:
            assert service.ask("plain", "of_3").status_code == 200
    except Exception:
        return
