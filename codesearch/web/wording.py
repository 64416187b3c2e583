"""What tools and the catalog say to do, in the words of the page: its own pages and fields."""

from __future__ import annotations

from typing import Final

from codesearch.tools.wording import word_by

# Whole phrases, for a tool's name alone may be part of a path.
PHRASES: Final = {
    "get_data_sources lists them": "The page Sources lists them",
    "which get_data_sources lists": "which the page Sources lists",
    "get_file_tree lists it": "the links above lead to it",
    "Narrow it with paths, extensions or data_sources": "Narrow it with paths, file extensions or a source",
    "regex=true reads it as an expression": "“Regular expression” reads it as an expression",
    "case_sensitive=false ignores case": "“Ignore case” ignores it",
    "`codesearch list` shows them": "The page Sources lists them",
    "`codesearch workspace list` shows them": "Manage lists them",
    "`codesearch key list` shows them": "Manage lists them",
    "`codesearch organisation list` shows them": "Manage lists them",
    "`codesearch jobs` lists them": "Manage lists them",
}
_say = word_by(PHRASES)


def say_on_page(text: str) -> str:
    """Return a text of a tool or of the catalog as somebody in a browser reads it."""
    return _say(text)
