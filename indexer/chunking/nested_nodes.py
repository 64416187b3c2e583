"""Finds the nodes, at any depth of a tree, that may define a function or class inside of code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tree_sitter import Node, Query, QueryCursor

from indexer.chunking.grammars import grammar_of
from indexer.chunking.kinds import DATA_KINDS
from indexer.chunking.languages.rules import Language

# The time that a query takes grows with the square of a tree's depth, and of a run of tokens that have no name. Only
# generated or broken text has so many.
_MOST_LEVELS = 4_000
_LONGEST_RUN = 4_000


def find_nested_nodes(language: Language, root: Node) -> list[Node]:
    """Return every node that may be a function or class, at any depth, in source order, outermost first.

    None in a tree of thousands of levels, or of thousands of operators in a row: members are found there all the same.
    """
    query = _nested_query(language)
    if query is None or _is_slow(root):
        return []
    return [node for group in QueryCursor(query).captures(root).values() for node in group]


def _is_slow(root: Node) -> bool:
    """Say whether a query of this tree may take long; looks only into what has thousands of nodes."""
    pending = [(root, 0)]
    while pending:
        node, depth = pending.pop()
        if node.descendant_count < _LONGEST_RUN:
            continue
        if depth > _MOST_LEVELS:
            return True
        children = node.children
        if len(children) > _LONGEST_RUN and _longest_run(children) > _LONGEST_RUN:
            return True
        pending.extend((child, depth + 1) for child in children if child.descendant_count >= _LONGEST_RUN)
    return False


def _longest_run(children: Sequence[Node]) -> int:
    """Return how many children without a name, at most, follow one another."""
    longest = run = 0
    for child in children:
        run = 0 if child.is_named else run + 1
        longest = max(longest, run)
    return longest


# By grammar: a query fits no other, and OCaml has two.
_QUERIES: dict[str, Query | None] = {}


def _nested_query(language: Language) -> Query | None:
    key = language.grammar
    if key not in _QUERIES:
        grammar = grammar_of(key)
        types = dict(sorted(_nested_types(language)))
        known = [f"({name}{needs})" for name, needs in types.items() if grammar.id_for_node_kind(name, True)]
        _QUERIES[key] = Query(grammar, "[" + " ".join(known) + "] @found") if known else None
    return _QUERIES[key]


def _nested_types(language: Language) -> Iterator[tuple[str, str]]:
    """Yield types of nodes, each with what must be in such a node, as a query says it; '' for nothing."""
    for name, rule in language.rules.items():
        if rule.local and not (isinstance(rule.kind, str) and rule.kind in DATA_KINDS):
            yield name, f" {rule.needs}: (_)" if rule.needs is not None and name not in language.wrappers else ""
    yield from ((name, "") for name in language.wrappers)
