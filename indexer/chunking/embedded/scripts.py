"""Finds the scripts of components and pages: `<script>` elements, and the code between Astro's fences."""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.chunking.embedded.parts import CodePart

_SCRIPT = re.compile(r"<!--|<script(?=[\s>])", re.IGNORECASE)
# Attributes may hold `>` in quotes.
_TAG_END = re.compile(r"(?:[^>\"']|\"[^\"]*\"|'[^']*')*>")
_SCRIPT_END = re.compile(r"</script\s*>?", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(?:^|\s)(lang|type)\s*=\s*[\"']?([\w/+.-]{1,40})", re.IGNORECASE)
_BY_WRITTEN = {
    "js": "javascript",
    "javascript": "javascript",
    "jsx": "javascript",
    "babel": "javascript",
    "module": "javascript",
    "ecmascript": "javascript",
    "x-javascript": "javascript",
    "ts": "typescript",
    "typescript": "typescript",
    "tsx": "tsx",
}
_FENCE = re.compile(r"\s*---[ \t\r]*\n")
_FENCE_END = re.compile(r"^[ \t]*---", re.MULTILINE)


def find_scripts(text: str, default: str = "javascript", start: int = 0) -> Iterator[CodePart]:
    """Yield the `<script>` elements from `start` on, in order; data and templates in such elements are no code.

    A script that never ends reaches to the end of the file.
    """
    position, quotes_close = start, True
    while (found := _SCRIPT.search(text, position)) is not None:
        if found[0] == "<!--":
            end = text.find("-->", found.end())
            if end < 0:
                return
            position = end
            continue
        tag = _TAG_END.match(text, found.end()) if quotes_close else None
        quotes_close = tag is not None
        opened = tag.end() if tag is not None else text.find(">", found.end()) + 1
        if not opened:
            return
        attributes = text[found.end() : opened - 1]
        position = opened
        # `<script src="..." />` holds nothing.
        if attributes.endswith("/"):
            continue
        closing = _SCRIPT_END.search(text, opened)
        end = closing.start() if closing is not None else len(text)
        position = closing.end() if closing is not None else len(text)
        language = _language_of(attributes, default)
        if language is not None and not text[opened:end].isspace() and end > opened:
            yield CodePart(language, opened, end, found.start(), position, after=";")


def find_fenced(text: str) -> CodePart | None:
    """Return the TypeScript between the `---` at the head of an Astro component; None where there is none."""
    opening = _FENCE.match(text)
    if opening is None:
        return None
    closing = _FENCE_END.search(text, opening.end())
    end = closing.start() if closing is not None else len(text)
    after = closing.end() if closing is not None else len(text)
    return CodePart("typescript", opening.end(), end, opening.start(), after, after=";")


def _language_of(attributes: str, default: str) -> str | None:
    written = {name.lower(): value.lower().rpartition("/")[2] for name, value in _ATTRIBUTE.findall(attributes)}
    name = written.get("lang") or written.get("type")
    return default if name is None else _BY_WRITTEN.get(name, default if name == "script" else None)
