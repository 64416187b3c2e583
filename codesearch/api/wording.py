"""What the catalog and the search say to do, in the words of HTTP: addresses in the place of tools and commands."""

from __future__ import annotations

import re
from typing import Final

from codesearch.tools.wording import word_by

# Whole phrases, for a name alone may be part of what was asked.
PHRASES: Final = {
    "get_data_sources lists them": "GET /api/datasources/all lists them",
    "`codesearch list` shows them": "GET /api/sources lists them",
    "`codesearch workspace list` shows them": "GET /api/workspaces lists them",
    "`codesearch organisation list` shows them": "GET /api/organisations lists them",
    "`codesearch key list` shows them": "GET /api/keys lists them",
    "`codesearch jobs` lists them": "GET /api/jobs lists them",
    "`codesearch group list` shows them": "`codesearch group list` where the service runs shows them",
}
# Tools name one another, and who calls one has the others: whatever their document was imported into.
_OF_TOOLS: Final = ("/api/tools/", "/api/search_code")
_say = word_by(PHRASES)
_SHOULD: Final = re.compile(r"^\w+ should ")


def say_problem(name: str, kind: str, message: str) -> str:
    """Return what is wrong with a field, as a clause; `kind` and `message` are pydantic's, which has other words."""
    if kind == "missing":
        return f"{name} is missing"
    if kind == "value_error":
        return f"{name}: {message.removeprefix('Value error, ').rstrip('.')}"
    said, count = _SHOULD.subn("must ", message.rstrip("."))
    return f"{name} {said}" if count else f"{name}: {said}"


def say_over_http(text: str, path: str) -> str:
    """Return a text of the catalog or of the search as a client reads it that asked at an address."""
    return text if path.startswith(_OF_TOOLS) else _say(text)
