"""TSX: the rules of TypeScript, and a grammar that reads JSX."""

from __future__ import annotations

from dataclasses import replace

from indexer.chunking.languages import typescript

LANGUAGE = replace(typescript.LANGUAGE, name="tsx", grammar="tsx", extensions=(".tsx",), interpreters=())
