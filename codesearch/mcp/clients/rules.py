"""The rules that make agents use the tools, as a marked part of a file in which others write as well. Pure."""

from __future__ import annotations

import re

RULES = """\
## Searching this code

The MCP server `codesearch` has this code indexed by symbols. Use its tools before grep, find and reading whole files:

- where something is done, or how: `semantic_search` with a question in words
- an exact name, message or key: `grep_search`
- what is in a long file: `outline`, then `read_file` for the lines
- what calls or refers to a symbol, before it is changed: `get_artifact_relationships`

Read files themselves where an answer says that they have changed since they were indexed, and before they are edited.
"""
_BEGIN = "<!-- codesearch: begin (written by `codesearch mcp install`) -->"
_END = "<!-- codesearch: end -->"
_BLOCK = re.compile(r"\n*<!-- codesearch: begin [^\n]*-->.*?<!-- codesearch: end -->\n*", re.DOTALL)


def put_rules(text: str, head: str = "") -> str:
    """Return the text with the rules in it, in the place of older ones, else at the end; an empty one gets the head."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    block = f"{_BEGIN}\n{RULES}{_END}\n".replace("\n", line_end)
    if not text.strip():
        return head + block
    plain = _without_carriage_returns(text)
    found = _BLOCK.search(plain)
    if found is None:
        return f"{text.rstrip()}{line_end}{line_end}{block}"
    before, after = plain[: found.start()], plain[found.end() :]
    parts = [
        part for part in (before.rstrip("\n"), block.replace("\r\n", "\n").rstrip("\n"), after.strip("\n")) if part
    ]
    return ("\n\n".join(parts) + "\n").replace("\n", line_end)


def drop_rules(text: str, head: str = "") -> str:
    """Return the text without the rules; empty where nothing but the head is left."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    plain = _without_carriage_returns(text)
    found = _BLOCK.search(plain)
    if found is None:
        return text
    before, after = plain[: found.start()], plain[found.end() :]
    if not after and before.strip() == head.strip():
        return ""
    joined = f"{before}\n\n{after}" if before and after else f"{before}\n" if before else after
    return joined.replace("\n", line_end)


def _without_carriage_returns(text: str) -> str:
    return text.replace("\r\n", "\n")
