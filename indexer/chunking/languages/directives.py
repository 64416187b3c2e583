"""Blanks preprocessor lines that a grammar stumbles over: the `repair` of languages with #if but no node for it."""

from __future__ import annotations

import re
from collections.abc import Callable


def blank_lines(pattern: re.Pattern[bytes]) -> Callable[[bytes], bytes | None]:
    """Make a repair that turns what the pattern finds into blanks; None where it finds nothing."""

    def repair(source: bytes) -> bytes | None:
        repaired = pattern.sub(lambda found: b" " * len(found.group()), source)
        return repaired if repaired != source else None

    return repair


HASKELL_DIRECTIVES = re.compile(
    rb"^#[ \t]*(?:if|ifdef|ifndef|elif|else|endif|define|undef|include|error|warning)\b[^\r\n]*", re.MULTILINE
)
SWIFT_DIRECTIVES = re.compile(rb"^[ \t]*#(?:if|elseif|else|endif|error|warning)\b[^\r\n]*", re.MULTILINE)
