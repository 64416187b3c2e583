"""Indexing a changing repository again and again does not grow the store, nor the search indexes made of it."""

from __future__ import annotations

import random
from pathlib import Path

from tests.e2e.conftest import AssemblyFactory, Repository, index_with
from tests.e2e.evidence import check_same_rows, list_files, read_rows

RUNS = 50
FILE_COUNT = 60
WORDS = "parse render fetch store index merge query token vector commit chunk match order count split write".split()


def module_of(number: int, seed: int) -> str:
    """Return a module that looks like code to a compressor: names and numbers drawn anew for each seed."""
    draw = random.Random(f"{number}-{seed}")
    functions = []
    for index in range(4):
        name = "_".join(draw.sample(WORDS, 3))
        body = "\n".join(f"    {draw.choice(WORDS)}_{line} = {draw.random()}" for line in range(12))
        functions.append(f"def {name}_{index}(value):\n{body}\n    return value\n")
    return "\n\n".join(functions)


def index_files(data_dir: Path) -> dict[str, tuple[int, int]]:
    """Return what the index takes: the store and the search indexes beside it, without lock files."""
    found = {
        f"{name}/{path}": state
        for name in ("store", "search")
        for path, state in list_files(data_dir / name).items()
        if not path.endswith(".lock")
    }
    assert {path.split("/")[0] for path in found} == {"store", "search"}
    return found


def index_bytes(data_dir: Path) -> int:
    return sum(size for size, _ in index_files(data_dir).values())


def test_fifty_changes_leave_the_store_under_twice_the_size_of_a_fresh_index(
    tmp_path: Path, assembly_factory: AssemblyFactory
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    for number in range(FILE_COUNT):
        (folder / f"module_{number}.py").write_text(module_of(number, 0))
    changing = assembly_factory()
    data_dir = changing.settings.data_dir
    largest = 0
    for run in range(RUNS):
        for number in random.Random(run).sample(range(FILE_COUNT), 2):
            (folder / f"module_{number}.py").write_text(module_of(number, run))
        if run % 7 == 3:
            (folder / f"module_{run}.py").unlink(missing_ok=True)
        assert index_with(changing, folder).wrote
        largest = max(largest, index_bytes(data_dir))

    fresh = assembly_factory(data_dir=tmp_path / "fresh")
    index_with(fresh, folder)
    fresh_dir = fresh.settings.data_dir
    check_same_rows(read_rows(changing), read_rows(fresh), apart_from={"segment", "last_modified"})
    assert index_bytes(data_dir) < 2 * index_bytes(fresh_dir)
    assert largest < 3 * index_bytes(fresh_dir), "between two runs, too, the store stays small"
    assert len(index_files(data_dir)) < 2 * len(index_files(fresh_dir))


def test_a_removed_source_gives_its_space_back(tmp_path: Path, assembly_factory: AssemblyFactory) -> None:
    assembly = assembly_factory()
    data_dir = assembly.settings.data_dir
    sizes = {}
    repository = Repository(tmp_path / "large")
    repository.commit({f"module_{number}.py": module_of(number, 0) for number in range(FILE_COUNT)})
    small = tmp_path / "small"
    small.mkdir()
    (small / "one.py").write_text(module_of(0, 1))
    index_with(assembly, small)
    sizes["alone"] = index_bytes(data_dir)
    source = index_with(assembly, repository.path).source
    sizes["both"] = index_bytes(data_dir)
    assembly.removals.note(source.id)
    assembly.catalog.remove_source(source.id)
    assert assembly.removals.finish(source.id)
    sizes["alone again"] = index_bytes(data_dir)
    assert sizes["both"] > 4 * sizes["alone"]
    assert sizes["alone again"] < 1.5 * sizes["alone"]
