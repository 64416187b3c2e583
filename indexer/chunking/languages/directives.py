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
