"""What a file's path tells of it: a test, an example, old code, an entry point, a header. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.source_index import Searched
from codesearch.core.text.path_roles import PRODUCT_FOLDER, is_test_path
from codesearch.core.text.terms import name_term

_EXAMPLE = re.compile(r"(^|/)(examples?|samples?|demos?|docs?|bench(marks?)?)(/|$)")
_OLD = re.compile(
    r"(^|/)(legacy|deprecated|compat|_?vendor(ed)?|third[_-]?party|3rdparty|generated)(/|$)|\.d\.ts$"
    # Someone else's library in one file, such as jquery-3.5.1.js.
    r"|[a-z]-\d+(\.\d+)+(\.slim)?(\.min)?\.(js|css)$"
)
_HEADER = re.compile(r"\.(h|hh|hpp|hxx|pyi|d\.ts|mli)$")
_ENTRY = re.compile(r"(^|/)(__init__\.py|index\.[jt]sx?|mod\.rs|lib\.rs|types\.[jt]s|prelude\.\w+|exports?\.\w+)$")

# In capitals: history.py is code.
_PROSE = re.compile(
    r"(^|/)(CHANGES|CHANGELOG|NEWS|HISTORY|RELEASES?|UPGRADING|AUTHORS|CONTRIBUTORS|LICEN[CS]E|COPYING|README)([._-][\w.-]*)?$"
)

# What describe_path says, in its order.
PATH_COLUMNS: Final = ("is_test", "is_example", "is_old", "is_entry", "is_header", "is_prose", "stem", "folder")


@lru_cache(maxsize=65_536)
def describe_path(path: str) -> tuple[bool, bool, bool, bool, bool, bool, int, int]:
    """Say whether a file is a test, an example, kept or foreign code, an entry, a header, prose; and two hashes."""
    folder, _, name = path.rpartition("/")
    return (
        is_test_path(path),
        _EXAMPLE.search(path) is not None and PRODUCT_FOLDER not in path,
        _OLD.search(path) is not None,
        _ENTRY.search(path) is not None,
        _HEADER.search(path) is not None,
        _PROSE.search(path) is not None,
        name_term(name.partition(".")[0]),
        name_term(folder),
    )


class KnownPaths:
    """What `describe_path` says of the files of a data source, as each was first asked for, (m, PATH_COLUMNS)."""

    def __init__(self, index: Searched) -> None:
        self._index = index
        self._is_known: NDArray[np.bool_] = np.zeros(index.file_count, np.bool_)
        self._described: NDArray[np.uint32] = np.zeros((index.file_count, len(PATH_COLUMNS)), np.uint32)

    @staticmethod
    def of(index: Searched) -> KnownPaths:
        """Return what is remembered of a data source."""
        known = index.remembered.get("paths")
        if not isinstance(known, KnownPaths):
            known = index.remembered["paths"] = KnownPaths(index)
        return known

    def describe(self, files: NDArray[np.int32]) -> NDArray[np.uint32]:
        """Return what is said of files, (PATH_COLUMNS, files)."""
        is_known = self._is_known[files]
        if not is_known.all():
            missing = np.unique(files[~is_known])
            self._described[missing] = [describe_path(self._index.path_of(file)) for file in missing.tolist()]
            # Afterwards: another search may read it.
            self._is_known[missing] = True
        columns: NDArray[np.uint32] = self._described[files].T
        return columns
