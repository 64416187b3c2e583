"""Rounds: one search over several services. All are asked at once; what one does not answer is done here."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check
from codesearch.core.errors import CodesearchError, PeerError
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.predicates import Predicate
from codesearch.retrieval.candidates import Candidates
from codesearch.retrieval.query.terms import QueryTerms
from codesearch.retrieval.query.understanding import count_rows, understand_counted
from codesearch.retrieval.scatter.desk import COUNT, GATHER, MEASURE
from codesearch.retrieval.scatter.encoding import (
    Message,
    read_figures,
    read_message,
    write_message,
    write_plan,
    write_predicate,
    write_terms,
)
from codesearch.retrieval.scatter.gathering import Asked, Figures, Gathered, Plan, gather, measure_source
from codesearch.retrieval.scatter.placement import place_sources
from codesearch.retrieval.scatter.settling import make_plan, settle
from codesearch.retrieval.scatter.shipping import read_gathered
from codesearch.retrieval.translation.translation import Lexicons
from codesearch.retrieval.turns import Turns, Work

logger = logging.getLogger(__name__)

# One that did not answer is left alone for so long.
PAUSE_SECONDS: Final = 5.0
T = TypeVar("T")


class Post(Protocol):
    """What asks other services."""

    def __call__(self, peer: str, step: str, content: bytes, key: str, work_seconds: float = 0.0) -> bytes:
        """Return a peer's answer; `key` is whose work it is. Raises PeerError when there is none in time.

        It is waited for so much longer as the peer may work.
        """


@dataclass(frozen=True, slots=True)
class ScopedSource:
    """A data source that is searched: its published run, and what its rows must satisfy."""

    source_id: str
    run_id: int
    predicate: Predicate


class Peers:
    """The services that sources are placed on, this one among them, and which of them did not answer of late."""

    def __init__(self, urls: Sequence[str], own_url: str, identity: str, post: Post) -> None:
        """Take their addresses; `identity` is what they have to have in common: version and index format."""
        self.own_url = own_url
        self.identity = identity
        self._urls = tuple(urls)
        self._post = post
        self._paused_until: dict[str, float] = {}

    def place(self, source_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return for each peer the data sources that it is asked for; those of one that is paused are this one's."""
        placed: dict[str, list[str]] = {}
        now = time.monotonic()
        for url, ids in place_sources(source_ids, self._urls).items():
            is_paused = self._paused_until.get(url, 0.0) > now
            placed.setdefault(self.own_url if is_paused else url, []).extend(ids)
        return placed

    def ask(self, peer: str, step: str, message: Message, key: str, work_seconds: float = 0.0) -> Message:
        """Return what a peer answers. Raises PeerError, and leaves the peer alone for a while."""
        said = {**message.said, "identity": self.identity}
        try:
            content = write_message(Message(message.arrays, said))
            return read_message(self._post(peer, step, content, key, work_seconds))
        except CodesearchError as error:
            self._paused_until[peer] = time.monotonic() + PAUSE_SECONDS
            logger.warning("%s did not answer, its sources are searched here: %s", peer, error.message)
            raise PeerError(error.message) from error


class Rounds:
    """The rounds of one search. `open_index` returns the index of a source for what is done here.

    No turn is held while others are waited for: they may wait for one of this service.
    """

    def __init__(
        self,
        peers: Peers,
        scope: Sequence[ScopedSource],
        open_index: Callable[[str, int], SourceIndex],
        turns: Turns,
        work: Work,
    ) -> None:
        self._peers = peers
        self._scope = {item.source_id: item for item in scope}
        self._open_index = open_index
        self._turns = turns
        self._work = work
        self._placed = peers.place(list(self._scope))

    @property
    def is_needed(self) -> bool:
        """Whether anybody else is to be asked."""
        return set(self._placed) != {self._peers.own_url}

    def understand(self, text: str, lexicons: Lexicons) -> QueryTerms:
        """Take the query apart, as `understand_query` does for all data sources."""
        known: dict[str, int] = {}
        while True:
            missing: dict[str, None] = {}

            def count(tokens: Sequence[str]) -> NDArray[np.int64]:
                missing.update((token, None) for token in tokens if token not in known)  # noqa: B023
                return np.array([known.get(token, 0) for token in tokens], np.int64)

            with self._turns.take(self._work):
                terms = understand_counted(text, count, lexicons)
            if not missing:
                return terms
            tokens = list(missing)
            known.update(zip(tokens, self._count(tokens).tolist(), strict=True))

    def _count(self, tokens: Sequence[str]) -> NDArray[np.int64]:
        counts = self._ask(
            COUNT,
            lambda _: Message({}, {"tokens": list(tokens)}),
            lambda message: list(message.arrays["counts"]),
            lambda asked, _check, _ids: [count_rows(tokens, [source]) for source, _ in asked],
        )
        total: NDArray[np.int64] = np.sum(list(counts.values()), axis=0)
        return total

    def measure(self, terms: QueryTerms, vector: NDArray[np.float32]) -> list[Figures]:
        """Return what is counted of each data source, in the order of the scope."""
        figures = self._ask(
            MEASURE,
            lambda _: Message({"vector": vector}, {"terms": write_terms(terms)}),
            read_figures,
            lambda asked, check, _: [measure_source(source, terms, vector, check) for source in asked],
        )
        return [figures[source_id] for source_id in self._scope]

    def find_candidates(
        self, terms: QueryTerms, vector: NDArray[np.float32], figures: Sequence[Figures], wanted: int
    ) -> list[Candidates]:
        """Return what `find_candidates` does, of all data sources."""
        plan = make_plan(figures, wanted)
        cuts = dict(zip(self._scope, plan.cuts, strict=True))

        def say(ids: Sequence[str]) -> Message:
            told = write_plan(plan, [cuts[source_id] for source_id in ids])
            return Message({**told.arrays, "vector": vector}, {**told.said, "terms": write_terms(terms)})

        def work_here(asked: Sequence[Asked], check: Check, ids: Sequence[str]) -> list[Gathered]:
            own = Plan(plan.rarity, plan.lexical, plan.nearest, plan.first, [cuts[source_id] for source_id in ids])
            return gather(asked, terms, vector, own, check)

        gathered = self._ask(GATHER, say, lambda message: read_gathered(message, terms, plan.rarity), work_here)
        with self._turns.take(self._work):
            return settle([gathered[source_id] for source_id in self._scope], terms, plan)

    def _ask(
        self,
        step: str,
        say: Callable[[Sequence[str]], Message],
        read: Callable[[Message], list[T]],
        work_here: Callable[[Sequence[Asked], Check, Sequence[str]], list[T]],
    ) -> dict[str, T]:
        """Return for each data source what its service answers; what one does not answer is done here, from then on."""
        others = {peer: ids for peer, ids in self._placed.items() if peer != self._peers.own_url}
        found: dict[str, T] = {}
        if not others:
            return self._do_here(self._placed.get(self._peers.own_url, []), work_here)
        with ThreadPoolExecutor(len(others)) as beside:
            running = {
                peer: beside.submit(self._peers.ask, peer, step, self._address(say(ids), ids), self._work.key)
                for peer, ids in others.items()
            }
            found |= self._do_here(self._placed.get(self._peers.own_url, []), work_here)
            for peer, future in running.items():
                found |= self._collect(peer, future, read, work_here)
        return found

    def _address(self, message: Message, ids: Sequence[str]) -> Message:
        asked = [self._scope[source_id] for source_id in ids]
        # Most have the same.
        numbers: dict[Predicate, int] = {}
        for item in asked:
            numbers.setdefault(item.predicate, len(numbers))
        said: Mapping[str, Any] = {
            "sources": [[item.source_id, item.run_id, numbers[item.predicate]] for item in asked],
            "predicates": list(map(write_predicate, numbers)),
        }
        return Message(message.arrays, {**message.said, **said})

    def _collect(
        self,
        peer: str,
        future: Future[Message],
        read: Callable[[Message], list[T]],
        work_here: Callable[[Sequence[Asked], Check, Sequence[str]], list[T]],
    ) -> dict[str, T]:
        ids = self._placed[peer]
        try:
            return dict(zip(ids, read(future.result()), strict=True))
        except (PeerError, KeyError, ValueError, TypeError, IndexError) as error:
            if not isinstance(error, PeerError):
                logger.warning("%s answered what cannot be read, its sources are searched here: %r", peer, error)
        del self._placed[peer]
        self._placed.setdefault(self._peers.own_url, []).extend(ids)
        return self._do_here(ids, work_here)

    def _do_here(
        self, ids: Sequence[str], work_here: Callable[[Sequence[Asked], Check, Sequence[str]], list[T]]
    ) -> dict[str, T]:
        if not ids:
            return {}
        asked = [
            (self._open_index(source_id, self._scope[source_id].run_id), self._scope[source_id].predicate)
            for source_id in ids
        ]
        with self._turns.take(self._work) as turn:
            return dict(zip(ids, work_here(asked, turn.check, ids), strict=True))
