"""Machines that share a store on S3 and a catalog: each has a data folder of its own."""

from __future__ import annotations

from pathlib import Path

from codesearch.assembly import Assembly
from tests.e2e.conftest import AssemblyFactory


class Fleet:
    """Machines by name, all with the same store and catalog."""

    def __init__(self, assembly_factory: AssemblyFactory, store_uri: str, folder: Path) -> None:
        self._assembly_factory = assembly_factory
        self._store_uri = store_uri
        self._folder = folder

    def data_dir(self, name: str) -> Path:
        return self._folder / f"machine-{name}"

    def open(self, name: str, **settings: object) -> Assembly:
        return self._assembly_factory(
            data_dir=self.data_dir(name),
            store_uri=self._store_uri,
            database_url=f"sqlite:///{self._folder / 'catalog.sqlite3'}",
            **settings,
        )

    def files(self, name: str, source_id: str, pattern: str = "*.segment") -> list[Path]:
        return sorted((self.data_dir(name) / "search" / source_id).glob(pattern))
