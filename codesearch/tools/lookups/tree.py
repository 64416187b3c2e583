"""The folders and files below a path, with their lines and languages: all are read, so many are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from codesearch.core.checks import Check
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import SourceIndex
from codesearch.tools.lookups.absence import Absence, find_absence_of_folder
from codesearch.tools.lookups.lookup import Lookup, Scope, only

_BLOCK_FILES = 1_000


@dataclass(frozen=True, slots=True)
class TreeAsked:
    """A path, and how many levels and files and folders below it are told at most."""

    path: str
    max_depth: int
    max_nodes: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A folder or file with its lines; of a folder, how many files are below, and how many entries are not told."""

    path: str
    depth: int
    lines: int
    files: int
    language: str | None
    is_folder: bool
    hidden: int


@dataclass(frozen=True, slots=True)
class TreeTold:
    """The folder or file at a path, and what is told, a folder before what is in it; or what there is instead."""

    root: Entry | None = None
    entries: tuple[Entry, ...] = ()
    left_out: int = 0
    absence: Absence | None = None


@dataclass(slots=True)
class _Node:
    """A folder or file: its path, its lines and, of a folder, how many files are below and what is in it."""

    path: str
    depth: int
    lines: int = 0
    files: int = 0
    language: str | None = None
    is_shown: bool = False
    children: dict[str, _Node] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether something is below."""
        return bool(self.children)

    def ordered(self) -> list[_Node]:
        """Return what is in the folder, folders first, each by name."""
        return sorted(self.children.values(), key=lambda node: (not node.is_folder, node.path))


def _list_tree(scope: Scope, asked: TreeAsked, check: Check) -> TreeTold:
    index = only(scope)
    root = _read_tree(index, asked.path, check)
    if root is None:
        return TreeTold(absence=find_absence_of_folder(index, asked.path, check) if asked.path else None)
    left_out = _choose(root, asked.max_depth, asked.max_nodes)
    return TreeTold(_enter(root), tuple(map(_enter, _shown(root))), left_out)


def _enter(node: _Node) -> Entry:
    hidden = sum(not child.is_shown for child in node.children.values())
    return Entry(node.path, node.depth, node.lines, node.files, node.language, node.is_folder, hidden)


def _read_tree(index: SourceIndex, path: str, check: Check) -> _Node | None:
    """Return the folder, or the file, at a path with all that is below; None where there is nothing."""
    root = _Node(path, 0)
    file = index.find_file(path)
    if file is not None:
        _add_files(root, file[0], [file[1]], check)
    else:
        # Which segment comes first makes no difference: a folder sums up, and what is in it is put in order later.
        for segment in index.segments:
            _add_files(root, segment, segment.files_below(f"{path}/" if path else ""), check)
    return root if root.files else None


def _add_files(root: _Node, segment: SearchIndex, files: Sequence[int], check: Check) -> None:
    """Add files of a segment, ascending, to the folder that they are below, or the file that `root` is."""
    if not files:
        return
    first, last = files[0], files[-1] + 1
    firsts = segment.first_rows[first:last]
    lines = np.maximum.reduceat(segment.end_lines[: segment.first_rows[last]], firsts).tolist()
    languages = segment.row_languages[firsts].tolist()
    skipped = len(root.path) + 1 if root.path else 0
    for place, number in enumerate(files):
        if not place % _BLOCK_FILES:
            check()
        node, count = root, lines[number - first]
        node.files, node.lines = node.files + 1, node.lines + count
        for part in segment.path_of(number)[skipped:].split("/"):
            if part:
                known = f"{node.path}/{part}" if node.path else part
                node = node.children.setdefault(part, _Node(known, node.depth + 1))
                node.files, node.lines = node.files + 1, node.lines + count
        node.language = segment.languages[languages[number - first]] or None


def _choose(root: _Node, max_depth: int, max_nodes: int) -> int:
    """Mark what is shown, level by level, and return how many files and folders are not."""
    level, count = [root], 0
    for _ in range(max_depth):
        level = [child for node in level for child in node.ordered()]
        for node in level[: max_nodes - count]:
            node.is_shown = True
        count = min(max_nodes, count + len(level))
    return _count(root) - count


def _count(node: _Node) -> int:
    """Return how many files and folders are below, each once."""
    found, pending = 0, [node]
    while pending:
        children = pending.pop().children.values()
        found += len(children)
        pending.extend(children)
    return found


def _shown(node: _Node) -> Iterator[_Node]:
    """Yield what is shown below, a folder before what is in it; a file that was asked for itself."""
    if not node.children:
        yield node
    pending = [child for child in reversed(node.ordered()) if child.is_shown]
    while pending:
        child = pending.pop()
        yield child
        pending.extend(inner for inner in reversed(child.ordered()) if inner.is_shown)


LIST_TREE: Final = Lookup("list_tree", TreeAsked, TreeTold, _list_tree)
