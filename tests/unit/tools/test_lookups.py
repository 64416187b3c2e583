"""Lookups tell the same from another service as here; what one does not answer is looked up here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from codesearch.core.config import load_settings
from codesearch.core.errors import InvalidRequestError, PeerError, SearchTooLongError
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.types import DataSource, Principal, SourceState
from codesearch.retrieval.exact.needle import ExactQuery
from codesearch.retrieval.scatter.encoding import Message, write_message
from codesearch.retrieval.scatter.placement import place_sources
from codesearch.retrieval.scatter.rounds import Peers
from codesearch.retrieval.turns import Turns, Work
from codesearch.tools.definitions import Definition
from codesearch.tools.freshness import Observation
from codesearch.tools.lookups.artifacts import (
    IDENTIFY,
    LIST_DEFINITIONS,
    RESOLVE,
    PathAsked,
    Place,
    PlacesAsked,
    ResolveAsked,
)
from codesearch.tools.lookups.asking import look_in, look_in_all
from codesearch.tools.lookups.beginnings import FIND_UNKNOWN_BEGINNINGS, BeginningsAsked
from codesearch.tools.lookups.desk import LOOKUPS, LookupDesk
from codesearch.tools.lookups.files import FIND_FILES, OUTLINE, READ_FILE, LinesOfFile, OutlineAsked, Paths
from codesearch.tools.lookups.lines import FIND_LINES, LinesAsked
from codesearch.tools.lookups.lookup import Lookup
from codesearch.tools.lookups.relations import FIND_NAMED, RELATE, NameAsked, RelationsAsked
from codesearch.tools.lookups.summaries import SUMMARIZE, SummariesAsked
from codesearch.tools.lookups.tree import LIST_TREE, TreeAsked
from codesearch.tools.lookups.values import LIST_VALUES, ValuesAsked
from codesearch.tools.tool import ToolContext
from tests.unit.tools.indexed_files import index_texts

URLS = ("http://a", "http://b")
IDS = [f"source-{number}" for number in range(4)]
FILES = {
    "src/client.py": "class Client(Base):\n    def retry(self):\n        return send(self)  # größe\n\n\n"
    "def send(x):\n    return x\n",
    "docs/ü.md": "# Retry\n\nHow a client calls `send`.\n",
    "src/base.py": "class Base:\n    def go(self):\n        return send(1)\n",
}
ASKED: dict[Lookup[Any, Any], list[Any]] = {
    FIND_FILES: [Paths(("src/base.py", "src"))],
    READ_FILE: [LinesOfFile("docs/ü.md"), LinesOfFile("src/client.py", 2, 2), *map(LinesOfFile, ("src/cli.py", "src"))],
    OUTLINE: [OutlineAsked("src/client.py", 1), OutlineAsked("src/klient.py", 9)],
    LIST_TREE: [TreeAsked("", 1, 9), TreeAsked("src", 2, 1), TreeAsked("source", 1, 1)],
    RESOLVE: [ResolveAsked("one", "src/client.py", tail) for tail in (None, "retry", "2-3", "nothing")],
    LIST_DEFINITIONS: [PathAsked("src/client.py"), PathAsked("nowhere")],
    IDENTIFY: [PlacesAsked({one: (Place("one", "src/base.py", "Base.go", 2, 3, False),) for one in IDS})],
    RELATE: [
        RelationsAsked("one", "src/client.py", Definition("send", "function", 6, 7), ("callers", "references"), 3),
        RelationsAsked("one", "src/client.py", Definition("Client", "class", 1, 3), ("ancestors", "contains"), 3),
    ],
    FIND_NAMED: [NameAsked("send", 5)],
    FIND_LINES: [LinesAsked(ExactQuery("send"), ("src",), (), (), 2, 1)],
    SUMMARIZE: [SummariesAsked()],
    LIST_VALUES: [ValuesAsked()],
    FIND_UNKNOWN_BEGINNINGS: [BeginningsAsked(("SRC/c", "sources/", "src/nothing/x", "docs/*.py", "zzz"))],
}  # fmt: skip


class Services:
    """Two services with the same sources; `spoil` may change what is answered."""

    def __init__(self, index: SourceIndex) -> None:
        self.index = index
        self.opened: dict[str, list[str]] = {url: [] for url in URLS}
        self.desks = {url: LookupDesk(self._indexes_of(url), Turns(), "same") for url in URLS}
        self.spoil: Callable[[bytes], bytes] = lambda answer: answer

    def _indexes_of(self, url: str) -> Any:
        def get(source_id: str, _: int) -> SourceIndex:
            self.opened[url].append(source_id)
            return self.index

        return SimpleNamespace(get=get)

    def post(self, peer: str, step: str, content: bytes, key: str, work_seconds: float = 0.0) -> bytes:
        assert step == "look"
        return self.spoil(self.desks[peer].answer(content, Work(key)))

    def context(
        self, *, together: bool = True, identity: str = "same", max_seconds: float | None = None
    ) -> ToolContext:
        return ToolContext(
            principal=Principal(key_id="key", name="key", is_admin=False, source_ids=None),
            work=Work("key", max_seconds),
            retriever=cast("Any", SimpleNamespace(turns=Turns())),
            catalog=cast("Any", None),
            indexes=self._indexes_of(URLS[0]),
            settings=load_settings(),
            observe=lambda _: Observation(),
            peers=Peers(URLS, URLS[0], identity, self.post) if together else None,
        )


@pytest.fixture
def services(tmp_path: Path) -> Services:
    assert len(place_sources(IDS, URLS)) == 2
    return Services(index_texts(tmp_path, FILES))


def sources() -> list[DataSource]:
    return [
        DataSource(id=one, name=one, location=f"/{one}", type="repository", state=SourceState.READY, run_id=1)
        for one in IDS
    ]


def test_every_lookup_tells_the_same_from_another_service(services: Services) -> None:
    assert {lookup.name for lookup in ASKED} == set(LOOKUPS)
    here, together = services.context(together=False), services.context()
    for lookup, questions in ASKED.items():
        for asked in questions:
            for source in sources():
                expected = look_in(here, source, lookup, asked)
                assert look_in(together, source, lookup, asked) == expected, (lookup.name, asked)
    parts = look_in_all(together, sources(), SUMMARIZE, SummariesAsked())
    assert sorted(position for part in parts for position in part.positions) == [0, 1, 2, 3]
    assert together.work.searched == set(IDS)


def test_who_is_asked_opens_its_own_sources_alone(services: Services) -> None:
    look_in_all(services.context(), sources(), SUMMARIZE, SummariesAsked())
    assert services.opened == place_sources(IDS, URLS)


def refuse(_: bytes) -> bytes:
    raise PeerError("it is down")


@pytest.mark.parametrize(
    "spoil",
    [
        refuse,
        lambda _: b"nonsense",
        lambda _: write_message(Message({}, {})),
        lambda _: write_message(Message({}, {"told": {"summaries": [1]}})),
    ],
)
def test_what_a_service_does_not_answer_is_looked_up_here(
    services: Services, spoil: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    services.spoil = spoil
    parts = look_in_all(services.context(), sources(), SUMMARIZE, SummariesAsked())
    assert {source_id for part in parts for source_id in part.told.summaries} == set(IDS)
    assert set(services.opened[URLS[0]]) == set(IDS)
    assert "its sources are searched here" in caplog.text


def test_what_takes_too_long_elsewhere_is_not_begun_here(services: Services) -> None:
    asked = RelationsAsked("one", "src/client.py", Definition("send", "function", 6, 7), ("callers",), 3)
    elsewhere = next(source for source in sources() if source.id in place_sources(IDS, URLS)[URLS[1]])
    with pytest.raises(SearchTooLongError):
        look_in(services.context(max_seconds=0.0), elsewhere, RELATE, asked)
    assert services.opened[URLS[0]] == []
    # Of lines there may be some in the parts of others.
    lines = LinesAsked(ExactQuery("send"), (), (), (), 2, 0)
    told = look_in(services.context(max_seconds=0.0), elsewhere, FIND_LINES, lines)
    assert not told.has_begun
    assert [one.files for one in told.left] == [len(FILES)]


def test_a_service_of_another_version_is_not_asked(services: Services) -> None:
    look_in_all(services.context(identity="another"), sources(), SUMMARIZE, SummariesAsked())
    assert services.opened[URLS[1]] == []


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"lookup": "drop", "asked": {}, "sources": [], "seconds": None},
        {"lookup": "summarize", "asked": {}, "sources": [["source-0"]], "seconds": None},
        {"lookup": "find_files", "asked": {"paths": "src"}, "sources": [["source-0", 1]], "seconds": None},
        {"lookup": "summarize", "asked": {}, "sources": [], "seconds": "long"},
    ],
)
def test_what_is_no_lookup_is_refused(services: Services, said: dict[str, Any]) -> None:
    message = write_message(Message({}, {**said, "identity": "same"}))
    with pytest.raises(InvalidRequestError, match="cannot be read"):
        services.desks[URLS[0]].answer(message, Work("key"))
