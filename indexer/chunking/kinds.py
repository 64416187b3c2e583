"""Families of symbol kinds, for the finder of definitions and the planner of chunks."""

from __future__ import annotations

# What a function's inside is not searched for: its local names are no definitions that anyone looks for.
DATA_KINDS = frozenset({"constant", "variable", "field", "property", "event", "type", "key", "import"})
# Kinds whose functions are methods.
TYPE_KINDS = frozenset(
    {"class", "struct", "interface", "trait", "enum", "record", "union", "impl", "object", "protocol"}
)
