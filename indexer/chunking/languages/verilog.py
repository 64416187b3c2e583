"""Verilog: modules, primitives, functions, tasks and macros."""

from __future__ import annotations

from indexer.chunking.languages.hardware_lines import HARDWARE_LINES
from indexer.chunking.languages.rules import Language

LANGUAGE = Language(
    name="verilog", grammar="", extensions=(".v", ".vh", ".veo", ".verilog"), rules={}, lines=HARDWARE_LINES
)
