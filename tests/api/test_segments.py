"""Tools, pages and documents answer the same, byte for byte, whether a source's index is one segment or several.

The several hold older versions of files, and files that are gone: nothing of those is shown or counted.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest

from codesearch.assembly import Assembly
from codesearch.cli.filters import Filters, FindFiles
from codesearch.cli.scopes import Scope
from codesearch.core.checks import do_not_check
from codesearch.core.index.published import SearchIndexes
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.text.terms import name_term
from codesearch.core.types import SourceFile
from codesearch.dify.mirroring.documents import SourceDocuments
from codesearch.tools.definitions import list_definitions
from codesearch.tools.lookups.files import FIND_FILES, Paths
from indexer.chunking.chunker import Chunker
from tests.api.page_visitor import PageVisitor
from tests.api.served_fixtures import NARROW, ServedFixtures, serve_fixtures
from tests.e2e.service import FIXTURES, copy_index, index_fixtures
from tests.floats import near
from tests.unit.core.index.segments import Rows, build_one, build_several
from tests.unit.core.store.indexed_chunks import IndexedChunk

SPLIT = ("engine-native", NARROW, "orders-service")
GONE = "older/gone.py"
GONE_TEXT = "def gone_before(balance):\n    return balance\n\n\nclass Balance:\n    pass\n"


class GivenIndexes(SearchIndexes):
    """Those of `chosen`, by the data source's id; of others as ever."""

    chosen: Mapping[str, SourceIndex]

    def get(self, source_id: str, run_id: int) -> SourceIndex:
        return self.chosen.get(source_id) or super().get(source_id, run_id)


@dataclass
class Compared:
    """The service, and the indexes that it can be given."""

    served: ServedFixtures
    given: GivenIndexes
    one: Mapping[str, SourceIndex]
    several: Mapping[str, SourceIndex]

    def answer_both(self, tool: str, arguments: Mapping[str, object]) -> tuple[bytes, bytes]:
        """Return what a tool answers from one segment, and from several."""
        answers = []
        for chosen in (self.one, self.several):
            self.given.chosen = chosen
            response = self.served.post(tool, arguments)
            assert response.status_code in (200, 400, 404), response.text
            answers.append(response.content)
        return answers[0], answers[1]

    def require_same(self, tool: str, **arguments: object) -> str:
        """Compare what a tool answers, and return it."""
        one, several = self.answer_both(tool, arguments)
        assert several == one, (tool, arguments)
        return one.decode()


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Compared]:
    folder = tmp_path_factory.mktemp("segments")
    data_dir = copy_index(index_fixtures(tmp_path_factory), folder / "data")
    with serve_fixtures(data_dir, give_indexes) as served:
        assembly = served.assembly
        assert isinstance(assembly.search_indexes, GivenIndexes)
        one, several = {}, {}
        for name in SPLIT:
            source = assembly.catalog.get_source(name)
            files = chunk_texts(assembly, read_texts(name))
            one[source.id] = build_one(folder / name, files)
            several[source.id] = build_several(folder / name, files, chunk_texts(assembly, age(read_texts(name))))
        yield Compared(served, assembly.search_indexes, one, several)


def give_indexes(assembly: Assembly) -> None:
    """Let an assembly that has opened nothing yet ask indexes that can be given."""
    current = assembly.index_format
    folder = assembly.settings.data_dir / "search"
    given = GivenIndexes(folder, current.table_name, current.dimension, assembly.store.scan_rows)
    given.chosen = {}
    assembly.search_indexes = given


def read_texts(name: str) -> dict[str, str]:
    folder = FIXTURES / name
    texts = {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()
    }
    return dict(sorted(texts.items()))


def age(texts: Mapping[str, str]) -> dict[str, str]:
    """Return older versions of three files in four, what another file of its kind holds, and a file that is gone."""
    by_kind: defaultdict[str, list[str]] = defaultdict(list)
    for path in texts:
        by_kind[Path(path).suffix].append(path)
    older = {GONE: GONE_TEXT}
    for number, path in enumerate(texts):
        alike = by_kind[Path(path).suffix]
        other = alike[(alike.index(path) + 1) % len(alike)]
        if number % 4:
            older[path] = f"{texts[other]}\n{GONE_TEXT}"
    return older


def chunk_texts(assembly: Assembly, texts: Mapping[str, str]) -> dict[str, Rows]:
    chunker = Chunker(assembly.embedder.count_tokens, assembly.settings.max_chunk_tokens)
    files: dict[str, Rows] = {}
    for path, text in texts.items():
        chunks = chunker.chunk(SourceFile(path, text, "id", 1_700_000_000))
        vectors = assembly.embedder.embed_chunks(chunks)
        rows = [IndexedChunk(chunk, "id", 1_700_000_000, vector) for chunk, vector in zip(chunks, vectors, strict=True)]
        if rows:
            files[path] = rows
    return files


pairs = pytest.mark.parametrize("name", SPLIT)


def sides_of(compared: Compared, name: str) -> tuple[SourceIndex, SourceIndex]:
    source = compared.served.assembly.catalog.get_source(name)
    return compared.one[source.id], compared.several[source.id]


@pairs
def test_a_source_has_the_same_files_and_rows(compared: Compared, name: str) -> None:
    one, several = sides_of(compared, name)
    assert [segment.live_file_count == 0 for segment in several.segments] == [False, True, False, False]
    assert all(len(segment.dead_files) for segment in several.segments[:3])
    paths = list(one.paths())
    assert paths == sorted(set(paths))
    assert list(several.paths()) == paths
    assert [segment.chunk_of(row) for segment, row in several.rows()] == [
        segment.chunk_of(row) for segment, row in one.rows()
    ]
    for field in ("row_count", "file_count", "text_bytes", "dimension"):
        assert getattr(several, field) == getattr(one, field), field
    assert several.language_shares() == one.language_shares()
    assert list(several.language_shares()) == list(one.language_shares())
    for prefix in ("", *sorted({f"{path.rpartition('/')[0]}/" for path in paths}), *paths, "older/", "no such"):
        below = [path for path, _, _ in one.files_below(prefix)]
        assert below == [path for path in paths if path.startswith(prefix)]
        assert [path for path, _, _ in several.files_below(prefix)] == below
        assert several.has_files_below(prefix) == one.has_files_below(prefix) == bool(below)
    for path in (*paths, GONE, "no such"):
        found = several.find_file(path)
        assert (found is not None) == (path in paths)
        assert found is None or found[0].path_of(found[1]) == path


@pairs
def test_definitions_are_found_in_every_segment(compared: Compared, name: str) -> None:
    one, several = sides_of(compared, name)
    names = {segment.symbol_of(row).rpartition(".")[2] for index in (one, several) for segment, row in index.rows()}
    for term in (*map(name_term, sorted(names - {""})), name_term("gone_before")):
        paths = [sorted(part.path_of(file) for part, file in index.files_defining(term)) for index in (one, several)]
        assert paths[0] == paths[1]


@pairs
def test_given_rows_come_in_the_order_of_one_index(compared: Compared, name: str) -> None:
    one, several = sides_of(compared, name)
    rows = [
        np.flatnonzero(segment.live_rows)[::2] if segment.live_rows is not None else segment.all_rows[::2]
        for segment in several.segments
    ]
    wanted = {
        (segment.path_of(int(segment.file_of_row[row])), segment.document_id_of(row))
        for segment, chosen in zip(several.segments, rows, strict=True)
        for row in chosen.tolist()
    }
    (whole,) = one.segments
    expected = [
        whole.document_id_of(row)
        for row in range(whole.row_count)
        if (whole.path_of(int(whole.file_of_row[row])), whole.document_id_of(row)) in wanted
    ]
    given = several.rows_by_path([chosen.astype(np.int32) for chosen in rows])
    assert [segment.document_id_of(row) for segment, row in given] == expected


# --- Tools ---


def test_sources_have_the_same_sizes_and_languages(compared: Compared) -> None:
    for arguments in ({}, {"query": "ledger"}, {"ready_only": False}):
        assert '"language_shares"' in compared.require_same("get_data_sources", **arguments)


@pairs
def test_trees_are_the_same(compared: Compared, name: str) -> None:
    paths = list(sides_of(compared, name)[0].paths())
    folders = sorted({path.rpartition("/")[0] for path in paths} - {""})
    for path in (None, *folders, folders[0].upper(), *paths[:3], "older", GONE, "nowhere/near"):
        for depth, nodes in ((2, 4), (50, 5_000)):
            given = {} if path is None else {"path": path}
            shown = compared.require_same("get_file_tree", data_source=name, max_depth=depth, max_nodes=nodes, **given)
            assert "gone.py" not in shown or path == GONE


@pairs
def test_files_and_outlines_are_the_same(compared: Compared, name: str) -> None:
    one, _ = sides_of(compared, name)
    paths = list(one.paths())
    near = [
        paths[0].upper(),
        f"elsewhere/{paths[-1].rpartition('/')[2]}",
        paths[-1][:-1],
        "",
        "older/gone.py",
        "gone.py",
    ]
    for path in (*paths[::2], *near):
        for tool in ("read_file", "outline"):
            shown = compared.require_same(tool, data_source=name, path=path)
            assert ("gone_before" in shown) is False, path
    compared.require_same("read_file", data_source=name, path=paths[0], start_line=2, end_line=3)


@pairs
def test_fetched_artifacts_are_the_same(compared: Compared, name: str) -> None:
    one, _ = sides_of(compared, name)
    asked = [f"{name}::{path}" for path in one.paths()]
    for path, segment, file in one.files_below(""):
        symbols = {item.symbol for item in list_definitions(segment, file)}
        asked += [f"{name}::{path}::{symbol}" for symbol in sorted(symbols)[:3]] + [f"{name}::{path}::2-4"]
    asked += [f"{name}::{GONE}", f"{name}::{GONE}::gone_before", f"{name}::{asked[0].upper()}", f"{asked[0]}::nothing"]
    for begin in range(0, len(asked), 20):
        compared.require_same("fetch_artifacts", identifiers=asked[begin : begin + 20])


@pairs
def test_relationships_are_the_same(compared: Compared, name: str) -> None:
    one, _ = sides_of(compared, name)
    found = [
        (path, item)
        for path, segment, file in one.files_below("")
        for item in list_definitions(segment, file)
        if item.kind not in ("section", "key", "heading")
    ]
    for path, item in found[:: max(1, len(found) // 10)]:
        identifier = f"{name}::{path}::{item.start_line}"
        for most in (2, 200):
            compared.require_same(
                "get_artifact_relationships", identifier=identifier, profile="all_relevant", max_count_per_type=most
            )
        compared.require_same(
            "get_artifact_relationships", identifier=item.symbol, profile="all_relevant", data_source=name
        )
    assert '"error_code"' in compared.require_same(
        "get_artifact_relationships", identifier="gone_before", data_source=name
    )


@pytest.mark.parametrize(
    "arguments",
    [
        {"query": "balance", "case_sensitive": False},
        {"query": r"\w+(rder|ntry)\b", "regex": True, "context_lines": 2, "max_results": 7},
        {"query": "go", "whole_word": True, "max_results": 1_000},
        {"query": ".py"},
        {"query": "return", "paths": ["src/", "ledger/"], "max_results": 3},
        {"query": "e", "extensions": ["py", "md"], "max_results": 1_000},
        {"query": "gone_before"},
        {"query": "gone"},
    ],
)
def test_exact_search_is_the_same(compared: Compared, arguments: Mapping[str, object]) -> None:
    for sources in (*([name] for name in SPLIT), list(SPLIT)):
        compared.require_same("grep_search", data_sources=sources, **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"question": "where is the balance of an account kept", "max_results": 50},
        {"question": "retry a failed order", "exclude_tests": True},
        {"question": "how is an entry posted", "extensions": ["go"], "max_tokens": 600},
        {"question": "gone_before"},
    ],
)
def test_search_by_meaning_finds_the_same(compared: Compared, arguments: Mapping[str, object]) -> None:
    for sources in (*([name] for name in SPLIT), list(SPLIT)):
        answers = compared.answer_both("semantic_search", {"data_sources": sources, **arguments})
        one, several = (json.loads(answer)["obj"] for answer in answers)
        # Sums of floats may differ in their last digits.
        scores = [[record.pop("score") for record in side["records"]] for side in (one, several)]
        assert several == one, (sources, arguments)
        assert scores[1] == near(scores[0])


def finder_in(index: SourceIndex) -> FindFiles:
    return lambda _, paths: FIND_FILES.look({"": index}, Paths(tuple(paths)), do_not_check).paths


@pairs
def test_paths_of_a_filter_mean_the_same(compared: Compared, name: str) -> None:
    source = compared.served.assembly.catalog.get_source(name)
    paths = list(compared.one[source.id].paths())
    for prefix in (*paths, *(path[:-2] for path in paths), GONE):
        filters, scope = Filters((prefix,), ("py",), ("python",)), Scope([source])
        predicate = filters.predicate(scope, finder_in(compared.several[source.id]))
        assert predicate == filters.predicate(scope, finder_in(compared.one[source.id]))
        assert ("Operator.IN" in repr(predicate).partition("file_extension")[0]) is (prefix in paths)


# --- Pages and documents ---


@pairs
def test_pages_are_the_same(compared: Compared, name: str) -> None:
    visitor = PageVisitor(compared.served.client)
    assert visitor.sign_in(compared.served.keys["admin"]).status_code == 303
    paths = list(sides_of(compared, name)[0].paths())
    folders = sorted({path.rpartition("/")[0] for path in paths})
    addresses = [f"/tree?source={name}&path={quote(path)}" for path in (*folders, "older")]
    addresses += [f"/file?source={name}&path={quote(path)}" for path in (*paths[::4], GONE)]
    for address in (*addresses, "/sources"):
        pages = []
        for chosen in (compared.one, compared.several):
            compared.given.chosen = chosen
            page = visitor.get(address)
            assert page.status_code == (404 if "older" in address else 200)
            # Colours are left out where they take too long.
            pages.append(re.sub(r'name="form_token" value="[^"]+"|</?span[^>]*>', "", page.text))
        assert pages[0] == pages[1], address


@pairs
def test_documents_for_dify_are_the_same(compared: Compared, name: str) -> None:
    source = compared.served.assembly.catalog.get_source(name)
    documents = [SourceDocuments(source, chosen[source.id], 400) for chosen in (compared.one, compared.several)]
    wanted = [side.list_wanted() for side in documents]
    assert list(wanted[0].items()) == list(wanted[1].items())
    assert {item.path for item in wanted[0].values()} == set(compared.one[source.id].paths())
    for item in wanted[0].values():
        assert documents[0].build_text(item.path) == documents[1].build_text(item.path)
        assert documents[0].build_metadata(item) == documents[1].build_metadata(item)
    assert documents[1].build_text(GONE) is None
