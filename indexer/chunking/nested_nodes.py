"""Finds the nodes, at any depth of a tree, that may define a function or class inside of code."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node, Query, QueryCursor

from indexer.chunking.kinds import DATA_KINDS
from indexer.chunking.languages.rules import Language
from indexer.chunking.parsing import grammar_of


def find_nested_nodes(language: Language, root: Node) -> list[Node]:
    """Return every node that may be a function or class, at any depth, in source order, outermost first."""
    query = _nested_query(language)
    if query is None:
        return []
    return [node for group in QueryCursor(query).captures(root).values() for node in group]


# By grammar: a query fits no other, and OCaml has two.
_QUERIES: dict[str, Query | None] = {}


def _nested_query(language: Language) -> Query | None:
    key = language.grammar
    if key not in _QUERIES:
        grammar = grammar_of(key)
        types = sorted(set(_nested_types(language)))
        known = [name for name in types if grammar.id_for_node_kind(name, True)]
        _QUERIES[key] = Query(grammar, "[" + " ".join(f"({name})" for name in known) + "] @found") if known else None
    return _QUERIES[key]


def _nested_types(language: Language) -> Iterator[str]:
    for name, rule in language.rules.items():
        if rule.local and not (isinstance(rule.kind, str) and rule.kind in DATA_KINDS):
            yield name
    yield from language.wrappers
