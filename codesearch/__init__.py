"""Self-hosted code search: `open`, `index`, `search` and the `errors` that they raise, each loaded when asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from codesearch.core import errors as errors
    from codesearch.library import index as index
    from codesearch.library import open as open  # noqa: A004
    from codesearch.library import search as search

__all__ = ["errors", "index", "open", "search"]


def __getattr__(name: str) -> object:
    if name == "errors":
        from codesearch.core import errors

        return errors
    if name in __all__:
        from codesearch import library

        return getattr(library, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
