"""Which rows of comments belong to a node of a syntax tree: those directly above it, and not those at its end."""

from __future__ import annotations

from tree_sitter import Node

from indexer.chunking.languages.rules import Language

_MAX_ATTACHED = 200


def last_line_of(node: Node) -> int:
    """Return the 1-based last line of a node; a node that ends with its newline does not reach the next line."""
    row, column = node.end_point
    return row if column == 0 and row > node.start_point[0] else row + 1


def tail_comments(node: Node, comments: frozenset[str]) -> tuple[int, int] | None:
    """Return first and last row of the comments that a grammar reads as the end of a node, None without any.

    Kotlin's imports and Scala's and Haskell's indented bodies take in the comments of what follows them.
    """
    found: tuple[int, int] | None = None
    current: Node | None = node
    # Child by child from the end: a list of all of them would cost most of the time.
    while current is not None and (count := current.child_count):
        inner: Node | None = None
        while count:
            count -= 1
            child = current.child(count)
            if child is None:
                break
            if child.type in comments and (found is None or last_line_of(child) >= found[0]):
                found = (child.start_point[0], found[1] if found is not None else last_line_of(child) - 1)
            elif child.end_byte > child.start_byte:
                inner = child
                break
        if found is not None and inner is not None and inner.end_point[0] >= found[0] and inner.end_point[1] > 0:
            return None
        current = inner
    return found


def start_with_comments(language: Language, node: Node) -> int:
    """Return the first row of a nested definition with the comments and attached nodes directly above it."""
    row = node.start_point[0]
    for _ in range(_MAX_ATTACHED):
        previous = node.prev_named_sibling
        if previous is None or last_line_of(previous) < row:
            return row
        is_comment = previous.type in language.comments or previous.type in language.attached
        if not is_comment or previous.start_point[0] >= row:
            return row
        row = previous.start_point[0]
        node = previous
    return row
