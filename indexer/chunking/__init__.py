"""Bytes to symbol-level chunks: language, syntax tree, definitions, plan, pieces."""
