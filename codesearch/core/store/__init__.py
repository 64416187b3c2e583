"""Rows that must not be lost; the only room that knows lancedb and pyarrow."""
