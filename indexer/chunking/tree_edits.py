"""What of a tree stays as it is when some bytes of its text change: the rest alone is parsed again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from tree_sitter import Node, Tree

# Changes that are nearer than this to each other are one: each costs a walk down the tree.
_NEAR_BYTES = 16
# Nodes of C and its family whose children stand side by side as those of a whole file do.
_LISTS = frozenset(
    {
        "preproc_if",
        "preproc_ifdef",
        "preproc_else",
        "preproc_elif",
        "linkage_specification",
        "namespace_definition",
        "declaration_list",
    }
)

Span = tuple[int, int]


def edit_tree(tree: Tree, source: bytes, changed: bytes) -> Tree:
    """Return a copy of the tree of `source` that knows where `changed`, of the same length and lines, differs.

    Declarations with errors count as changed: a part of one that was misread may fit, and yet be what a parser that
    reads all of the text would not find.
    """
    before = np.frombuffer(source, np.uint8)
    spans: list[Span] = []
    _collect(tree.root_node, _changes(before, np.frombuffer(changed, np.uint8)), spans)
    edited = tree.copy()
    if spans:
        _mark(edited, before, _merged(spans))
    return edited


def _changes(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> list[Span]:
    """Return the bytes that differ, in order."""
    places = np.flatnonzero(before != after)
    if not len(places):
        return []
    gaps = np.flatnonzero(np.diff(places) > _NEAR_BYTES)
    starts = places[np.concatenate(([0], gaps + 1))]
    ends = places[np.concatenate((gaps, [len(places) - 1]))] + 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _collect(parent: Node, changes: list[Span], spans: list[Span]) -> None:
    """Add the changes, and the children with errors that are no lists of declarations themselves."""
    pending = [parent]
    while pending:
        for child in pending.pop().children:
            if not child.has_error:
                continue
            if child.type in _LISTS:
                pending.append(child)
            else:
                spans.append((child.start_byte, child.end_byte))
    spans.extend(changes)


def _merged(spans: list[Span]) -> list[Span]:
    """Return the spans in order, those that touch as one."""
    spans.sort()
    merged = [spans[0]]
    for start, end in spans:
        first, last = merged[-1]
        if start <= last + 1:
            merged[-1] = first, max(last, end)
        else:
            merged.append((start, end))
    return merged


def _mark(tree: Tree, text: NDArray[np.uint8], spans: list[Span]) -> None:
    lines = np.concatenate(([0], np.flatnonzero(text == ord("\n")) + 1))
    offsets = np.array(spans)
    rows = np.searchsorted(lines, offsets, "right") - 1
    columns = offsets - lines[rows]
    for (start, end), (first_row, last_row), (first_column, last_column) in zip(
        spans, rows.tolist(), columns.tolist(), strict=True
    ):
        last_point = (last_row, last_column)
        tree.edit(start, end, end, (first_row, first_column), last_point, last_point)
