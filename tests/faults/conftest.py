"""Real parts for the tests of faults: those of the end-to-end tests, and the mark of what takes long."""

from __future__ import annotations

from tests.e2e.conftest import (
    assembly_factory,
    bundled_embedder,
    clean_settings,
    data_dir,
    index_source,
    isolated_git,
    make_repository,
)

__all__ = [
    "assembly_factory",
    "bundled_embedder",
    "clean_settings",
    "data_dir",
    "index_source",
    "isolated_git",
    "make_repository",
]
