"""SQL literals for the store's conditions."""

from __future__ import annotations


def quote(value: str) -> str:
    """Return a SQL string literal; nothing in `value` has a meaning of its own there."""
    return "'" + value.replace("'", "''") + "'"
