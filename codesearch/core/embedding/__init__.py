"""Texts to vectors; the only room that knows fastembed."""

from __future__ import annotations


def __getattr__(name: str) -> object:
    """Give `load_embedder`, which the model card told people to import from here, when it is asked for."""
    if name == "load_embedder":
        from codesearch.core.embedding.loading import load_embedder

        return load_embedder
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
