"""The store at s3://, against a server that speaks S3: nothing but the settings and AWS's own variables change."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from codesearch.assembly import Assembly
from codesearch.core.errors import StoreError
from codesearch.core.store.chunk_store import ChunkStore
from tests.e2e.conftest import AssemblyFactory, index_with
from tests.e2e.evidence import answers, ask, run_codesearch
from tests.unit.core.store.store_rows import FORMAT

FILES = {f"part_{number}.py": f"def part_{number}():\n    return {number}\n" for number in range(4)}


def paths(assembly: Assembly, knowledge_id: str) -> set[str]:
    return {hit.chunk.path for hit in ask(assembly, knowledge_id, "part")}


def test_index_ask_update_and_remove(
    object_store: str, tmp_path: Path, data_dir: Path, assembly_factory: AssemblyFactory
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    for name, text in FILES.items():
        (folder / name).write_text(text)
    assembly = assembly_factory(store_uri=object_store)
    source = index_with(assembly, folder).source
    assert paths(assembly, source.id) == set(FILES)
    assert not (data_dir / "store").exists()
    # The search index lies here all the same; another machine fetches it.
    answered = answers(assembly, source.id, "part_2")
    shutil.rmtree(data_dir / "search")
    assert answers(assembly_factory(store_uri=object_store), source.id, "part_2") == answered

    version = assembly.store.table().version
    assert not index_with(assembly_factory(store_uri=object_store), folder).wrote
    assert assembly_factory(store_uri=object_store).store.table().version == version

    (folder / "part_0.py").unlink()
    (folder / "part_1.py").write_text("def part_one():\n    return 'changed'\n")
    updated = index_with(assembly_factory(store_uri=object_store), folder)
    assert (updated.changed, updated.removed, updated.embedded_chunks) == (1, 1, 1)
    # Also when it has to be made by somebody who looked at the store not long ago.
    shutil.rmtree(data_dir / "search")
    for reader in (assembly, assembly_factory(store_uri=object_store)):
        assert paths(reader, source.id) == set(FILES) - {"part_0.py"}
    assert "changed" in ask(reader, source.id, "part_one")[0].chunk.content

    removed = run_codesearch(data_dir, "remove", source.id, store_uri=object_store)
    assert removed.returncode == 0, removed.stderr
    assert assembly_factory(store_uri=object_store).store.count(source.id) == (0, 0)


def test_a_bucket_that_is_not_there_is_a_store_error(object_store: str) -> None:
    with pytest.raises(StoreError, match="s3://missing"):
        ChunkStore("s3://missing/prefix", FORMAT).count("a" * 24)
