"""What is indexed beside a repository changes none of its answers, nor their scores."""

from __future__ import annotations

import shutil
from pathlib import Path

from codesearch.assembly import Assembly
from tests.e2e.conftest import AssemblyFactory, index_with
from tests.e2e.evidence import answers, list_files
from tests.e2e.service import FIXTURES

QUERIES = [
    "how is a transaction written",
    "RequestID",
    "Ledger.Post",
    "which middleware gives each request an id",
    "balance of an account",
    "retry",
    "test",
    "?",
]
OTHERS = ("orders-service", "ops-scripts", "engine-native")
SMALL_OTHERS = 30


def all_answers(assembly: Assembly, knowledge_id: str) -> list[list[tuple[str, str, float]]]:
    found = [answers(assembly, knowledge_id, query, top_k=50) for query in QUERIES]
    assert all(len(answer) == 50 for answer in found)
    return found


def write_other(folder: Path, number: int) -> Path:
    """Write a repository that says the words of the queries in every file."""
    folder.mkdir()
    for part in range(4):
        (folder / f"ledger_{part}.go").write_text(
            f"package ledger\n\n// Post writes a transaction of account {number}.\n"
            f"func Post{part}(balance int) int {{\n\treturn retry(RequestID, balance, {number})\n}}\n"
        )
    return folder


def test_a_hundred_others_change_nothing(tmp_path: Path, data_dir: Path, assembly_factory: AssemblyFactory) -> None:
    indexing, open_all_along = assembly_factory(), assembly_factory()
    source = index_with(indexing, FIXTURES / "ledger-go").source
    alone = all_answers(open_all_along, source.id)
    files = list_files(data_dir / "search" / source.id)

    others = [index_with(indexing, FIXTURES / name).source for name in OTHERS]
    others += [index_with(indexing, write_other(tmp_path / f"other-{n}", n)).source for n in range(SMALL_OTHERS)]
    assert indexing.store.table().count_rows() > 3 * source.chunk_count
    assert all_answers(open_all_along, source.id) == alone
    assert all_answers(assembly_factory(), source.id) == alone
    assert list_files(data_dir / "search" / source.id) == files, "its search index is not touched"

    # Made again, it is read from a table that others have by far the most rows of.
    shutil.rmtree(data_dir / "search" / source.id)
    assert all_answers(assembly_factory(), source.id) == alone
    assert not index_with(indexing, FIXTURES / "ledger-go").wrote

    for other in others[: len(OTHERS)]:
        indexing.removals.note(other.id)
        indexing.catalog.remove_source(other.id)
        assert indexing.removals.finish(other.id)
    assert all_answers(assembly_factory(), source.id) == alone
