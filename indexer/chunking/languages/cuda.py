"""CUDA: C++ with kernels."""

from __future__ import annotations

from dataclasses import replace

from indexer.chunking.languages import cpp

LANGUAGE = replace(
    cpp.LANGUAGE,
    name="cuda",
    grammar="cuda",
    extensions=(".cu", ".cuh"),
    descend=cpp.LANGUAGE.descend - {"export_declaration"},
)
