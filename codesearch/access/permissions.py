"""Permissions: what a code host lets a person read, as data sources of the catalog."""

from __future__ import annotations

from typing import Protocol

from codesearch.access.patterns import Patterns
from codesearch.core.catalog.catalog import Catalog


class Hook(Protocol):
    """What says which repositories a user may read."""

    def find_patterns(self, user: str) -> Patterns:
        """Return what a user may read. Raises ConfigurationError when that is not known."""

    def close(self) -> None:
        """Let go of what is open."""


class Permissions:
    """Finds the data sources that a user may read, as the hook and the catalog say now."""

    def __init__(self, catalog: Catalog, hook: Hook) -> None:
        self._catalog = catalog
        self.hook = hook

    def find_permitted(self, user: str) -> frozenset[str]:
        """Return the ids of the data sources that a user may read. Raises ConfigurationError when that is not known."""
        return self._catalog.choose_source_ids(self.hook.find_patterns(user).match)

    def close(self) -> None:
        """Let go of what is open."""
        self.hook.close()
