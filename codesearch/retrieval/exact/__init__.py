"""Exact search: literals and regular expressions over the indexed lines."""
