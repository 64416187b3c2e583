"""Two data folders with one store, and a store that another version of Lance has written."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import lancedb
import pyarrow as pa
import pytest

from codesearch.core.errors import StoreError
from codesearch.core.store.rows import LANCE_GENERATION
from tests.e2e.conftest import AssemblyFactory, index_with
from tests.e2e.evidence import answers, read_rows, start_codesearch
from tests.e2e.service import run_cli
from tests.patience import PATIENCE_SECONDS

ROUNDS = 3


def write_source(folder: Path, generation: int) -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(20):
        (folder / f"{number}.py").write_text(f"def of_{folder.name}_{number}():\n    return {generation}\n")
    return folder


@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(40, marks=pytest.mark.long)])
def test_two_data_folders_write_one_store_in_turns(
    rounds: int, tmp_path: Path, assembly_factory: AssemblyFactory
) -> None:
    store = tmp_path / "shared"
    names = ("first", "second")
    for generation in range(rounds):
        running = [
            start_codesearch(
                tmp_path / f"data-{name}", "index", write_source(tmp_path / name, generation), store_uri=str(store)
            )
            for name in names
        ]
        for process in running:
            _, errors = process.communicate(timeout=PATIENCE_SECONDS)
            assert process.returncode == 0, errors
    for name in names:
        assembly = assembly_factory(data_dir=tmp_path / f"data-{name}", store_uri=str(store))
        (source,) = assembly.catalog.list_sources()
        rows = read_rows(assembly, source.id)
        assert len(rows) == 20
        assert all(f"return {rounds - 1}" in row["content"] for row in rows.values())
        assert answers(assembly, name, f"of_{name}_3")


def test_another_data_folders_rows_in_another_format_stay(tmp_path: Path, assembly_factory: AssemblyFactory) -> None:
    store = str(tmp_path / "shared")
    narrow = assembly_factory(data_dir=tmp_path / "narrow", store_uri=store, max_chunk_tokens=64)
    index_with(narrow, write_source(tmp_path / "first", 1))
    outcome = run_cli(tmp_path / "wide", "index", str(write_source(tmp_path / "second", 1)), store_uri=store)
    assert outcome.status == 0, outcome.err
    assert len(read_rows(narrow)) == 20
    outcome = run_cli(tmp_path / "narrow", "index", "--all", store_uri=store)
    assert outcome.status == 0, outcome.err
    wide = assembly_factory(data_dir=tmp_path / "wide", store_uri=store)
    assert len(read_rows(wide)) == 40, "the first source is in both formats now, the second where it was"


def test_the_generation_of_lance_is_that_of_the_pinned_library() -> None:
    """Whoever moves the pin raises LANCE_GENERATION: 0.40 is Lance 13."""
    assert version("lancedb").startswith("0.40.")
    assert LANCE_GENERATION == 13


def test_a_store_of_another_generation_is_neither_written_nor_emptied(
    tmp_path: Path, assembly_factory: AssemblyFactory
) -> None:
    assembly = assembly_factory()
    source = index_with(assembly, write_source(tmp_path / "first", 1)).source
    name = assembly.index_format.table_name
    database = lancedb.connect(assembly.settings.resolved_store_uri)
    rows = database.open_table(name).to_arrow()
    format_ = {**json.loads(rows.schema.metadata[b"codesearch"]), "lance_generation": LANCE_GENERATION + 1}
    newer = pa.schema(rows.schema, metadata={b"codesearch": json.dumps(format_).encode()})
    database.create_table("chunks_newer", rows.cast(newer), schema=newer)
    # The same name: somebody forced another lancedb under this codesearch.
    database.drop_table(name)
    database.create_table(name, rows.cast(newer), schema=newer)
    again = assembly_factory()
    write_source(tmp_path / "first", 2)
    with pytest.raises(StoreError, match=r"written by Lance 14.*this codesearch writes with Lance 13"):
        index_with(again, tmp_path / "first")
    again.writer.remove(source.id)
    again.writer.drop_other_formats([source.id])
    assert {table: database.open_table(table).count_rows() for table in ("chunks_newer", name)} == {
        "chunks_newer": 20,
        name: 20,
    }
