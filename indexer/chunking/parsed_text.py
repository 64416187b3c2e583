"""ParsedText: a text as a parser and the nodes of its tree read it."""

from __future__ import annotations

# What a node is handed of its text at first: most are names.
_PIECE_BYTES = 64


class ParsedText:
    """Reads a text for a parser, all of it at once and without a copy, and after `end_parsing` for Node.text.

    A tree that is parsed from bytes could not be asked to stop.
    """

    def __init__(self, source: bytes) -> None:
        self._source = source
        self._rest: memoryview | None = None
        self._is_parsing = True
        self._next = self._size = 0

    def __call__(self, offset: int, _point: object) -> memoryview | bytes:
        """Return what follows an offset: all of it to a parser, a piece to a node, which asks until it has enough."""
        if self._is_parsing:
            self._release()
            if offset >= len(self._source):
                return b""
            self._rest = memoryview(self._source)[offset:]
            return self._rest
        is_next = offset == self._next
        self._size = max(_PIECE_BYTES, 2 * self._size) if is_next else _PIECE_BYTES
        self._next = offset + self._size
        return self._source[offset : self._next]

    def end_parsing(self) -> None:
        """Hand out pieces from now on."""
        self._release()
        self._is_parsing = False

    def _release(self) -> None:
        # The parser keeps what it was handed for ever (findings/tree_sitter_read_callback_leaks.sh): not with the text.
        if self._rest is not None:
            self._rest.release()
            self._rest = None
