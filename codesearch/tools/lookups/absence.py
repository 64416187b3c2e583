"""What is in an index instead of a path that is not: folders and files with names like it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from codesearch.core.checks import Check
from codesearch.core.index.source_index import SourceIndex

_SHOWN_SIMILAR = 5
_BLOCK_PATHS = 1_000
_MOST_NAMES = 2_000


@dataclass(frozen=True, slots=True)
class Absence:
    """Whether a path that is no file is a folder, else what is like it, the nearest first."""

    is_folder: bool
    similar: tuple[str, ...] = ()


NOTHING_LIKE_IT: Final = Absence(is_folder=False)


def find_absence(index: SourceIndex, path: str, check: Check) -> Absence:
    """Return what there is instead of a file."""
    if not path or index.has_files_below(f"{path}/"):
        return Absence(is_folder=True)
    return Absence(False, tuple(_find_similar(index, path, check)))


def find_absence_of_folder(index: SourceIndex, path: str, check: Check) -> Absence:
    """Return what there is instead of a path that is neither a folder nor a file."""
    return Absence(False, tuple(_find_similar_folders(index, path, check) or _find_similar(index, path, check)))


def _find_similar_folders(index: SourceIndex, path: str, check: Check) -> list[str]:
    """Return folders that are the same but for case, else those whose last part is the same, else nearly."""
    folders: dict[str, None] = {}
    for place, other in enumerate(index.paths()):
        if not place % _BLOCK_PATHS:
            check()
        parts = other.split("/")[:-1]
        folders.update(("/".join(parts[:depth]), None) for depth in range(1, len(parts) + 1))
    wanted, name = path.lower(), path.lower().rpartition("/")[2]
    same = [folder for folder in folders if folder.lower() == wanted]
    same = same or [folder for folder in folders if folder.lower().rpartition("/")[2] == name]
    if not same:
        by_name: dict[str, list[str]] = {}
        for folder in folders:
            by_name.setdefault(folder.lower().rpartition("/")[2], []).append(folder)
        same = _find_near(name, by_name)
    return same[:_SHOWN_SIMILAR]


def _find_near(name: str, by_name: Mapping[str, list[str]]) -> list[str]:
    """Return the paths whose names are spelled nearly so, the nearest first; of very many the first are looked at."""
    near = get_close_matches(name, list(by_name)[:_MOST_NAMES], n=_SHOWN_SIMILAR, cutoff=0.75)
    return [path for found in near for path in by_name[found]]


def _find_similar(index: SourceIndex, path: str, check: Check) -> list[str]:
    """Return paths that are the same but for case, else of files of the same name, the same stem, nearly the name."""
    wanted = path.lower()
    name = wanted.rpartition("/")[2]
    stem = name.partition(".")[0]
    found: dict[int, list[str]] = {0: [], 1: [], 2: []}
    by_name: dict[str, list[str]] = {}
    for place, other in enumerate(index.paths()):
        if not place % _BLOCK_PATHS:
            check()
        lower = other.lower()
        other_name = lower.rpartition("/")[2]
        by_name.setdefault(other_name, []).append(other)
        if lower == wanted:
            found[0].append(other)
        elif other_name == name:
            found[1].append(other)
        elif stem and other_name.partition(".")[0] == stem:
            found[2].append(other)
    best = next((paths for _, paths in sorted(found.items()) if paths), None) or _find_near(name, by_name)
    return best[:_SHOWN_SIMILAR]
