"""Matchers: literals and regular expressions of RE2 over UTF-8 bytes, in time linear in the bytes. The import of re2.

While one looks for a match other threads go on; nothing is copied.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import re2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# What the automaton of one expression may take; an expression that needs more to be compiled is refused.
_MAX_BYTES: Final = 4 << 20


class MatcherError(ValueError):
    """The expression cannot be compiled. The text is RE2's own."""


class Matcher:
    """One compiled expression. `size` is that of its program: what a byte may cost at most, in steps."""

    def __init__(self, expression: str, *, ignore_case: bool = False, in_lines: bool = False, group: int = 0) -> None:
        """Compile an expression of RE2's syntax, with `^` and `$` at lines; `in_lines`: no match has a line end.

        A match is that of the group. Raises MatcherError.
        """
        options = re2.Options()
        options.case_sensitive = not ignore_case
        options.never_nl = in_lines
        options.never_capture = not group
        options.max_mem = _MAX_BYTES
        options.log_errors = False
        try:
            self._regexp: Any = re2.compile(f"(?m){expression}".encode(), options)
        except re2.error as error:
            detail = error.args[0] if error.args else ""
            message = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
            raise MatcherError(message.replace("(?m)", "", 1)) from error
        finally:
            # The library keeps the last 128 with their automata.
            re2.purge()
        self._group = group
        self.size = int(self._regexp.programsize)

    def find(self, text: NDArray[np.uint8] | bytes, start: int, end: int) -> tuple[int, int] | None:
        """Return where the first match in a part of a text begins and ends; `^`, `$`, `\\b` see what is around it."""
        match = self._regexp.search(text, start, end)
        return None if match is None else match.span(self._group)


def quote(text: str) -> str:
    """Return the expression that stands for a text as it is."""
    return str(re2.escape(text))
