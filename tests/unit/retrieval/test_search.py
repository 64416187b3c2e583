"""Retriever on a real store, catalog and model: what may be searched, what comes back, which error comes first."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly, open_indexer
from codesearch.core.config import load_settings
from codesearch.core.errors import (
    AccessDeniedError,
    CodesearchError,
    NotFoundError,
    NotIndexedError,
    SearchAbandonedError,
    SearchTooLongError,
    StoreError,
)
from codesearch.core.index.builder import RowBatch
from codesearch.core.index.published import SearchIndexes
from codesearch.core.predicates import EVERYTHING, NOTHING, And, Comparison, Not, Operator, Or, Predicate
from codesearch.core.types import DataSource, Hit, Principal, SearchQuery
from codesearch.retrieval.search import Retriever, scope_of
from codesearch.retrieval.turns import Work
from indexer.chunking.version import CHUNKER_VERSION
from indexer.pipeline import SilentProgress
from tests.patience import PATIENCE_SECONDS

FIXTURES = Path(__file__).parents[3] / "fixtures" / "repos"
NOBODY = Principal(key_id="k0", name="nobody", is_admin=False, source_ids=frozenset())

GO = Comparison("language", Operator.IN, ("go",))
IS_LEDGER = Comparison("data_source_name", Operator.IN, ("ledger-go",))


@pytest.fixture(scope="module")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assembly]:
    """Two indexed fixtures, one source that was never indexed, one of another format, and workspaces of them."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CODESEARCH_")]:
            patch.delenv(name)
        patch.chdir(tmp_path_factory.mktemp("elsewhere"))
        settings = load_settings(data_dir=tmp_path_factory.mktemp("search") / "data", index_workers=1)
    opened = Assembly(settings, CHUNKER_VERSION)
    indexer = open_indexer(opened)
    for name in ("ledger-go", "orders-service"):
        indexer.index(str(FIXTURES / name), name=name, branch=None, subdir=None, progress=SilentProgress())
    opened.catalog.add_source(id="1" * 24, name="pending", location="/srv/pending")
    opened.catalog.add_source(id="2" * 24, name="outdated", location="/srv/outdated")
    run = opened.catalog.start_run("2" * 24)
    opened.catalog.finish_run(run, commit=None, file_count=1, chunk_count=1, index_format="chunks_of_another_model")
    opened.catalog.create_workspace("both", ["ledger-go", "orders-service"])
    opened.catalog.create_workspace("mixed", ["ledger-go", "pending", "outdated"])
    opened.catalog.create_workspace("unfinished", ["pending", "outdated"])
    yield opened
    opened.close()


def ask(
    assembly: Assembly,
    knowledge_id: str,
    text: str = "how is a transaction written",
    principal: Principal = LOCAL_PRINCIPAL,
    **options: object,
) -> list[Hit]:
    return assembly.retriever.retrieve(principal, SearchQuery(knowledge_id, text, **options))  # type: ignore[arg-type]


def reader_of(assembly: Assembly, *names: str) -> Principal:
    ids = frozenset(assembly.catalog.get_source(name).id for name in names)
    return Principal(key_id="k1", name="reader", is_admin=False, source_ids=ids)


def names_of(hits: Sequence[Hit]) -> set[str]:
    return {hit.source.name for hit in hits}


def test_hits_are_the_files_own_lines(assembly: Assembly) -> None:
    hits = ask(assembly, "ledger-go", top_k=20)
    assert len(hits) == 20
    for hit in hits:
        lines = (FIXTURES / "ledger-go" / hit.chunk.path).read_text().split("\n")
        assert hit.chunk.content == "\n".join(lines[hit.chunk.start_line - 1 : hit.chunk.end_line])
    assert len({hit.document_id for hit in hits}) == 20
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


def test_the_id_and_the_name_are_the_same_question(assembly: Assembly) -> None:
    by_name = ask(assembly, "ledger-go")
    assert by_name
    assert ask(assembly, assembly.catalog.get_source("ledger-go").id) == by_name
    assert ask(assembly, "Ledger-Go") == by_name


def test_the_same_request_has_the_same_answer(assembly: Assembly) -> None:
    first = ask(assembly, "both", top_k=50)
    assert [ask(assembly, "both", top_k=50) for _ in range(3)] == [first] * 3


@pytest.mark.parametrize("top_k", [1, 3, 29])
def test_a_smaller_top_k_is_the_beginning_of_a_larger_one(assembly: Assembly, top_k: int) -> None:
    assert ask(assembly, "both", top_k=top_k) == ask(assembly, "both", top_k=30)[:top_k]


def test_as_many_as_asked_for(assembly: Assembly) -> None:
    assert len(ask(assembly, "both", top_k=100)) == 100


def test_the_threshold_cuts_the_ranking(assembly: Assembly) -> None:
    everything = ask(assembly, "both", top_k=100)
    threshold = everything[6].score
    kept = ask(assembly, "both", top_k=100, score_threshold=threshold)
    assert kept == [hit for hit in everything if hit.score >= threshold]
    assert 7 <= len(kept) < 100
    assert ask(assembly, "both", score_threshold=1.0) == []


@pytest.mark.parametrize("text", ["?!", "the", " ", "x" * 32_000, "読み込み", "'; DROP TABLE chunks --"])
def test_any_text_can_be_asked(assembly: Assembly, text: str) -> None:
    hits = ask(assembly, "both", text, top_k=10)
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_workspace_is_searched_as_a_whole(assembly: Assembly) -> None:
    assert names_of(ask(assembly, "both", top_k=50)) == {"ledger-go", "orders-service"}


def test_of_a_workspace_only_what_the_key_may_read(assembly: Assembly) -> None:
    hits = ask(assembly, "both", principal=reader_of(assembly, "ledger-go"), top_k=50)
    assert names_of(hits) == {"ledger-go"}
    assert hits == [replace(hit, workspace="both") for hit in ask(assembly, "ledger-go", top_k=50)]


def test_a_workspace_answers_with_its_finished_members(assembly: Assembly) -> None:
    assert ask(assembly, "mixed") == [replace(hit, workspace="mixed") for hit in ask(assembly, "ledger-go")]


@pytest.mark.parametrize(
    "predicate",
    [
        EVERYTHING,
        Not(IS_LEDGER),
        Or((IS_LEDGER, EVERYTHING)),
        Not(And((IS_LEDGER, Not(GO)))),
        Comparison("data_source_name", Operator.CONTAINS, ("o",)),
    ],
)
def test_no_condition_widens_what_the_key_may_read(assembly: Assembly, predicate: Predicate) -> None:
    hits = ask(assembly, "both", principal=reader_of(assembly, "orders-service"), top_k=50, predicate=predicate)
    assert names_of(hits) == {"orders-service"}


def test_conditions_on_rows_and_sources_together(assembly: Assembly) -> None:
    hits = ask(assembly, "both", top_k=100, predicate=And((GO, IS_LEDGER)))
    assert {hit.chunk.language for hit in hits} == {"go"}
    assert names_of(hits) == {"ledger-go"}
    others = ask(assembly, "both", top_k=100, predicate=Or((Not(IS_LEDGER), Not(GO))))
    assert names_of(others) == {"ledger-go", "orders-service"}
    assert all(hit.chunk.language != "go" for hit in others)


def test_a_condition_filters_before_the_search(assembly: Assembly) -> None:
    """Rows far from the question fill up to top_k."""
    predicate = Comparison("path", Operator.STARTS_WITH, ("orders/passwords",))
    hits = ask(assembly, "orders-service", "forget old idempotency keys", top_k=5, predicate=predicate)
    assert [hit.chunk.path for hit in hits] == ["orders/passwords.py"] * 5


@pytest.mark.parametrize(
    ("knowledge_id", "readable", "error", "message"),
    [
        ("nowhere", [], NotFoundError, "nowhere"),
        ("f" * 24, [], NotFoundError, "f" * 24),
        # That there is no index comes before whether the key may read it: 1003 before 1002.
        ("pending", ["pending"], NotIndexedError, "No finished index yet"),
        ("pending", [], NotFoundError, "No repository or workspace has the id or name 'pending'"),
        ("outdated", [], NotFoundError, "No repository or workspace has the id or name 'outdated'"),
        ("outdated", ["outdated"], NotIndexedError, "'outdated' was indexed with another embedding model or chunker"),
        ("unfinished", ["pending"], NotIndexedError, "'pending'"),
        ("unfinished", [], NotFoundError, "No repository or workspace has the id or name 'unfinished'"),
        ("ledger-go", [], AccessDeniedError, "'ledger-go'"),
        ("ledger-go", ["orders-service"], AccessDeniedError, "'ledger-go'"),
        ("both", ["pending"], AccessDeniedError, "'both'"),
        ("mixed", ["pending"], NotIndexedError, "'pending'"),
    ],
)
def test_errors_in_their_order(
    assembly: Assembly, knowledge_id: str, readable: list[str], error: type[CodesearchError], message: str
) -> None:
    with pytest.raises(error) as caught:
        ask(assembly, knowledge_id, principal=reader_of(assembly, *readable))
    assert type(caught.value) is error
    assert message in caught.value.message
    assert "\n" not in caught.value.message


def test_what_is_said_of_an_index_that_is_not_there_depends_on_who_asks(assembly: Assembly, tmp_path: Path) -> None:
    catalog = assembly.catalog
    identifier = "ab" * 12
    place = f"{tmp_path}/secret-place"
    source = catalog.add_source(id=identifier, location=place, name="secret-name")
    catalog.fail_run(catalog.start_run(source.id), f"{place} has a secret reason")
    try:
        everything = Principal(key_id="k1", name="reader", is_admin=False, source_ids=None)
        with pytest.raises(NotIndexedError) as caught:
            ask(assembly, identifier)
        assert place in caught.value.message
        assert "secret reason" in caught.value.message
        for principal in (everything, reader_of(assembly, identifier)):
            with pytest.raises(NotIndexedError, match="its last run did not finish") as caught:
                ask(assembly, identifier, principal=principal)
            assert place not in caught.value.message
            assert "reason" not in caught.value.message
        with pytest.raises(NotFoundError) as unknown:
            ask(assembly, "cd" * 12, principal=NOBODY)
        with pytest.raises(NotFoundError) as hidden:
            ask(assembly, identifier, principal=NOBODY)
        assert hidden.value.message == unknown.value.message.replace("cd" * 12, identifier)
    finally:
        catalog.remove_source(identifier)


def test_a_refusal_tells_no_name(assembly: Assembly) -> None:
    identifier = assembly.catalog.get_source("ledger-go").id
    with pytest.raises(AccessDeniedError) as caught:
        ask(assembly, identifier, principal=NOBODY)
    assert "ledger-go" not in caught.value.message
    assert identifier in caught.value.message


def test_explanations_are_for_admins(assembly: Assembly) -> None:
    everything = Principal(key_id="k1", name="reader", is_admin=False, source_ids=None)
    for principal in (everything, reader_of(assembly, "ledger-go")):
        with pytest.raises(AccessDeniedError, match="explain needs an admin key"):
            ask(assembly, "ledger-go", principal=principal, explain=True)
        assert all(hit.explanation is None for hit in ask(assembly, "ledger-go", principal=principal))
    # What the key may not read, or nobody can, is said first.
    with pytest.raises(AccessDeniedError, match="'ledger-go'"):
        ask(assembly, "ledger-go", principal=NOBODY, explain=True)
    with pytest.raises(NotFoundError):
        ask(assembly, "nowhere", principal=NOBODY, explain=True)


def test_an_explanation_changes_nothing_else(assembly: Assembly) -> None:
    explained = ask(assembly, "both", top_k=20, explain=True)
    assert all(hit.explanation is not None and hit.explanation.features for hit in explained)
    assert [replace(hit, explanation=None) for hit in explained] == ask(assembly, "both", top_k=20)


def test_an_error_names_no_more_than_the_beginning_of_an_endless_id(assembly: Assembly) -> None:
    with pytest.raises(NotFoundError) as caught:
        ask(assembly, "x" * 10_000)
    assert len(caught.value.message) < 300


def fail_to_scan(source_id: str, run_id: int) -> Iterator[Iterator[RowBatch]]:
    raise StoreError("the rows are gone")


def without_indexes(assembly: Assembly, folder: Path) -> Retriever:
    """Return a retriever that has no search index and no rows to make one from."""
    current = assembly.index_format
    indexes = SearchIndexes(folder, current.table_name, current.dimension, fail_to_scan)
    return Retriever(indexes, assembly.catalog, lambda: assembly.embedder, current.table_name)


@pytest.mark.parametrize(
    "predicate",
    [
        NOTHING,
        Not(IS_LEDGER),
        Not(EVERYTHING),
        And((GO, Not(IS_LEDGER))),
        And((GO, NOTHING)),
        Comparison("commit", Operator.STARTS_WITH, ("abc",)),
        Comparison("data_source_name", Operator.IN, ()),
        Not(Or((GO, IS_LEDGER))),
    ],
)
def test_a_scope_without_rows_is_empty_without_opening_an_index(
    assembly: Assembly, predicate: Predicate, tmp_path: Path
) -> None:
    retriever = without_indexes(assembly, tmp_path)
    assert retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery("ledger-go", "post", predicate=predicate)) == []
    assert not retriever.is_warm
    retriever.close()


def test_a_failure_is_never_no_results(assembly: Assembly, tmp_path: Path) -> None:
    retriever = without_indexes(assembly, tmp_path)
    for _ in range(2):
        with pytest.raises(StoreError, match="the rows are gone"):
            retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery("ledger-go", "post"))
    retriever.close()


def test_one_member_that_fails_is_a_failure_of_the_workspace(assembly: Assembly, tmp_path: Path) -> None:
    ledger = assembly.catalog.get_source("ledger-go").id
    shutil.copytree(assembly.settings.data_dir / "search" / ledger, tmp_path / ledger)
    retriever = without_indexes(assembly, tmp_path)
    assert retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery("ledger-go", "post")) == ask(assembly, "ledger-go", "post")
    with pytest.raises(StoreError, match="the rows are gone"):
        retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery("both", "post"))
    # Where a condition or a key leaves it out, it is not missed.
    query = SearchQuery("both", "post", predicate=IS_LEDGER)
    assert names_of(retriever.retrieve(LOCAL_PRINCIPAL, query)) == {"ledger-go"}
    only = reader_of(assembly, "ledger-go")
    assert names_of(retriever.retrieve(only, SearchQuery("both", "post"))) == {"ledger-go"}
    retriever.close()


def test_the_model_is_loaded_once_and_only_when_needed(assembly: Assembly) -> None:
    loads: list[int] = []

    def load() -> object:
        loads.append(1)
        time.sleep(0.1)  # Long enough for the other threads to come.
        return assembly.embedder

    name = assembly.index_format.table_name
    retriever = Retriever(assembly.search_indexes, assembly.catalog, load, name)  # type: ignore[arg-type]
    assert not retriever.is_warm
    with ThreadPoolExecutor(4) as pool:
        answers = list(
            pool.map(lambda _: retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery("ledger-go", "post")), range(8))
        )
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]
    assert retriever.is_warm
    retriever.warm_up()
    assert loads == [1]
    retriever.close()


def test_who_waits_for_an_index_holds_up_nobody_else(assembly: Assembly, tmp_path: Path) -> None:
    ledger, current = assembly.catalog.get_source("ledger-go").id, assembly.index_format
    shutil.copytree(assembly.settings.data_dir / "search" / ledger, tmp_path / ledger)
    scanning, answered = Event(), Event()

    def scan_slowly(source_id: str, run_id: int) -> Iterator[Iterator[RowBatch]]:
        scanning.set()
        assert answered.wait(PATIENCE_SECONDS)
        yield from assembly.store.scan_rows(source_id, run_id)

    indexes = SearchIndexes(tmp_path, current.table_name, current.dimension, scan_slowly)
    retriever = Retriever(indexes, assembly.catalog, lambda: assembly.embedder, current.table_name)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(retriever.retrieve, LOCAL_PRINCIPAL, SearchQuery("orders-service", "post"))
        assert scanning.wait(PATIENCE_SECONDS)
        assert retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery("ledger-go", "post")) == ask(
            assembly, "ledger-go", "post"
        )
        answered.set()
        assert slow.result() == ask(assembly, "orders-service", "post")
    retriever.close()


def test_a_hit_has_the_commit_in_which_its_file_is_so(assembly: Assembly) -> None:
    """None where the fixtures lie in no work tree."""
    source = assembly.catalog.get_source("ledger-go")
    assert {hit.commit for hit in ask(assembly, "ledger-go")} <= {source.commit, None}
    path = ask(assembly, "ledger-go", "RequestID")[0].chunk.path
    other = replace(source, commit="c0ffee", uncommitted_count=1, uncommitted_paths=f"\n{path}\n")
    assert (other.commit_of(path), other.commit_of(f"x/{path}"), other.commit_of(path[1:])) == (
        None,
        "c0ffee",
        "c0ffee",
    )
    assert replace(other, uncommitted_paths=None).commit_of("x") is None
    assert replace(other, uncommitted_count=0, uncommitted_paths=None).commit_of("x") == "c0ffee"


def test_a_hit_has_what_the_row_has(assembly: Assembly) -> None:
    hit = ask(assembly, "ledger-go", "RequestID", predicate=GO)[0]
    assert (hit.chunk.path, hit.chunk.symbol) == ("internal/server/middleware.go", "RequestID")
    assert (hit.chunk.language, hit.chunk.symbol_kind, hit.chunk.artifact_kind.value) == ("go", "function", "symbol")
    assert hit.modified_at is not None
    assert 0 < hit.modified_at <= int((FIXTURES / "ledger-go" / hit.chunk.path).stat().st_mtime)
    assert len(hit.document_id) == 32


@pytest.mark.parametrize(
    ("knowledge_id", "text", "path", "symbol"),
    [
        ("ledger-go", "RequestID", "internal/server/middleware.go", "RequestID"),
        ("orders-service", "Backoff", "orders/retry.py", "Backoff"),
        ("orders-service", "how long do we wait before the next attempt", "orders/retry.py", None),
        ("both", "how long do we wait before the next attempt", "orders/retry.py", None),
        ("both", "which middleware gives each request an id", "internal/server/middleware.go", None),
    ],
)
def test_the_answer_comes_first(
    assembly: Assembly, knowledge_id: str, text: str, path: str, symbol: str | None
) -> None:
    hit = ask(assembly, knowledge_id, text)[0]
    assert hit.chunk.path == path
    assert symbol is None or hit.chunk.symbol == symbol


def test_no_file_fills_the_answer(assembly: Assembly) -> None:
    for text in ("how is a transaction written", "which errors are retried", "how are requests logged"):
        paths = [hit.chunk.path for hit in ask(assembly, "both", text, top_k=10)]
        assert len(set(paths)) >= 5


LEDGER = DataSource("1" * 24, "Ledger", "repository", "/srv/ledger", commit="abc123")
PORTAL = DataSource("2" * 24, "Portal", "repository", "/srv/portal", commit=None)


def source_name(value: str) -> Comparison:
    return Comparison("data_source_name", Operator.IN, (value,))


COMMIT_ABC = Comparison("commit", Operator.STARTS_WITH, ("abc",))
NO_COMMIT = Comparison("commit", Operator.EMPTY)


@pytest.mark.parametrize(
    ("predicate", "ledger", "portal"),
    [
        (EVERYTHING, EVERYTHING, EVERYTHING),
        (NOTHING, NOTHING, NOTHING),
        (GO, GO, GO),
        (source_name("ledger"), EVERYTHING, NOTHING),
        (Not(source_name("ledger")), NOTHING, EVERYTHING),
        (COMMIT_ABC, EVERYTHING, NOTHING),
        (Not(COMMIT_ABC), NOTHING, EVERYTHING),
        (NO_COMMIT, NOTHING, EVERYTHING),
        (Comparison("data_source_id", Operator.ENDS_WITH, ("22",)), NOTHING, EVERYTHING),
        (Comparison("data_source_type", Operator.CONTAINS, ("posit",)), EVERYTHING, EVERYTHING),
        (And((source_name("ledger"), GO)), GO, NOTHING),
        (Or((source_name("ledger"), GO)), EVERYTHING, GO),
        (Not(And((source_name("ledger"), GO))), Not(GO), EVERYTHING),
        (Not(Or((source_name("ledger"), GO))), NOTHING, Not(GO)),
        (And((Or((source_name("ledger"), NO_COMMIT)), Not(GO))), Not(GO), Not(GO)),
        (Or((And((COMMIT_ABC, GO)), And((NO_COMMIT, Not(GO))))), GO, Not(GO)),
        (Not(Not(source_name("portal"))), NOTHING, EVERYTHING),
    ],
)
def test_scope(predicate: Predicate, ledger: Predicate, portal: Predicate) -> None:
    expected = [(source.id, remaining) for source, remaining in ((LEDGER, ledger), (PORTAL, portal))]
    for sources in ([LEDGER, PORTAL], [PORTAL, LEDGER]):
        assert scope_of(sources, predicate) == [item for item in expected if item[1] != NOTHING]


def test_no_sources_is_an_empty_scope() -> None:
    assert scope_of([], EVERYTHING) == []


def test_a_search_takes_no_more_than_its_work_allows(assembly: Assembly) -> None:
    many = Or(tuple(Comparison("path", Operator.CONTAINS, (f"part{number}",)) for number in range(2_000)))
    for predicate in (EVERYTHING, GO, many):
        query = SearchQuery("both", "post", predicate=predicate)
        with pytest.raises(SearchTooLongError):
            assembly.retriever.retrieve(LOCAL_PRINCIPAL, query, Work("k", 1e-9))
        gone = Work("k", 60)
        gone.cancel()
        with pytest.raises(SearchAbandonedError):
            assembly.retriever.retrieve(LOCAL_PRINCIPAL, query, gone)
        allowed = assembly.retriever.retrieve(LOCAL_PRINCIPAL, query, Work("k", 60))
        assert allowed == assembly.retriever.retrieve(LOCAL_PRINCIPAL, query)
