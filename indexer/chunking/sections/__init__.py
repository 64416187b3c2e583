"""Sections of documents and configuration: headings, keys, blocks."""
