"""An index written by another model, chunker or chunk size is never served as if it were this one's."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

import codesearch
from codesearch.core.errors import IndexMismatchError, NotIndexedError
from indexer.chunking.version import CHUNKER_VERSION
from tests.e2e.conftest import AssemblyFactory, Repository, index_with
from tests.e2e.evidence import ask, read_rows, run_codesearch

BUNDLED_MODEL = Path(codesearch.__file__).parent / "bundled_model"
FILES = {f"part_{number}.py": f"def part_{number}():\n    return {number}\n" for number in range(3)}


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "origin")
    made.commit(FILES)
    return made


@pytest.fixture
def other_model(tmp_path: Path) -> Path:
    """A model folder with half of the bundled model's dimensions."""
    folder = tmp_path / "half-model"
    folder.mkdir()
    shutil.copy(BUNDLED_MODEL / "tokenizer.json", folder)
    # A safetensors file is the length of its header, the header as JSON, then the tensors one after the other.
    content = (BUNDLED_MODEL / "model.safetensors").read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:start])
    table = header["embeddings"]
    (rows, columns), (first, last) = table["shape"], table["data_offsets"]
    assert (table["dtype"], start + last) == ("I8", len(content)), "the table is expected at the end, one byte each"
    halved = np.frombuffer(content[start + first :], np.int8).reshape(rows, columns)[:, : columns // 2].tobytes()
    header["embeddings"] = {**table, "shape": [rows, columns // 2], "data_offsets": [first, first + len(halved)]}
    head = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(
        len(head).to_bytes(8, "little") + head + content[start : start + first] + halved
    )
    return folder


@pytest.mark.parametrize("change", ["model", "chunker version", "chunk size"])
def test_another_format_is_not_served_until_all_is_indexed_again(
    change: str, repository: Repository, other_model: Path, assembly_factory: AssemblyFactory
) -> None:
    changes: Mapping[str, Mapping[str, object]] = {
        "model": {"embedding_model": str(other_model)},
        "chunker version": {"chunker_version": CHUNKER_VERSION + 1},
        "chunk size": {"max_chunk_tokens": 64},
    }
    old = assembly_factory()
    source = index_with(old, repository.path).source
    old.require_readable_index()

    new = assembly_factory(**changes[change])
    with pytest.raises(NotIndexedError, match="codesearch index --all"):
        ask(new, source.id, "part")
    with pytest.raises(IndexMismatchError, match="codesearch index --all") as raised:
        new.require_readable_index()
    assert "bundled" in raised.value.message
    assert str(new.index_format.dimension) in raised.value.message
    assert [item.id for item in new.outdated_sources()] == [source.id]
    assert len(ask(old, source.id, "part")) == len(FILES), "the old configuration reads its own index"

    report = index_with(new, repository.path)
    assert (report.source.id, report.changed) == (source.id, len(FILES))
    new.require_readable_index()
    assert len(ask(new, source.id, "part")) == len(FILES)
    with pytest.raises(NotIndexedError, match="codesearch index --all"):
        ask(assembly_factory(), source.id, "part")


def test_index_all_replaces_every_old_table(
    repository: Repository, tmp_path: Path, other_model: Path, data_dir: Path, assembly_factory: AssemblyFactory
) -> None:
    second = tmp_path / "plain"
    second.mkdir()
    (second / "one.py").write_text("ONE = 1\n")
    old = assembly_factory()
    index_with(old, repository.path, name="first")
    index_with(old, second, name="second")
    settings = {"embedding_model": other_model}

    refused = run_codesearch(data_dir, "search", "first", "part", **settings)
    assert refused.returncode == 1
    assert "codesearch index --all" in refused.stderr

    done = run_codesearch(data_dir, "index", "--all", **settings)
    assert done.returncode == 0, done.stderr
    new = assembly_factory(embedding_model=str(other_model))
    assert new.outdated_sources() == []
    assert new.store.formats() == [new.index_format]
    assert {row["path"] for row in read_rows(new).values()} == {*FILES, "one.py"}


def test_a_workspace_answers_from_the_members_that_are_readable(
    repository: Repository, tmp_path: Path, assembly_factory: AssemblyFactory
) -> None:
    second = tmp_path / "plain"
    second.mkdir()
    (second / "one.py").write_text("def part_of_second():\n    return 1\n")
    old = assembly_factory()
    first_id = index_with(old, repository.path).source.id
    second_id = index_with(old, second).source.id
    old.catalog.create_workspace("both", [first_id, second_id])
    new = assembly_factory(max_chunk_tokens=64)
    index_with(new, second)
    assert {hit.source.id for hit in ask(new, "both", "part")} == {second_id}
    assert {hit.source.id for hit in ask(old, "both", "part")} == {first_id}
    # Only one of two is outdated: the service starts, and says which.
    new.require_readable_index()
    assert [item.id for item in new.outdated_sources()] == [first_id]
