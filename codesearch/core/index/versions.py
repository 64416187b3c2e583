"""Which files belong to an older version of what a repository holds more than once: `v3/` beside `v4/`. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

_VERSION = re.compile(r"v(\d{1,4})")
_BELOW_VERSION = re.compile(rf"(?:^|/){_VERSION.pattern}/")
# A version without a sibling is old when so many of its files, or such a share of them, are in the folder above, too:
# `pydantic/v1/fields.py` beside `pydantic/fields.py`.
_REPEATED_FILES, _REPEATED_SHARE = 3, 0.3


def superseded_versions(paths: Sequence[str], old_folders: Mapping[str, int] | None = None) -> NDArray[np.int32]:
    """Return for each path the number of the older version that it belongs to, -1 for none, (n,).

    `old_folders` are those of `find_old_folders`, by default of these paths.
    """
    versions = np.full(len(paths), -1, np.int32)
    old = find_old_folders(paths) if old_folders is None else old_folders
    if old:
        for number, path in enumerate(paths):
            if _BELOW_VERSION.search(path):
                for folder in _folders_of(path):
                    versions[number] = old.get(folder, versions[number])
    return versions


def find_old_folders(paths: Iterable[str]) -> dict[str, int]:
    """Return the folders of older versions with their numbers, by the paths of all files.

    A folder `vN` is of an older version where `vM` with a higher number stands beside it, or where it is the only one
    and repeats files of the folder above it.
    """
    listed = list(paths)
    candidates = [path for path in listed if _BELOW_VERSION.search(path)]
    return _old_folders(candidates, listed) if candidates else {}


def version_of(name: str) -> int | None:
    """Return the number of a version as a folder or a query names it, `v3`; None for any other name."""
    found = _VERSION.fullmatch(name)
    return int(found[1]) if found else None


def _old_folders(candidates: Iterable[str], paths: Iterable[str]) -> dict[str, int]:
    """Return the folders of older versions with their numbers."""
    siblings: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for path in candidates:
        for folder in _folders_of(path):
            parent, _, name = folder.rpartition("/")
            if (version := version_of(name)) is not None:
                siblings[parent][version] = folder
    names: defaultdict[str, set[str]] = defaultdict(set)
    for path in paths:
        folder, _, name = path.rpartition("/")
        names[folder].add(name)
    old: dict[str, int] = {}
    for parent, folders in siblings.items():
        newest = max(folders)
        old |= {folder: number for number, folder in folders.items() if number < newest}
        if len(folders) == 1 and _repeats(names[folders[newest]], names[parent]):
            old[folders[newest]] = newest
    return old


def _repeats(names: set[str], above: set[str]) -> bool:
    own = names - {"__init__.py"}
    repeated = len(own & above)
    return repeated >= _REPEATED_FILES or (repeated > 0 and repeated >= _REPEATED_SHARE * len(own))


def _folders_of(path: str) -> list[str]:
    """Return the folders above a path, the outermost first."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]
