"""A damaged history is fetched anew by the next run that has something to read: nothing is lost, no run fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.core.config import load_settings
from codesearch.core.embedding.loading import load_embedder
from tests.faults.damage import DAMAGES
from tests.faults.test_damaged_files import quick_of
from tests.unit.indexer.conftest import Repository
from tests.unit.indexer.history.history_repositories import commit_as
from tests.unit.indexer.test_pipeline import Parts
from tests.unit.indexer.test_subjects import index, known

HISTORY_FILES = (
    "HEAD",
    "config",
    "shallow",
    "codesearch-history",
    "refs/codesearch/head",
    "objects/pack/*.pack",
    "objects/pack/*.idx",
    "objects/pack/*.promisor",
)


@pytest.mark.parametrize(("pattern", "damage"), quick_of(HISTORY_FILES, ("objects/pack/*.pack", "truncated")))
def test_a_damaged_history_is_fetched_anew(pattern: str, damage: str, tmp_path: Path, isolated_git: None) -> None:
    shop = Repository(tmp_path / "shop")
    shop.git("config", "uploadpack.allowFilter", "true")
    commit_as(shop, "Begin with all of it", {"cart.py": "cart = 'empty'\n"})
    for number in range(4):
        commit_as(shop, f"Say more, part {number}", {"cart.py": f"cart = {number}\n"})
    embedder = load_embedder(load_settings(embedding_model="bundled"))
    parts = Parts(tmp_path / "data", embedder, history_commits=5)
    index(parts, shop.url)
    commit_as(shop, "Give the cart a limit", {"cart.py": "cart = 'limited'\n"})
    (history,) = (path for path in (parts.settings.data_dir / "histories").iterdir() if path.is_dir())
    found = next(path for path in history.glob(pattern) if path.is_file())
    found.chmod(0o644)
    DAMAGES[damage](found)
    lines = known(parts, index(parts, shop.url).source)["cart.py"]
    assert lines[:3] == ["Give the cart a limit", "Say more, part 3", "Say more, part 2"]
    commit_as(shop, "Take the limit away", {"cart.py": "cart = 'any'\n"})
    assert known(parts, index(parts, shop.url).source)["cart.py"] == ["Take the limit away", *lines]
    parts.catalog.close()
