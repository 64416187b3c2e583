"""What a node's ancestors and siblings say about it; shared by the language tables, below the registry."""

from __future__ import annotations

import re
from collections.abc import Collection

from tree_sitter import Node

from indexer.chunking.languages.rules import NodeBody, NodeKind, NodeText, text_of

_UPPER_CASE = re.compile(r"[A-Z][A-Z0-9_]+\Z")


def child_of_type(node: Node, *types: str) -> Node | None:
    """Return the first named child of one of these types."""
    return next((child for child in node.named_children if child.type in types), None)


def child_body(*types: str) -> NodeBody:
    """Find the body of a definition by its first named child of one of these types, None without one."""
    return lambda node: child_of_type(node, *types)


def whole_node(node: Node) -> Node:
    """Take the definition's own children for its members: for grammars without a node for the body."""
    return node


def no_body(_node: Node) -> Node | None:
    """Find no body, so that the signature is the whole text as far as it goes."""
    return None


def first_named(node: Node | None) -> Node | None:
    """Return the first named child, None without one."""
    return node.named_child(0) if node is not None and node.named_child_count else None


def has_token(node: Node, *tokens: str) -> bool:
    """Say whether one of these keywords stands directly below the node."""
    return any(child.type in tokens for child in node.children)


def keyword_kind(kinds: dict[str, str], default: str) -> NodeKind:
    """Take the kind from the first keyword below the node that `kinds` knows."""

    def kind_of(node: Node) -> str:
        return next((kinds[child.type] for child in node.children if child.type in kinds), default)

    return kind_of


def kind_by_parent(parents: Collection[str], inside: str | None, outside: str | None) -> NodeKind:
    """Return the kind `inside` where the parent is of one of these types, else `outside`."""
    known = frozenset(parents)

    def kind_of(node: Node) -> str | None:
        return inside if node.parent is not None and node.parent.type in known else outside

    return kind_of


def ancestor_of_type(node: Node, *types: str) -> Node | None:
    """Return the nearest ancestor of one of these types."""
    current = node.parent
    while current is not None and current.type not in types:
        current = current.parent
    return current


def constant_name(value: str) -> NodeText:
    """Name every node of a type the same."""
    return lambda node: value


def is_upper_case(name: str) -> bool:
    """Say whether a name is written like a constant, `MAX_RETRIES`."""
    return _UPPER_CASE.match(name) is not None


def one_line(node: Node) -> str:
    """Return a node's text with every run of white space as one blank."""
    return " ".join(text_of(node).split())
