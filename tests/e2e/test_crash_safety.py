"""kill -9 and ctrl-C at every stage of a run: the old index or the new one answers, and the next run completes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from codesearch.assembly import Assembly
from codesearch.core.catalog.runs import RunState
from codesearch.core.index.manifest import SegmentEntry
from codesearch.core.index.segment_files import SegmentFiles
from tests.e2e import stopped_run
from tests.e2e.conftest import AssemblyFactory, Repository, index_with
from tests.e2e.evidence import (
    Row,
    answers,
    check_same_answers,
    check_same_rows,
    check_same_segments,
    processes_of_group,
    read_rows,
    start_codesearch,
    wait_until,
)
from tests.e2e.service import PATIENCE_SECONDS

# Together larger than indexer.workers.pool.SMALL_SOURCE_BYTES, so that worker processes run.
FILE_COUNT = 400
FUNCTIONS_PER_FILE = 2
SETTINGS = {"index_workers": "2"}
QUERIES = ["mark of function 3 in module 17", "odd branch", "generation"]

Stage = Callable[[subprocess.Popen[str], Path], bool]


def files_of(generation: int) -> dict[str, str | bytes | None]:
    """Return a repository's files, every one of them another in each generation."""
    return {f"package_{number % 20}/module_{number}.py": module_of(number, generation) for number in range(FILE_COUNT)}


def module_of(number: int, generation: int) -> str:
    functions = [
        f"def function_{number}_{index}(value):\n"
        f'    """Return the mark of function {index} in module {number}, generation {generation}."""\n'
        f"    if value % 2 == {index % 2}:\n"
        f"        return 'odd branch', value * {number}\n"
        f"    return 'generation_{generation}', value + {index}\n"
        for index in range(FUNCTIONS_PER_FILE)
    ]
    return "\n\n".join(functions)


def after(seconds: float) -> Stage:
    def passed(process: subprocess.Popen[str], data: Path) -> bool:
        time.sleep(seconds)
        return True

    return passed


def workers_run(process: subprocess.Popen[str], data: Path) -> bool:
    return len(processes_of_group(process.pid)) > 2


def staging_files(data_dir: Path) -> list[Path]:
    return list((data_dir / "staging").glob("*"))


# What is seen from outside for long enough; the other stages a run sees itself.
SEEN_FROM_OUTSIDE: dict[str, Stage] = {
    "the first imports": after(0.2),
    "opening the store": after(0.5),
}


class Published:
    """What the store says at one time, and what is answered."""

    def __init__(self, assembly: Assembly, source_id: str) -> None:
        self.rows: dict[str, Row] = read_rows(assembly, source_id)
        self.answers = [answers(assembly, source_id, query) for query in QUERIES]

    @property
    def generation(self) -> int:
        """The generation that is answered from: of every answer the same."""
        texts = [content for found in self.answers for _, content, _ in found]
        assert texts
        (generation,) = {generation for generation in (0, 1) for text in texts if f"'generation_{generation}'" in text}
        assert all(f"'generation_{generation}'" in text for text in texts)
        return generation


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository of two commits that share no file's content, tagged generation-0 and generation-1."""
    made = Repository(tmp_path / "origin")
    for generation in (0, 1):
        made.commit(files_of(generation))
        made.git("tag", f"generation-{generation}")
    return made


def start_run(stage: str, by: signal.Signals, data_dir: Path, source: Path) -> subprocess.Popen[str]:
    """Start an index run that gets the signal at the stage: from here, its whole group but for a kill, or by itself."""
    is_reached = SEEN_FROM_OUTSIDE.get(stage)
    if is_reached is None:
        module = stopped_run.__name__
        return start_codesearch(data_dir, stage, by.name, "index", source, module=module, **SETTINGS)
    process = start_codesearch(data_dir, "index", source, **SETTINGS)
    reached = wait_until(lambda: is_reached(process, data_dir), interval_seconds=0.001)
    if by is signal.SIGKILL or not reached:
        process.kill()
    else:
        # As a terminal does: to the worker processes as well.
        os.killpg(process.pid, by)
    assert reached, stage
    return process


def kill_at(stage: str, data_dir: Path, source: Path) -> None:
    """Start an index run, kill it at the stage, and hold that nothing of it lives on."""
    process = start_run(stage, signal.SIGKILL, data_dir, source)
    try:
        process.wait(PATIENCE_SECONDS)
    finally:
        process.kill()
    # Its pipes are open as long as a worker process holds them, so this waits for those too.
    assert process.returncode == -signal.SIGKILL, f"it ended by itself before {stage}"
    gone = wait_until(lambda: not processes_of_group(process.pid))
    assert gone, f"{stage}: worker processes stay alive"
    process.communicate()


def test_killed_at_any_stage_the_old_or_the_new_index_answers(
    repository: Repository, data_dir: Path, tmp_path: Path, assembly_factory: AssemblyFactory
) -> None:
    fresh = []
    for generation in (0, 1):
        repository.git("reset", "--quiet", "--hard", f"generation-{generation}")
        assembly = assembly_factory(data_dir=tmp_path / f"fresh-{generation}")
        source_id = index_with(assembly, repository.path).source.id
        fresh.append(read_rows(assembly))
        assert len(fresh[generation]) == FILE_COUNT * FUNCTIONS_PER_FILE
    assert not fresh[0].keys() & fresh[1].keys()
    index_with(assembly_factory(), repository.path)
    current, outcomes = 1, []

    for stage in (*SEEN_FROM_OUTSIDE, *stopped_run.STAGES):
        old, new = current, 1 - current
        before = Published(assembly_factory(), source_id)
        repository.git("reset", "--quiet", "--hard", f"generation-{new}")
        kill_at(stage, data_dir, repository.path)

        between = Published(assembly_factory(), source_id)
        rows = {
            "old": fresh[old],
            "both": {**fresh[old], **fresh[new]},
            "new": fresh[new],
        }
        (kept,) = (name for name, expected in rows.items() if between.rows.keys() == expected.keys())
        outcomes.append((kept, "old" if between.generation == old else "new"))
        check_same_rows(between.rows, rows[kept])
        if between.generation == old:
            assert between.answers == before.answers, stage
        assert all(between.answers), stage

        assembly = assembly_factory()
        assert index_with(assembly, repository.path).source.commit == repository.git("rev-parse", "HEAD"), stage
        complete = Published(assembly, source_id)
        check_same_rows(complete.rows, fresh[new])
        assert complete.generation == new, stage
        assert staging_files(data_dir) == [], stage
        run = assembly.catalog.latest_run(source_id)
        assert run is not None
        assert run.state is RunState.FINISHED, stage
        name = assembly.index_format.table_name
        # The segment may be the killed run's, when all its rows were there.
        manifest, segment = sorted(search_files(data_dir), key=lambda file: file.rpartition(".")[2])
        assert segment in (f"{name}-{run.id}-0.segment", f"{name}-{run.id - 1}-0.segment"), stage
        assert manifest == f"{name}-{run.id}.manifest", stage
        current = new
    # Rows are added while their segment is written, then the catalog names the run, and then old rows are deleted.
    assert outcomes[:5] == [("old", "old")] * 5
    # What shows these stages from outside may show a moment early on a busy machine.
    for outcome in outcomes[5:9]:
        assert outcome in [("old", "old"), ("both", "old")]
    assert outcomes[9] in [("both", "new"), ("new", "new")]
    assert outcomes[10:] == [("new", "new")]


def search_files(data_dir: Path) -> list[str]:
    return sorted(path.name for path in (data_dir / "search").glob("*/*") if path.suffix != ".lock")


@pytest.mark.parametrize("damage", ["deleted", "empty", "cut short", "of another layout", "no index"])
def test_a_lost_or_damaged_search_index_is_made_again(
    damage: str, tmp_path: Path, data_dir: Path, assembly_factory: AssemblyFactory
) -> None:
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "one.py").write_text("def one():\n    return 1\n")
    (tmp_path / "plain" / "two.py").write_text("def two():\n    return one() + 1\n")
    source = index_with(assembly_factory(), tmp_path / "plain").source
    before = answers(assembly_factory(), source.id, "one")
    assert len(before) == 2
    (path,) = (data_dir / "search").glob("*/*.segment")
    content = path.read_bytes()
    if damage == "deleted":
        shutil.rmtree(path.parent)
    else:
        damaged = {
            "empty": b"",
            "cut short": content[: len(content) // 2],
            "of another layout": content.replace(b'"layout": ', b'"layout":9', 1),
            "no index": b"x" * len(content),
        }
        assert damaged[damage] != content
        # As another file: whoever has the old one open keeps it.
        path.unlink()
        path.write_bytes(damaged[damage])
    assert answers(assembly_factory(), source.id, "one") == before
    made = max((data_dir / "search").glob("*/*.segment"))
    assert made.read_bytes() == content
    assert not index_with(assembly_factory(), tmp_path / "plain").wrote


def test_a_search_index_that_is_lost_with_unpublished_rows_behind_it_answers(
    tmp_path: Path, data_dir: Path, assembly_factory: AssemblyFactory
) -> None:
    """Killed between the rows and the search index, and then that is deleted as well: the published rows are there."""
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "one.py").write_text("def one():\n    return 'generation_0'\n")
    source = index_with(assembly_factory(), folder).source
    (folder / "one.py").write_text("def one():\n    return 'generation_1'\n")
    killed = assembly_factory()
    current = killed.index_format
    killed.search_indexes.files = KilledFiles(data_dir / "search", current.table_name, current.dimension)
    with pytest.raises(KeyboardInterrupt):
        index_with(killed, folder)
    assert ["generation_0" in text for _, text, _ in answers(assembly_factory(), source.id, "one")] == [True]
    shutil.rmtree(data_dir / "search")
    assert ["generation_0" in text for _, text, _ in answers(assembly_factory(), source.id, "one")] == [True]
    assert index_with(assembly_factory(), folder).wrote
    assert len(search_files(data_dir)) == 2
    assert ["generation_1" in text for _, text, _ in answers(assembly_factory(), source.id, "one")] == [True]
    assert len(read_rows(killed)) == 1


class KilledFiles(SegmentFiles):
    """The process ends before it writes a manifest."""

    def write_manifest(self, source_id: str, run_id: int, entries: Sequence[SegmentEntry]) -> None:
        raise KeyboardInterrupt


@pytest.mark.parametrize("stage", ["worker processes", "the first staged rows", "the commit of the new rows"])
def test_control_c_ends_with_one_clear_line(
    stage: str, repository: Repository, data_dir: Path, assembly_factory: AssemblyFactory
) -> None:
    repository.git("reset", "--quiet", "--hard", "generation-0")
    source_id = index_with(assembly_factory(), repository.path).source.id
    before = Published(assembly_factory(), source_id)
    repository.git("reset", "--quiet", "--hard", "generation-1")
    process = start_run(stage, signal.SIGINT, data_dir, repository.path)
    output, errors = process.communicate(timeout=PATIENCE_SECONDS)

    assert process.returncode == 130, errors
    assert "Traceback" not in errors
    assert errors.count("codesearch:") == 1, errors
    assert "Interrupted" in errors.rstrip().splitlines()[-1], errors
    assert wait_until(lambda: not processes_of_group(process.pid))
    assert bool(staging_files(data_dir)) == (stage != "worker processes"), "the next run goes on from what is staged"
    assembly = assembly_factory()
    between = Published(assembly, source_id)
    if stage != "the commit of the new rows":
        assert output == ""
        assert between.rows == before.rows
    if output == "":
        assert between.answers == before.answers
        assert before.rows.keys() <= between.rows.keys()
    index_with(assembly, repository.path)
    assert staging_files(data_dir) == []
    run = assembly.catalog.latest_run(source_id)
    assert run is not None
    assert run.state is RunState.FINISHED
    assert {row["commit"] for row in read_rows(assembly).values()} == {repository.git("rev-parse", "HEAD")}
    assert Published(assembly_factory(), source_id).generation == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_first_index_that_was_stopped_goes_on_from_what_was_staged(
    number: signal.Signals,
    repository: Repository,
    data_dir: Path,
    tmp_path: Path,
    assembly_factory: AssemblyFactory,
) -> None:
    stage = "many staged rows"
    if number is signal.SIGKILL:
        kill_at(stage, data_dir, repository.path)
    else:
        start_run(stage, number, data_dir, repository.path).communicate(timeout=PATIENCE_SECONDS)
    staged_rows = next(item.rows for name, item in stopped_run.STAGES.items() if name == stage and item is not None)
    report = index_with(assembly_factory(), repository.path)
    assert report.changed + report.unchanged == FILE_COUNT
    assert report.unchanged >= staged_rows // FUNCTIONS_PER_FILE, "what was staged is not read again"
    assert staging_files(data_dir) == []
    fresh = assembly_factory(data_dir=tmp_path / "fresh")
    expected = Published(fresh, index_with(fresh, repository.path).source.id)
    found = Published(assembly_factory(), report.source.id)
    check_same_rows(found.rows, expected.rows)
    for ours, theirs in zip(found.answers, expected.answers, strict=True):
        check_same_answers(ours, theirs)
    (segment,), (whole,) = (folder.glob("search/*/*.segment") for folder in (data_dir, tmp_path / "fresh"))
    check_same_segments(segment, whole)


def test_a_run_killed_before_it_said_so_is_not_remembered_as_unfinished(
    tmp_path: Path, assembly_factory: AssemblyFactory
) -> None:
    """Of a folder, the rows alone don't tell: commit and counts are what they were."""
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "one.py").write_text("ONE = 1\n")
    assembly = assembly_factory()
    source = index_with(assembly, tmp_path / "plain").source
    assembly.catalog.start_run(source.id)  # what a run that was killed after its commit leaves in the catalog
    assert not index_with(assembly_factory(), tmp_path / "plain").wrote
    run = assembly.catalog.latest_run(source.id)
    assert run is not None
    assert run.state is RunState.FINISHED
    assert assembly.catalog.describe_progress(source).startswith("indexed")
