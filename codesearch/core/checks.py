"""What long work calls between its pieces, so that somebody else can end it or let others go first. Pure."""

from __future__ import annotations

from collections.abc import Callable

# Called between pieces of work of a few milliseconds; raises to end the work there.
Check = Callable[[], None]


def do_not_check() -> None:
    """Let the work go on."""
