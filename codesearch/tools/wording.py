"""What tools say to do, in the words of another door: its own phrases in the place of tools and their parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping


def word_by(phrases: Mapping[str, str]) -> Callable[[str], str]:
    """Return what puts into a text, for each phrase of a tool that it has, what another door says."""
    pattern = re.compile("|".join(map(re.escape, phrases)))

    def say(text: str) -> str:
        return pattern.sub(lambda found: phrases[found.group()], text)

    return say
