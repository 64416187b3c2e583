"""`python -m benchmarks.history` on a repository of our own: indexes that are kept are used again."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path

from benchmarks.history import OWN, run_repository
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.history.history_repositories import build_history


def test_a_kept_index_is_used_by_the_next_run(make_repository: Callable[..., Repository], tmp_path: Path) -> None:
    repository = make_repository("shop")
    build_history(repository)
    arguments = Namespace(commits=12, data_dir=tmp_path / "kept", trees=None, semble_python=None)
    results = []
    for run in ("first", "second"):
        (tmp_path / run).mkdir()
        results.append(run_repository(str(repository.path), tmp_path / run, arguments))
    (before, _), (result, questions) = results
    assert result == before
    assert result.base == repository.git("rev-parse", "HEAD~12")
    assert result.figures[OWN].file_recall == 1.0
    assert len(questions) == 12
