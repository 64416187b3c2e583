"""Collects the definitions of one schema file, with the comments above each."""

from __future__ import annotations

from collections.abc import Sequence

from indexer.chunking.definitions import Definition
from indexer.chunking.schemas.entries import Entry

_MAX_NAME_LENGTH = 200
_MAX_SIGNATURE_LENGTH = 300
_COMMENTS = {"yaml": ("#",), "json": ("//", "/*", "*")}


class Draft:
    """The definitions found so far in a file of YAML or JSON; `stem` names what has no title."""

    def __init__(self, syntax: str, lines: Sequence[str], stem: str) -> None:
        self.stem = stem
        self.documents: list[Definition] = []
        self._comment = _COMMENTS[syntax]
        self._lines = lines
        self._found: list[Definition] = []

    def add_document(self, document: Entry, symbol: str, kind: str, signature: str, last_row: int) -> Definition:
        """Add a whole document, with what stands above it; it holds all that is added with it as the owner."""
        made = self.add(document, symbol or self.stem, kind, signature, None, container=True)
        made.start_line, made.end_line = document.floor + 2, last_row + 1
        self.documents.append(made)
        return made

    def add(
        self,
        entry: Entry,
        symbol: str,
        kind: str,
        signature: str,
        owner: Definition | None,
        *,
        container: bool = False,
        minor: bool = False,
    ) -> Definition:
        """Add what an entry defines, under its qualified name; a minor one stays with its owner while it is short."""
        symbol = symbol[:_MAX_NAME_LENGTH]
        made = Definition(
            symbol=symbol,
            name=symbol.rpartition(".")[2],
            kind=kind,
            signature=signature[:_MAX_SIGNATURE_LENGTH],
            start_line=self._first_row(entry) + 1,
            end_line=entry.last_row + 1,
            node=entry.node,
            body=entry.value,
            container=container,
            transparent=False,
            minor=minor,
            owner=owner,
            depth=owner.depth + 1 if owner is not None else 0,
        )
        self._found.append(made)
        return made

    def finish(self) -> list[Definition]:
        """Return what was found, ordered by (start line, widest first), after giving each its members."""
        self._found.sort(key=lambda one: (one.start_line, -one.end_line, one.depth, one.node.start_byte))
        for one in self._found:
            if one.owner is not None:
                one.owner.members.append(one)
        return self._found

    def _first_row(self, entry: Entry) -> int:
        """Return the first row of an entry with the comments directly above it."""
        row = entry.row
        while row - 1 > entry.floor and self._lines[row - 1].lstrip().startswith(self._comment):
            row -= 1
        return row
