"""Names of declarations that hold several declarators, `int a, b;`: Java and C#."""

from __future__ import annotations

from collections.abc import Callable

from tree_sitter import Node

from indexer.chunking.languages.rules import child_text


def declared_names(*path: str) -> Callable[[Node], list[str]]:
    """Make a function that returns all names of a declaration, in order; `path`: node types down to the declarators."""

    def names_of(node: Node) -> list[str]:
        holder = node
        for step in path:
            found = next((child for child in holder.named_children if child.type == step), None)
            if found is None:
                return []
            holder = found
        declarators = [child for child in holder.named_children if child.type == "variable_declarator"]
        names = [child_text(declarator, "name") for declarator in declarators]
        return [name for name in names if name]

    return names_of


def first_name(names: Callable[[Node], list[str]]) -> Callable[[Node], str | None]:
    """Make a function that returns the first of these names, None without one."""
    return lambda node: next(iter(names(node)), None)
