"""A service that is asked while its sources are re-indexed and removed: memory, descriptors and disk stay flat.

`make faults MINUTES=20` runs it; the figures are printed.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import statistics
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.e2e.evidence import folder_bytes, run_codesearch
from tests.e2e.service import FIXTURES, NAMES, Service, condition, create_key, run_cli

pytestmark = pytest.mark.long
MINUTES = float(os.environ.get("SOAK_MINUTES", "20"))
CLIENTS = 2
SAMPLE_SECONDS = 2.0
# What a service may gain from the second quarter of its time to the last.
GAINED_MEMORY, GAINED_BYTES = 1.05, 2 * 1024**2
GAINED_DISK = 1.3
FILTERS: list[list[dict[str, object]] | None] = [
    None,
    [condition("language", "is", "go")],
    [condition("path", "contains", "test")],
    [condition("file_extension", "in", ".py, .go, .rs")],
    [condition("start_line", ">", 10), condition("symbol", "not empty")],
]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a service takes at one moment, since its start; `private_bytes` is what it has written."""

    seconds: float
    private_bytes: int
    descriptors: int
    threads: int
    disk_bytes: int
    answers: int


def take_sample(process_id: int, data_dir: Path, started: float, answers: int) -> Sample:
    rollup = Path(f"/proc/{process_id}/smaps_rollup").read_text()
    sizes = {line.split(":")[0]: int(line.split()[1]) * 1024 for line in rollup.splitlines()[1:]}
    return Sample(
        seconds=round(time.monotonic() - started, 1),
        # Not Private_Clean: pages of libraries and indexes that no other process happens to have mapped at the moment.
        private_bytes=sizes["Private_Dirty"],
        descriptors=len(list(Path(f"/proc/{process_id}/fd").iterdir())),
        threads=len(list(Path(f"/proc/{process_id}/task").iterdir())),
        disk_bytes=folder_bytes(data_dir),
        answers=answers,
    )


def write_changing(folder: Path, generation: int) -> None:
    folder.mkdir(exist_ok=True)
    draw = random.Random(generation)
    for number in draw.sample(range(60), 10) if generation else range(60):
        words = " ".join(f"word_{draw.randrange(5000)}" for _ in range(60))
        (folder / f"module_{number}.py").write_text(
            f"def changed_{number}():\n    '''{words}'''\n    return {generation}\n"
        )


class Clients:
    """Ask a service all the time, each in a thread of its own."""

    def __init__(self, service: Service, knowledge_ids: list[str]) -> None:
        self.answers = itertools.count()
        self.failures: list[str] = []
        self.count = 0
        self._service, self._ids = service, knowledge_ids
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(CLIENTS)]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(60)

    def _ask(self, number: int) -> None:
        draw = random.Random(number)
        while not self._ended.is_set():
            query = " ".join(
                f"{draw.choice(('how', 'retry', 'sum', 'order', 'word'))}_{draw.randrange(3000)}" for _ in range(4)
            )
            conditions = draw.choice(FILTERS)
            response = self._service.ask(
                draw.choice(self._ids),
                query,
                metadata_condition={"conditions": conditions} if conditions else None,
            )
            if response.status_code != 200:
                self.failures.append(f"{response.status_code} {response.text}")
            self.count = next(self.answers)


def test_memory_descriptors_and_disk_stay_flat(tmp_path: Path) -> None:
    data_dir, changing, passing = tmp_path / "data", tmp_path / "changing", tmp_path / "passing"
    write_changing(changing, 0)
    write_changing(passing, 0)
    outcome = run_cli(data_dir, "index", str(changing), *(str(FIXTURES / name) for name in NAMES), index_workers="1")
    assert outcome.status == 0, outcome.err
    key = create_key(data_dir, "reader")
    samples: list[Sample] = []
    with (
        Service(data_dir, key, log=tmp_path / "serve.log") as service,
        Clients(service, ["changing", *NAMES]) as clients,
    ):
        started = time.monotonic()
        for generation in itertools.count(1):
            write_changing(changing, generation)
            for command in (["index", changing], ["index", passing], ["remove", "passing"]):
                done = run_codesearch(data_dir, *command, index_workers=1)
                assert done.returncode == 0, done.stderr
            samples.append(take_sample(service.process.pid, data_dir, started, clients.count))
            if time.monotonic() - started > MINUTES * 60:
                break
            time.sleep(SAMPLE_SECONDS)
    figures = tmp_path / "soak.json"
    figures.write_text(json.dumps([asdict(sample) for sample in samples]))
    early, late = samples[len(samples) // 4 : len(samples) // 2], samples[-len(samples) // 4 :]
    middle = {
        name: [int(statistics.median(getattr(sample, name) for sample in part)) for part in (early, late)]
        for name in ("private_bytes", "descriptors", "threads", "disk_bytes")
    }
    print(f"\n{clients.count:,} answers, {generation} rounds in {samples[-1].seconds:.0f} s")
    print(f"second and last quarter: {middle}")
    print(f"figures: {figures}")
    assert clients.failures == []
    assert "ERROR" not in service.logged
    memory, descriptors, threads, disk = middle.values()
    assert memory[1] <= memory[0] * GAINED_MEMORY + GAINED_BYTES
    assert descriptors[1] <= descriptors[0] + CLIENTS
    assert threads[1] <= threads[0] + CLIENTS
    assert disk[1] <= disk[0] * GAINED_DISK
