"""Quotations: a query that is one text in double quotes is looked for as it is written. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# One sign stands everywhere; a longer text is no quotation.
_LEAST_CHARACTERS, _MOST_CHARACTERS = 2, 4_000
_WHOLE = re.compile(r"\s*(?:\"([^\"]+)\"|“([^“”]+)”)\s*")
# What a text is worth that holds a quotation in other case.
OTHER_CASE = 0.95


@dataclass(frozen=True, slots=True)
class Quotation:
    """The text between the quotes; as it is looked for in UTF-8, and in lower case."""

    text: str
    exact: bytes
    lower: str

    def weigh(self, content: bytes) -> float:
        """Say how well a content in UTF-8 holds the quotation: 1 as it is written, OTHER_CASE but for case, else 0."""
        content = content.replace(b"\r\n", b"\n")
        if self.exact in content:
            return 1.0
        return OTHER_CASE if self.lower in content.decode("utf-8", "replace").lower() else 0.0


def find_quotation(text: str) -> Quotation | None:
    """Return what a query has in double quotes when it is nothing else."""
    match = _WHOLE.fullmatch(text)
    quoted = (match[1] or match[2]) if match is not None else ""
    if len(quoted.strip()) < _LEAST_CHARACTERS or len(quoted) > _MOST_CHARACTERS:
        return None
    text = quoted.replace("\r\n", "\n")
    return Quotation(quoted, text.encode("utf-8", "replace"), text.lower())
