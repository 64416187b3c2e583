"""What `codesearch doctor` found of one thing that it looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `advice` says what to do, empty when nothing is."""

    subject: str
    is_good: bool
    found: str
    advice: str = ""
