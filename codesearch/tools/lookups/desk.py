"""LookupDesk: answers what the tools of another service ask of data sources that are placed here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from codesearch.core.errors import InvalidRequestError, SearchTooLongError
from codesearch.core.index.source_index import IndexSource
from codesearch.retrieval.scatter.desk import read_from_peer
from codesearch.retrieval.scatter.encoding import UNREADABLE, Message, write_message
from codesearch.retrieval.turns import Turns, Work
from codesearch.tools.lookups import artifacts, beginnings, files, lines, relations, summaries, tree, values
from codesearch.tools.lookups.lookup import Lookup, read_value, write_value

_ALL: Final[tuple[Lookup[Any, Any], ...]] = (
    artifacts.IDENTIFY,
    artifacts.LIST_DEFINITIONS,
    artifacts.RESOLVE,
    beginnings.FIND_UNKNOWN_BEGINNINGS,
    files.FIND_FILES,
    files.OUTLINE,
    files.READ_FILE,
    lines.FIND_LINES,
    relations.FIND_NAMED,
    relations.RELATE,
    summaries.SUMMARIZE,
    tree.LIST_TREE,
    values.LIST_VALUES,
)
LOOKUPS: Final[Mapping[str, Lookup[Any, Any]]] = {lookup.name: lookup for lookup in _ALL}


class LookupDesk:
    """Works on search indexes for services that have the same `identity`: version and index format."""

    def __init__(self, indexes: IndexSource, turns: Turns, identity: str) -> None:
        self._indexes = indexes
        self._turns = turns
        self._identity = identity

    def answer(self, content: bytes, work: Work) -> bytes:
        """Return the answer to a lookup. Who may read the data sources was decided by who asks.

        Raises InvalidRequestError for what is no message, also for that of another version, and what opening an index
        and waiting for a turn raise.
        """
        said = read_from_peer(content, self._identity).said
        try:
            lookup = LOOKUPS[said["lookup"]]
            asked = read_value(said["asked"], lookup.asked)
            named = [(str(source_id), int(run_id)) for source_id, run_id in said["sources"]]
            seconds = None if said["seconds"] is None else float(said["seconds"])
        except (KeyError, ValueError, TypeError) as error:
            raise InvalidRequestError(UNREADABLE) from error
        if seconds is not None:
            work.max_seconds = seconds if work.max_seconds is None else min(work.max_seconds, seconds)
        # May wait for an index that is fetched.
        scope = {source_id: self._indexes.get(source_id, run_id) for source_id, run_id in named}
        work.searched.update(scope)
        try:
            with self._turns.take(work) as turn:
                told = lookup.look(scope, asked, turn.check)
        except SearchTooLongError as error:
            # It would take as long where it was asked.
            return write_message(Message({}, {"too_long": error.message}))
        return write_message(Message({}, {"told": write_value(told)}))
