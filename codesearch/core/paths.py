"""What a path says of its file: the name and the extension, the same for index, store, conditions and records."""

from __future__ import annotations


def file_name_of(path: str) -> str:
    """Return the last part of a `/`-separated path."""
    return path.rpartition("/")[2]


def file_extension_of(path: str) -> str | None:
    """Return the extension in lower case with its dot (`src/A.CS` -> `.cs`), or None for a file without one.

    Only the last one counts (`a.tar.gz` -> `.gz`). A dot file (`.gitignore`), a trailing dot (`notes.`) and an
    ending with a blank in it (`Mr. Smith`) have none.
    """
    stem, dot, ending = file_name_of(path).lstrip(".").rpartition(".")
    if not dot or not stem or not ending or any(character.isspace() for character in ending):
        return None
    return f".{ending.lower()}"
