"""Sources to stored, searchable chunks; knows codesearch.core and nothing else of codesearch."""
