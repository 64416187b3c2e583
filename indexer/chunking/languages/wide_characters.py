"""Hides characters beyond a table of 256 entries: the `prepare` of grammars that ask C's `isalpha` about any."""

from __future__ import annotations

import re

# In UTF-8 characters above U+00FF begin with one of these bytes.
_WIDE = re.compile(rb"[\xc4-\xff][\x80-\xbf]*")


def hide_wide_characters(source: bytes) -> bytes:
    """Return the text with a letter for every byte of the characters above U+00FF."""
    if source.isascii():
        return source
    return _WIDE.sub(lambda found: b"x" * len(found.group()), source)
