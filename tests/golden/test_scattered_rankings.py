"""The golden questions to all repositories, answered by three services that each have a part: as by one."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly
from codesearch.core.predicates import EVERYTHING, Comparison, Not, Operator, Predicate
from codesearch.core.types import Hit, SearchQuery
from codesearch.retrieval.scatter.desk import PeerDesk
from codesearch.retrieval.scatter.placement import place_sources
from codesearch.retrieval.scatter.rounds import Peers
from codesearch.retrieval.search import Retriever
from codesearch.retrieval.turns import Turns, Work
from tests.golden.conftest import WORKSPACE
from tests.golden.golden_set import read_golden_set

QUERIES = sorted({query.text for query in read_golden_set()})
MESSAGE = Path(__file__).parents[2] / "docs" / "scaling.md"
OTHERS = [
    '"not in any file of these"',
    '"return"',
    '"),"',
    "how is the total of an order computed when a discount applies to some of its lines",
    "wie wird eine Rechnung storniert",
    "где проверяется подпись платежа",
    "LedgerEntry",
    "main.go",
    "ledger.go:12",
    "zzz qqq",
    "???",
    MESSAGE.read_text(encoding="utf-8")[:6000],
]


def choose_urls(assembly: Assembly) -> list[str]:
    """Return three addresses that all have sources placed on them: ids hang on where the repositories lie."""
    ids = [source.id for source in assembly.catalog.list_sources()]
    for number in itertools.count():
        urls = [f"http://{name}-{number}" for name in ("one", "two", "three")]
        if len(place_sources(ids, urls)) == len(urls):
            break
    return urls


def scattered(assembly: Assembly) -> tuple[Retriever, list[str]]:
    """Return the retriever of the first of three services, and a list of whom it asked what."""
    urls = choose_urls(assembly)
    desks = {url: PeerDesk(assembly.search_indexes, Turns(), "same") for url in urls}
    asked: list[str] = []

    def post(peer: str, step: str, content: bytes, key: str, work_seconds: float = 0.0) -> bytes:
        asked.append(f"{peer} {step}")
        return desks[peer].answer(step, content, Work(key))

    peers = Peers(urls, urls[0], "same", post)
    format_name = assembly.index_format.table_name
    return Retriever(
        assembly.search_indexes, assembly.catalog, lambda: assembly.embedder, format_name, peers=peers
    ), asked


def shown(hit: Hit) -> tuple[object, ...]:
    return (hit, hit.explanation)


def ask(retriever: Retriever, text: str, top_k: int, predicate: Predicate) -> list[tuple[object, ...]]:
    query = SearchQuery(WORKSPACE, text, top_k, predicate=predicate, explain=True)
    return [shown(hit) for hit in retriever.retrieve(LOCAL_PRINCIPAL, query)]


@pytest.mark.parametrize(
    "predicate",
    [EVERYTHING, Not(Comparison("language", Operator.IN, ("go",))), Comparison("path", Operator.CONTAINS, ("test",))],
    ids=["everything", "not go", "tests"],
)
def test_several_services_answer_as_one(fixtures_index: Assembly, predicate: Predicate) -> None:
    retriever, asked = scattered(fixtures_index)
    texts = [*QUERIES[:: 5 if predicate == EVERYTHING else 40], *OTHERS]
    differing = [
        text
        for number, text in enumerate(texts)
        if ask(retriever, text, 10, predicate) != ask(fixtures_index.retriever, text, 10, predicate)
    ]
    assert differing == []
    assert len({line.partition(" ")[0] for line in asked}) == 2


def test_more_is_asked_for_than_there_is(fixtures_index: Assembly) -> None:
    retriever, _ = scattered(fixtures_index)
    for text in ("zzz qqq", "where are invoices written"):
        for predicate in (EVERYTHING, Comparison("language", Operator.IN, ("go",))):
            assert ask(retriever, text, 400, predicate) == ask(fixtures_index.retriever, text, 400, predicate)
