"""Finds code between delimiters: `<% %>` of ERB, EJS and JSP, `<?php ?>` and `@php` of Blade."""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.chunking.embedded.parts import CodePart

_TAG = re.compile(r"<%(--|[!=@#%_-]?)")
_PHP = re.compile(r"\{\{--|<\?(?:php\b|=)|@php\b(?!\s*\()")
_PHP_END = re.compile(r"\?>|@endphp\b")


def find_tagged(text: str, language: str) -> Iterator[CodePart]:
    """Yield the code of `<% %>` tags in order; directives, comments and values that are only printed are left out."""
    position = 0
    while (found := _TAG.search(text, position)) is not None:
        mark = found[1]
        end = text.find("--%>" if mark == "--" else "%>", found.end())
        if end < 0:
            return
        position = end + 2
        if mark in ("", "-", "_"):
            yield CodePart(language, found.end(), max(found.end(), end - (text[end - 1] in "-_")), after=";")
        elif mark == "!":
            # JSP: members of the page's class.
            yield CodePart(language, found.end(), end, found.start(), end + 2)


def find_php(text: str) -> Iterator[CodePart]:
    """Yield the PHP of a Blade template, in order."""
    position = 0
    while (found := _PHP.search(text, position)) is not None:
        if found[0] == "{{--":
            end = text.find("--}}", found.end())
            if end < 0:
                return
            position = end
            continue
        closing = _PHP_END.search(text, found.end())
        end = closing.start() if closing is not None else len(text)
        position = closing.end() if closing is not None else len(text)
        if found[0] != "<?=":
            yield CodePart("php", found.end(), end, found.start(), position, before="<?php ", after=" ?>")
