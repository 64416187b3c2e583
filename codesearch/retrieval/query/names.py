"""Names of code in a query: what looks like one, qualified as it is written. Pure."""

from __future__ import annotations

import re

_NAME = re.compile(r"[A-Z]\w*(?::(?!:)[a-z_]\w*)+|[^\W\d]\w*(?:(?:\.|::|->|#|\\|/)[^\W\d]\w*)*")
_PUNCTUATED_NAME = re.compile(r"[^\W\d][\w!?:-]*")
_PUNCTUATION = re.compile(r"[!?:-]")
_SEPARATOR = re.compile(r"\.|::?|->|#|\\|/")
_CODE_LIKE = re.compile(r"[a-z\d][A-Z]|_|\.|::|->|#|[A-Z]{2}[a-z]|\w:\w")


def find_names(text: str, limit: int) -> list[str]:
    """Return at most `limit` distinct names, as they are written but for `.` between their parts, in order.

    A text that is one word is a name, whatever it looks like; so is one in Lisp's, Ruby's or Objective-C's spelling
    (`busiest-paths`, `save!`, `send:to:`), beside the names in it.
    """
    is_word = len(text.split(maxsplit=1)) == 1
    found: dict[str, None] = {}
    for match in _NAME.finditer(text):
        if is_word or _CODE_LIKE.search(match.group()):
            found[_SEPARATOR.sub(".", match.group())] = None
            if len(found) == limit:
                break
    whole = text.strip()
    if _PUNCTUATED_NAME.fullmatch(whole) and "::" not in whole and _PUNCTUATION.search(whole):
        found[whole] = None
    return list(found)
