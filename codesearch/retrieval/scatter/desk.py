"""PeerDesk: answers what another service asks for data sources that are placed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from codesearch.core.checks import Check
from codesearch.core.errors import InvalidRequestError
from codesearch.core.index.source_index import IndexSource
from codesearch.retrieval.query.understanding import count_rows
from codesearch.retrieval.scatter.encoding import (
    UNREADABLE,
    Message,
    read_message,
    read_plan,
    read_predicate,
    read_terms,
    write_figures,
    write_message,
)
from codesearch.retrieval.scatter.gathering import Asked, gather, measure_source
from codesearch.retrieval.scatter.shipping import write_gathered
from codesearch.retrieval.turns import Turns, Work

# What may be asked: in how many rows words are, what ranking counts, and what may be a candidate.
COUNT: Final = "count"
MEASURE: Final = "measure"
GATHER: Final = "gather"
STEPS: Final = (COUNT, MEASURE, GATHER)


class PeerDesk:
    """Works on search indexes for services that have the same `identity`: version and index format."""

    def __init__(self, indexes: IndexSource, turns: Turns, identity: str) -> None:
        self._indexes = indexes
        self._turns = turns
        self._identity = identity

    def answer(self, step: str, content: bytes, work: Work) -> bytes:
        """Return the answer to one of STEPS. Who may read the data sources was decided by who asks.

        Raises InvalidRequestError for what is no message, also for that of another version, and what
        retrieval raises.
        """
        message = read_from_peer(content, self._identity)
        try:
            distinct = [read_predicate(written) for written in message.said["predicates"]]
            named = [(str(source_id), int(run_id)) for source_id, run_id, _ in message.said["sources"]]
            predicates = [distinct[number] for _, _, number in message.said["sources"]]
        except (KeyError, ValueError, TypeError, IndexError) as error:
            raise InvalidRequestError(UNREADABLE) from error
        # May wait for an index that is fetched.
        indexes = [self._indexes.get(source_id, run_id) for source_id, run_id in named]
        work.searched.update(source_id for source_id, _ in named)
        with self._turns.take(work) as turn:
            try:
                return write_message(_work_on(step, message, list(zip(indexes, predicates, strict=True)), turn.check))
            except (KeyError, ValueError, TypeError, IndexError) as error:
                raise InvalidRequestError(UNREADABLE) from error


def read_from_peer(content: bytes, identity: str) -> Message:
    """Return a message of a service of this identity. Raises InvalidRequestError for others, and for what is none."""
    message = read_message(content)
    if message.said.get("identity") != identity:
        raise InvalidRequestError("The service that asks is of another version, or has another index format.")
    return message


def _work_on(step: str, message: Message, scope: Sequence[Asked], check: Check) -> Message:
    said: Mapping[str, Any] = message.said
    if step == COUNT:
        return Message({"counts": np.array([count_rows(said["tokens"], [source]) for source, _ in scope])}, {})
    terms, vector = read_terms(said["terms"]), message.arrays["vector"].astype(np.float32)
    if step == MEASURE:
        return write_figures([measure_source(asked, terms, vector, check) for asked in scope])
    return write_gathered(gather(scope, terms, vector, read_plan(message), check))
