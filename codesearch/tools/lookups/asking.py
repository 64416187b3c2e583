"""Asks indexes where they are placed: all services at once. What one does not answer is done here."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from codesearch.core.errors import PeerError, SearchTooLongError
from codesearch.core.types import DataSource
from codesearch.retrieval.scatter.encoding import Message
from codesearch.retrieval.scatter.rounds import Peers
from codesearch.tools.lookups.files import FIND_FILES, Paths
from codesearch.tools.lookups.lookup import LOOK, Lookup, Part, read_value, write_value
from codesearch.tools.tool import ToolContext

logger = logging.getLogger(__name__)
Asked = TypeVar("Asked")
Told = TypeVar("Told")


def look_in(context: ToolContext, source: DataSource, lookup: Lookup[Asked, Told], asked: Asked) -> Told:
    """Return what the index of a data source tells. Raises what opening it raises, and what `Turn.check` raises."""
    (part,) = look_in_all(context, [source], lookup, asked)
    return part.told


def look_in_all(
    context: ToolContext, sources: Sequence[DataSource], lookup: Lookup[Asked, Told], asked: Asked
) -> list[Part[Told]]:
    """Return what the indexes of data sources tell, a part for each service. To be called outside of a turn."""
    positions = {source.id: position for position, source in enumerate(sources)}
    context.work.searched.update(positions)
    peers = context.peers
    placed = {"": list(positions)} if peers is None else peers.place(list(positions))
    here = placed.pop("" if peers is None else peers.own_url, [])
    parts = []
    if peers is None or not placed:
        return [_look_here(context, sources, here, lookup, asked)] if here else []
    with ThreadPoolExecutor(len(placed)) as beside:
        running = {
            peer: beside.submit(_ask, context, peers, peer, [sources[positions[one]] for one in ids], lookup, asked)
            for peer, ids in placed.items()
        }
        if here:
            parts.append(_look_here(context, sources, here, lookup, asked))
        for peer, future in running.items():
            of_peer = [positions[source_id] for source_id in placed[peer]]
            told = _collect(peer, future, lookup)
            parts.append(
                _look_here(context, sources, placed[peer], lookup, asked) if told is None else Part(of_peer, told)
            )
    return parts


def find_files_in(context: ToolContext, sources: Sequence[DataSource], paths: Sequence[str]) -> tuple[str, ...]:
    """Return those of the paths that are a file of one of the data sources, ascending."""
    if not paths:
        return ()
    parts = look_in_all(context, sources, FIND_FILES, Paths(tuple(paths)))
    return tuple(sorted({path for part in parts for path in part.told.paths}))


def _look_here(
    context: ToolContext, sources: Sequence[DataSource], ids: Sequence[str], lookup: Lookup[Asked, Told], asked: Asked
) -> Part[Told]:
    positions = [position for position, source in enumerate(sources) if source.id in ids]
    # May wait for an index that is fetched or made again, which others need not wait for.
    scope = {sources[position].id: context.open_index(sources[position]) for position in positions}
    with context.take_turn() as turn:
        return Part(positions, lookup.look(scope, asked, turn.check))


def _ask(
    context: ToolContext,
    peers: Peers,
    peer: str,
    sources: Sequence[DataSource],
    lookup: Lookup[Asked, Told],
    asked: Asked,
) -> Message:
    most = context.work.max_seconds
    said: dict[str, Any] = {
        "lookup": lookup.name,
        "asked": write_value(asked),
        "sources": [[source.id, source.run_id] for source in sources],
        "seconds": most,
    }
    return peers.ask(peer, LOOK, Message({}, said), context.work.key, most or 0.0 if lookup.takes_time else 0.0)


def _collect(peer: str, future: Future[Message], lookup: Lookup[Asked, Told]) -> Told | None:
    """Return what a service told, None where that is to be found here. Raises SearchTooLongError where it said so."""
    try:
        said = future.result().said
        if "too_long" in said:
            raise SearchTooLongError(str(said["too_long"]))
        return read_value(said["told"], lookup.told)
    except PeerError:
        return None
    except (KeyError, ValueError) as error:
        logger.warning("%s answered what cannot be read, its sources are searched here: %r", peer, error)
        return None
