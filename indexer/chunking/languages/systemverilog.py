"""SystemVerilog: Verilog with packages, interfaces, classes and types."""

from __future__ import annotations

from indexer.chunking.languages.hardware_lines import HARDWARE_LINES
from indexer.chunking.languages.rules import Language

LANGUAGE = Language(
    name="systemverilog", grammar="", extensions=(".sv", ".svh", ".svi"), rules={}, lines=HARDWARE_LINES
)
