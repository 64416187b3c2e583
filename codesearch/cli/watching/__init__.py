"""Keeping a folder's index up to date while its files change: for `codesearch watch`, and for `codesearch mcp`."""
