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
_BLOCK = re.compile(r"<!-- codesearch: begin [^\n]*-->.*?<!-- codesearch: end -->(?:\r?\n)?", re.DOTALL)
_BLANK_LINE_END = re.compile(r"(?:(?<=\n)|\A)\r?\n\Z")


def has_rules(text: str) -> bool:
    """Say whether rules are in a text, of this version or an older one."""
    return _BLOCK.search(text) is not None


def put_rules(text: str, head: str = "") -> str:
    """Return the text with the rules in it, in the place of older ones, else at the end; an empty one gets the head."""
    line_end = "\r\n" if "\r\n" in text else "\n"
    block = f"{_BEGIN}\n{RULES}{_END}\n".replace("\n", line_end)
    if not text.strip():
        return head + block
    found = _BLOCK.search(text)
    if found is not None:
        return text[: found.start()] + block + text[found.end() :]
    return f"{text}{'' if text.endswith(chr(10)) else line_end}{line_end}{block}"


def drop_rules(text: str, head: str = "") -> str:
    """Return the text without the rules and the blank line before them; empty where nothing but the head is left."""
    found = _BLOCK.search(text)
    if found is None:
        return text
    before, after = text[: found.start()], text[found.end() :]
    if not after.strip() and before.strip() == head.strip():
        return ""
    return _BLANK_LINE_END.sub("", before) + after
