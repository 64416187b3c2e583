"""`import codesearch` as a library: the public door and what stands behind it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import codesearch

NAMES = ("errors", "index", "open", "search")
ORDERS = Path(__file__).parents[2] / "fixtures" / "repos" / "orders-service"


def test_the_door_offers_a_few_names_and_no_other() -> None:
    assert sorted(codesearch.__all__) == sorted(NAMES)
    assert all(getattr(codesearch, name) for name in NAMES)
    with pytest.raises(AttributeError, match="no attribute 'find'"):
        getattr(codesearch, "find")  # noqa: B009


@pytest.mark.parametrize("module", ["codesearch", "indexer", "codesearch.core.embedding", "codesearch.core.store"])
def test_importing_a_package_loads_nothing_else_of_ours(module: str) -> None:
    code = f"import sys, {module}\nprint(*(name for name in sys.modules if name.startswith(('codesearch', 'indexer'))))"
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    parents = {".".join(module.split(".")[:count]) for count in range(1, module.count(".") + 2)}
    assert set(loaded) == parents


def test_a_folder_is_indexed_and_asked(tmp_path: Path) -> None:
    data = tmp_path / "data"
    source = codesearch.index(str(ORDERS), name="orders", data_dir=data)
    assert source.name == "orders"
    assert source.chunk_count
    hits = codesearch.search("orders", "Backoff", top_k=3, data_dir=data)
    assert hits[0].chunk.symbol == "Backoff"
    with codesearch.open(data_dir=data) as library:
        assert library.search("orders", "Backoff", top_k=3) == hits
        with pytest.raises(codesearch.errors.NotFoundError, match="nothing"):
            library.search("nothing", "Backoff")
    with pytest.raises(codesearch.errors.ConfigurationError, match="port: it should be a whole number"):
        codesearch.open(port="here")
