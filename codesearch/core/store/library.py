"""The import of lancedb in a seventh of its time: without the REST client of remote namespaces, which we never use.

Building that client's 400 classes takes nearly a second. For tables in a folder or a bucket lancedb uses none of them
but the one that holds a list of names. While lancedb is imported, stand-ins take the place of these modules, of its own
for other people's models, for functions and for rerankers, and of `overrides`, which checks the signatures of its
methods; whoever imports the real ones later gets them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from threading import Lock
from types import ModuleType, SimpleNamespace
from typing import Any, TypeVar

_STOOD_IN = ("lance_namespace", "lance_namespace_urllib3_client", "overrides")
# Exceptions that are caught must be real ones.
_REAL = "lance_namespace.errors"
# What lancedb has for calling other people's models, twenty modules; the rest of that package describes columns.
_MODELS = "lancedb.embeddings."
_NO_MODELS = ("base", "registry", "utils")
# What it has for functions that a server runs, and for putting the results of several searches in one order.
_NO_PACKAGES = ("lancedb.functions", "lancedb.rerankers")
_importing = Lock()
T = TypeVar("T")


def import_lancedb() -> Any:
    """Return the module lancedb, imported on the first call."""
    with _importing:
        if "lancedb" not in sys.modules:
            # Lance writes its own lines to stderr; what matters of them reaches us as exceptions.
            os.putenv("LANCE_LOG", "error")
            os.putenv("LANCEDB_LOG", "error")
            with _stand_ins():
                import_module("lancedb.index")
    return sys.modules["lancedb"]


@contextmanager
def _stand_ins() -> Iterator[None]:
    before = set(sys.modules)
    finder = _StandInFinder()
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in sys.modules.keys() - before:
            if _is_stood_in(name) or name == _REAL:
                del sys.modules[name]


def _is_stood_in(name: str) -> bool:
    if name.startswith(_MODELS):
        return name.removeprefix(_MODELS) not in _NO_MODELS
    if name.startswith(_NO_PACKAGES):
        return True
    return name.partition(".")[0] in _STOOD_IN and name != _REAL


class _StandInFinder(MetaPathFinder, Loader):
    def __init__(self) -> None:
        found = find_spec(_REAL.partition(".")[0])
        self._path = list(found.submodule_search_locations or ()) if found is not None else []

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not _is_stood_in(fullname):
            return None
        spec = ModuleSpec(fullname, self, is_package=True)
        spec.submodule_search_locations = self._path
        return spec

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _StandInModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run."""


class _StandInModule(ModuleType):
    """Has a class of every name, which keeps what it is given, and a decorator that does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return _unchanged if name == "override" else type(name, (SimpleNamespace,), {"__module__": self.__name__})


def _unchanged(method: T) -> T:
    return method
