"""Addresses of our own pages, and of the same lines on the code host. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode


def search_address(values: Sequence[tuple[str, str]]) -> str:
    """Return the address of a search; values without content are left out."""
    return "/?" + urlencode([(name, value) for name, value in values if value != ""])


def file_address(source: str, path: str, start_line: int | None = None, end_line: int | None = None) -> str:
    """Return the address of a file, at these lines where they are given."""
    if start_line is None:
        return "/file?" + urlencode({"source": source, "path": path})
    lines = f"{start_line}-{end_line}" if end_line is not None and end_line > start_line else f"{start_line}"
    return f"/file?{urlencode({'source': source, 'path': path, 'lines': lines})}#L{start_line}"


def page_address(source: str, path: str, start_line: int) -> str:
    """Return the address of a file's lines from one on."""
    return "/file?" + urlencode({"source": source, "path": path, "start": start_line})


def tree_address(source: str, path: str = "") -> str:
    """Return the address of a folder."""
    return "/tree?" + urlencode({"source": source, **({"path": path} if path else {})})


def folders_above(source: str, path: str) -> list[tuple[str, str]]:
    """Return name and address of the repository and each folder that a path is in."""
    parts = path.split("/")[:-1]
    return [(source, tree_address(source))] + [
        (part, tree_address(source, "/".join(parts[: depth + 1]))) for depth, part in enumerate(parts)
    ]
