"""Sources on several services are ranked as those of one, to the last bit, whatever their segments and dead files."""

from __future__ import annotations

import json
import random
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from codesearch.core.errors import InvalidRequestError, PeerError
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.predicates import EVERYTHING, And, Comparison, InTest, Not, Operator, Or, Predicate
from codesearch.retrieval import candidates
from codesearch.retrieval.candidates import find_candidates
from codesearch.retrieval.query.understanding import BUNDLED_LEXICONS, understand_query
from codesearch.retrieval.ranking import Ranked, rank
from codesearch.retrieval.scatter import settling
from codesearch.retrieval.scatter.desk import GATHER, MEASURE, PeerDesk
from codesearch.retrieval.scatter.encoding import Message, read_message, read_predicate, write_message, write_predicate
from codesearch.retrieval.scatter.placement import place_sources
from codesearch.retrieval.scatter.rounds import Peers, Rounds, ScopedSource
from codesearch.retrieval.turns import Turns, Work
from tests.unit.retrieval.divided_sources import divide, draw_files, join_segments
from tests.unit.retrieval.index_rows import DIMENSION, random_vectors
from tests.unit.retrieval.test_segments import GO, QUERIES

URLS = ("http://a", "http://b", "http://c")
QUESTIONS = (*QUERIES[::2], *QUERIES[5:9:2], "wie wird eine Anfrage wiederholt")


class Indexes:
    """The indexes of a service, by id."""

    def __init__(self, sources: Mapping[str, SourceIndex]) -> None:
        self._sources = sources
        self.opened: set[str] = set()

    def get(self, source_id: str, run_id: int) -> SourceIndex:
        self.opened.add(source_id)
        return self._sources[source_id]


class Services:
    """Three services with the same sources. Those that are `down` fail at `fails_at`, others of it answer `garbage`."""

    def __init__(self, sources: Mapping[str, SourceIndex]) -> None:
        self.indexes = {url: Indexes(sources) for url in URLS}
        self.desks = {url: PeerDesk(self.indexes[url], Turns(), "same") for url in URLS}
        self.down: dict[str, str] = {}
        self.garbage: bytes | None = None
        self.identity = "same"

    def post(self, peer: str, step: str, content: bytes, key: str, work_seconds: float = 0.0) -> bytes:
        if self.down.get(peer) == step:
            if self.garbage is not None:
                return self.garbage
            raise PeerError("it is down")
        return self.desks[peer].answer(step, content, Work(key))

    def answer(
        self, sources: Mapping[str, SourceIndex], query: str, predicate: Predicate, limit: int, seed: int
    ) -> list[object]:
        peers = Peers(URLS, URLS[0], self.identity, self.post)
        scope = [ScopedSource(source_id, 1, predicate) for source_id in sources]
        rounds = Rounds(peers, scope, self.indexes[URLS[0]].get, Turns(), Work("key"))
        assert rounds.is_needed
        terms = rounds.understand(query, BUNDLED_LEXICONS)
        vector = draw_vector(seed)
        figures = rounds.measure(terms, vector)
        return say(rank(terms, rounds.find_candidates(terms, vector, figures, limit), limit=limit, explain=True))


def draw_vector(seed: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return random_vectors(1, DIMENSION, seed=seed)[0] if seed else np.zeros(DIMENSION, np.float32)


def say(ranked: Sequence[Ranked]) -> list[object]:
    """Return all that is told of records."""
    return [
        (
            item.position,
            [item.index.chunk_of(row) for row in item.rows],
            [item.index.document_id_of(row) for row in item.rows],
            item.index.modified_at(item.row),
            item.score,
            item.explanation,
            [
                (position, index.path_of(int(index.file_of_row[row])), int(index.end_lines[row]))
                for position, index, row in item.twins
            ],
        )
        for item in ranked
    ]


def answer_alone(
    sources: Mapping[str, SourceIndex], query: str, predicate: Predicate, limit: int, seed: int
) -> list[object]:
    terms = understand_query(query, [segment for source in sources.values() for segment in source.segments])
    scope = [(source, predicate) for source in sources.values()]
    return say(rank(terms, find_candidates(scope, terms, draw_vector(seed), limit), limit=limit, explain=True))


def draw_sources(seed: int, count: int = 6, files: int = 25, most_rows: int = 4) -> dict[str, SourceIndex]:
    """Return sources in one to three segments by id, some with the same files, on at least two services."""
    chance = random.Random(seed)
    shared = draw_files(chance, 6)
    sources = {
        f"source-{number}": divide(chance, {**draw_files(chance, files, most_rows), **shared}, 1 + number % 3)[1]
        for number in range(count)
    }
    assert len(place_sources(sources, URLS)) > 1
    return sources


def check_same(sources: Mapping[str, SourceIndex], services: Services, predicate: Predicate, limit: int) -> None:
    for query in QUESTIONS:
        for seed in (3, 0):
            expected = answer_alone(sources, query, predicate, limit, seed)
            assert services.answer(sources, query, predicate, limit, seed) == expected, (query, seed)


@pytest.mark.parametrize(("seed", "predicate", "limit"), [(1, EVERYTHING, 10), (2, GO, 50), (3, Not(GO), 7)])
def test_several_services_answer_as_one(seed: int, predicate: Predicate, limit: int) -> None:
    sources = draw_sources(seed)
    check_same(sources, Services(sources), predicate, limit)


def test_records_of_lent_segments_keep_their_ids() -> None:
    """Of a source whose other segments are its own."""
    chance = random.Random(8)
    sources = {}
    for number in range(4):
        files = draw_files(chance, 24)
        halves = [dict(list(files.items())[place::2]) for place in range(2)]
        own, lent = join_segments(halves, [[], []]).segments
        header = {"dimension": lent.dimension}
        sources[f"source-{number}"] = SourceIndex([own, SearchIndex(dict(lent.arrays), header, borrower=str(number))])
    check_same(sources, Services(sources), EVERYTHING, 10)


def test_more_rows_than_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few vectors are compared, few rows are brought up, and of many that are equal the first count."""
    for module in (candidates, settling):
        monkeypatch.setattr(module, "LEXICAL_ROWS", 5)
        monkeypatch.setattr(module, "NEAREST_ROWS", 5)
    for name in ("codesearch.retrieval.nearest", "codesearch.retrieval.scatter.settling"):
        monkeypatch.setattr(f"{name}.EXACT_ROWS", 60)
        monkeypatch.setattr(f"{name}.KEPT_ROWS", 40)
    sources = draw_sources(4, files=30)
    check_same(sources, Services(sources), EVERYTHING, 7)


def test_who_answers_is_asked_for_its_own_sources_alone() -> None:
    sources = draw_sources(5)
    services = Services(sources)
    services.answer(sources, "how is a request retried", EVERYTHING, 10, 3)
    assert {
        url: sorted(indexes.opened) for url, indexes in services.indexes.items() if indexes.opened
    } == place_sources(sources, URLS)


@pytest.mark.parametrize("step", [MEASURE, GATHER])
@pytest.mark.parametrize("garbage", [None, b"", b"nonsense", write_message(Message({}, {"sources": []}))])
def test_what_a_service_does_not_answer_is_searched_here(
    step: str, garbage: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    sources = draw_sources(6)
    services = Services(sources)
    services.down, services.garbage = dict.fromkeys(URLS, step), garbage
    for query in ("how is a request retried", "Parser.parse"):
        expected = answer_alone(sources, query, EVERYTHING, 10, 3)
        assert services.answer(sources, query, EVERYTHING, 10, 3) == expected
    assert "its sources are searched here" in caplog.text
    assert services.indexes[URLS[0]].opened == set(sources)


def test_a_service_of_another_version_is_not_asked() -> None:
    sources = draw_sources(7)
    services = Services(sources)
    services.identity = "another"
    expected = answer_alone(sources, "retry", EVERYTHING, 10, 3)
    assert services.answer(sources, "retry", EVERYTHING, 10, 3) == expected
    assert services.indexes[URLS[1]].opened == set()


def test_one_that_did_not_answer_is_left_alone_for_a_while() -> None:
    sources = draw_sources(8)
    services = Services(sources)
    services.down = dict.fromkeys(URLS, MEASURE)
    peers = Peers(URLS, URLS[0], "same", services.post)
    with pytest.raises(PeerError):
        peers.ask(URLS[1], MEASURE, Message({}, {}), "key")
    assert URLS[1] not in peers.place(list(sources))
    assert sorted(item for of_peer in peers.place(list(sources)).values() for item in of_peer) == sorted(sources)


@pytest.mark.parametrize(
    "predicate",
    [
        EVERYTHING,
        Or(()),
        InTest(),
        Not(And((GO, Or((InTest(), Comparison("start_line", Operator.WITHIN, (1, 2.5))))))),
        Comparison("path", Operator.EMPTY),
    ],
)
def test_a_predicate_comes_as_it_was_sent(predicate: Predicate) -> None:
    message = read_message(write_message(Message({}, {"predicate": write_predicate(predicate)})))
    assert read_predicate(message.said["predicate"]) == predicate


@pytest.mark.parametrize("written", [None, [], ["all"], ["not"], ["is", "path", "like", []], ["is", "path"], "and"])
def test_what_is_no_predicate_is_never_everything(written: object) -> None:
    with pytest.raises(ValueError, match=r"no predicate|valid Operator"):
        read_predicate(written)


def test_a_message_comes_as_it_was_sent() -> None:
    arrays: dict[str, NDArray[Any]] = {
        "numbers": np.arange(6, dtype=np.int32).reshape(2, 3),
        "turned": np.asfortranarray(np.arange(6, dtype=np.float32).reshape(2, 3)),
        "every other": np.arange(9, dtype=np.uint8)[::2],
        "none": np.empty((0, 4), np.float16),
        "one": np.array(True),
        "texts": np.array(["größe", ""]),
        "bytes": np.array([b"a", b"bcd"]),
    }
    read = read_message(write_message(Message(arrays, {"text": "\ud83d größe"})))
    assert read.said == {"text": "\ud83d größe"}
    assert {name: (array.dtype, array.tolist()) for name, array in read.arrays.items()} == {
        name: (array.dtype, array.tolist()) for name, array in arrays.items()
    }


def forge(*array: object) -> bytes:
    """Return a message with an array that its head describes so."""
    head = json.dumps({"said": {}, "arrays": [["a", *array]]}).encode()
    return struct.pack("<Q", len(head)) + head + bytes(64)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"{}",
        write_message(Message({}, {}))[:-9],
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 1 << 60) + b"{}",
        forge("|O", [1], 0),
        forge("<i4,<i4", [1], 0),
        forge("<i4", [17], 0),
        forge("<i4", [1 << 62, 1 << 62], 0),
        forge("<i4", [-1], 0),
        forge("<i4", [1], -4),
        forge("|S0", [1 << 40], 0),
        forge("<i4", "1", 0),
        forge("nonsense", [1], 0),
    ],
)
def test_what_is_no_message_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        read_message(content)
