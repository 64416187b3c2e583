"""Retriever: resolves what may be searched, gathers candidates from the store, has them ranked, returns hits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from threading import Lock
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codesearch.core.checks import Check, do_not_check
from codesearch.core.errors import AccessDeniedError, NotFoundError, NotIndexedError
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.source_index import IndexSource
from codesearch.core.predicates import NOTHING, Predicate, fields_of, weigh_predicate
from codesearch.core.redaction import redact
from codesearch.core.stages import Stage
from codesearch.core.types import DataSource, Hit, Principal, SearchQuery, SourceState, Workspace
from codesearch.retrieval.budgets import Fitted, SizeOf, fit_hits
from codesearch.retrieval.candidates import Candidates, find_candidates
from codesearch.retrieval.excerpts import MAX_EXCERPT_CHARACTERS, cut_chunk, find_roots, is_cut, name_excerpt
from codesearch.retrieval.freshening import Freshened, Freshener, State
from codesearch.retrieval.joining import join_chunks, join_document_ids
from codesearch.retrieval.query.terms import QueryTerms
from codesearch.retrieval.query.understanding import BUNDLED_LEXICONS, understand_query
from codesearch.retrieval.ranking import Ranked, rank
from codesearch.retrieval.ranking_model import load_ranking_model
from codesearch.retrieval.related_terms import load_related_terms
from codesearch.retrieval.scatter.rounds import Peers, Rounds, ScopedSource
from codesearch.retrieval.source_fields import resolve_source_fields
from codesearch.retrieval.translation.translation import Lexicons
from codesearch.retrieval.turns import Turns, Work

logger = logging.getLogger(__name__)

# A predicate of more bytes is compared with the data sources in a turn of its own.
_LIGHT_PREDICATE = 16_384
# What an excerpt of a record has of its own: a condition on one of these holds for the whole record.
_CUT_FIELDS = frozenset({"start_line", "end_line", "artifact_kind", "content"})


# Records, best first; the query; and candidates of one of the sources.
_Ranking: TypeAlias = tuple[list[Ranked], QueryTerms, Candidates]


class SourceCatalog(Protocol):
    """What retrieval asks of the catalog."""

    def resolve(self, id_or_name: str) -> DataSource | Workspace | None:
        """Return the data source or workspace of this id or unique name."""

    def describe_progress(self, source: DataSource, *, in_detail: bool) -> str:
        """Say in one clause how far an unfinished index is; only `in_detail` with its place and why it failed."""


class QueryEmbedder(Protocol):
    """What retrieval asks of the embedding model."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the query's vector, shape (dimension,), L2-normalised."""


class Retriever:
    """Answers queries on search indexes and one catalog. Safe to use from many threads."""

    def __init__(
        self,
        indexes: IndexSource,
        catalog: SourceCatalog,
        load_embedder: Callable[[], QueryEmbedder],
        format_name: str,
        lexicons: Lexicons = BUNDLED_LEXICONS,
        connect: Callable[[], None] = lambda: None,
        peers: Peers | None = None,
    ) -> None:
        """Keep the parts; the model is loaded by `warm_up` or by the first query. `connect` is called by `warm_up`.

        `peers` are the services that data sources are placed on, where they are on several.

        `format_name` is that of the index format which the indexes are of. `lexicons` are of the languages that queries
        may be in besides English.
        """
        self._lexicons = lexicons
        self._indexes = indexes
        self._catalog = catalog
        self._format_name = format_name
        self._load_embedder = load_embedder
        self._connect = connect
        self._peers = peers
        self._embedder: QueryEmbedder | None = None
        self._loading = Lock()
        # Two searches at once in one process only take the interpreter from one another, at each of some hundred small
        # array operations: with 16 clients, 135 requests/s one at a time and 112 two at a time.
        self.turns = Turns()
        # Set where somebody can bring data sources up to date.
        self.freshener: Freshener | None = None

    @property
    def is_warm(self) -> bool:
        """Whether the embedding model is loaded."""
        return self._embedder is not None

    def warm_up(self) -> None:
        """Load the embedding model and what ranking needs. Raises ConfigurationError."""
        load_ranking_model()
        load_related_terms()
        self._lexicons.warm_up()
        self._loaded_embedder().embed_query("warm up")
        self._connect()

    def close(self) -> None:
        """Let go of the model."""
        self._embedder = None

    def retrieve(self, principal: Principal, query: SearchQuery, work: Work | None = None) -> list[Hit]:
        """Return at most `query.top_k` hits, best first, none under the threshold.

        The order is total: by descending score, then data source, path and start line. `work` bounds what it may take,
        by default nothing. Raises NotFoundError or NotIndexedError for a knowledge id without a finished index,
        AccessDeniedError when the principal may read none of it or asks for explanations without being an admin,
        StoreError when the store fails, and what `Turns.take` and `Turn.check` raise. Of what it
        may not read the principal learns no name and no state; what has neither an index nor a reader is not found.
        """
        workspace, readable = self.find_readable(principal, query.knowledge_id)
        if query.explain and not principal.is_admin:
            raise AccessDeniedError("explain needs an admin key.")
        work = work or Work(principal.key_id)
        if query.fresh_seconds:
            self.freshen(principal, readable, query.fresh_seconds, work)
            workspace, readable = self.find_readable(principal, query.knowledge_id)
            current = {source.id: source for source in readable}
            work.freshened = [replace(item, source=current.get(item.source.id, item.source)) for item in work.freshened]
        return self.search(readable, query, work, workspace)

    def freshen(self, principal: Principal, sources: Sequence[DataSource], seconds: float, work: Work) -> None:
        """Wait until data sources that a principal may read are up to date, and note on the work how each stands.

        They have to be looked up again after this. Raises SearchAbandonedError when nobody waits any more.
        """
        if self.freshener is None:
            message = "Nothing here can bring it up to date."
            work.freshened = [Freshened(source, State.UNKNOWN, message) for source in sources]
            return
        work.freshened = self.freshener.freshen(sources, seconds, principal.key_id, principal.name, work.require_wanted)

    def search(
        self, readable: Sequence[DataSource], query: SearchQuery, work: Work, workspace: str | None = None
    ) -> list[Hit]:
        """Return what `retrieve` does, of these data sources, which have to be ready, in one ranking.

        The query's knowledge id does not count. `workspace` names the one that they are of, if they are.
        """
        return self.search_within(readable, query, work, lambda _: 0, workspace).hits

    def search_within(
        self,
        readable: Sequence[DataSource],
        query: SearchQuery,
        work: Work,
        size_of_head: SizeOf,
        workspace: str | None = None,
    ) -> Fitted:
        """Return what `search` does, and what the query's `max_tokens` left out.

        `size_of_head` says how many characters are shown with a hit's content and count with it.
        """
        sources = {source.id: source for source in readable}
        scope = self._find_scope(sources.values(), query.predicate, work)
        if not scope:
            return Fitted([])
        embedder = self._loaded_embedder()
        asked_sources = [sources[source_id] for source_id, _ in scope]
        if self._peers is not None:
            placed = [ScopedSource(source_id, sources[source_id].run_id, remaining) for source_id, remaining in scope]
            rounds = Rounds(self._peers, placed, self._indexes.get, self.turns, work)
            if rounds.is_needed:
                work.searched.update(source_id for source_id, _ in scope)
                ranking = self._search_scattered(rounds, query, work)
                with self.turns.take(work):
                    work.begin_stage(Stage.RESPOND)
                    return _respond(*ranking, query, asked_sources, workspace, size_of_head)
        # May wait for an index that is being made again, which others need not wait for.
        asked = [(self._indexes.get(source_id, sources[source_id].run_id), remaining) for source_id, remaining in scope]
        work.searched.update(source_id for source_id, _ in scope)
        with self.turns.take(work) as turn:
            work.begin_stage(Stage.UNDERSTAND)
            terms = understand_query(query.text, [source for source, _ in asked], self._lexicons)
            work.begin_stage(Stage.EMBED)
            vector = embed_texts(embedder, terms.texts)
            turn.check()
            wanted = query.top_k
            while True:
                work.begin_stage(Stage.CANDIDATES)
                found = find_candidates(asked, terms, vector, wanted, turn.check)
                work.begin_stage(Stage.RANK)
                ranked = rank(terms, found, limit=query.top_k, explain=query.explain, check=turn.check)
                if len(ranked) == query.top_k or sum(len(candidates.rows) for candidates in found) < wanted:
                    break
                # So many were joined that records are missing, and there are more rows.
                wanted *= 2
            work.begin_stage(Stage.RESPOND)
            return _respond(ranked, terms, found[0], query, asked_sources, workspace, size_of_head)

    def _search_scattered(self, rounds: Rounds, query: SearchQuery, work: Work) -> _Ranking:
        """Rank what this service and its peers find. No turn is held while others work."""
        embedder = self._loaded_embedder()
        work.begin_stage(Stage.UNDERSTAND)
        terms = rounds.understand(query.text, self._lexicons)
        with self.turns.take(work):
            work.begin_stage(Stage.EMBED)
            vector = embed_texts(embedder, terms.texts)
        work.begin_stage(Stage.CANDIDATES)
        figures = rounds.measure(terms, vector)
        wanted = query.top_k
        while True:
            work.begin_stage(Stage.CANDIDATES)
            found = rounds.find_candidates(terms, vector, figures, wanted)
            with self.turns.take(work) as turn:
                work.begin_stage(Stage.RANK)
                ranked = rank(terms, found, limit=query.top_k, explain=query.explain, check=turn.check)
            if len(ranked) == query.top_k or sum(len(candidates.rows) for candidates in found) < wanted:
                return ranked, terms, found[0]
            wanted *= 2

    def _find_scope(
        self, sources: Iterable[DataSource], predicate: Predicate, work: Work
    ) -> list[tuple[str, Predicate]]:
        if weigh_predicate(predicate) <= _LIGHT_PREDICATE:
            return scope_of(sources, predicate)
        with self.turns.take(work) as turn:
            return scope_of(sources, predicate, turn.check)

    def _loaded_embedder(self) -> QueryEmbedder:
        if self._embedder is None:
            with self._loading:
                if self._embedder is None:
                    self._embedder = self._load_embedder()
        return self._embedder

    def find_readable(self, principal: Principal, knowledge_id: str) -> tuple[str | None, list[DataSource]]:
        """Return the name of the workspace that the id means, None for a repository, and what may be searched.

        Raises what `retrieve` does of the knowledge id.
        """
        target = self._catalog.resolve(knowledge_id)
        if target is None:
            raise _not_found(knowledge_id)
        members = target.members if isinstance(target, Workspace) else (target,)
        readable = [source for source in members if principal.may_read(source.id)]
        ready = [source for source in readable if self.is_ready(source)]
        if not readable and not principal.reads_everything:
            if any(self.is_ready(source) for source in members):
                # By what was asked: its name is not the key's to know.
                raise AccessDeniedError(principal.problem or f"The key may not read {redact(knowledge_id)[:100]!r}.")
            # Nor is what became of an index that there is not.
            raise _not_found(knowledge_id)
        if not ready:
            raise NotIndexedError(self._explain_missing_index(target, readable, in_detail=principal.is_admin))
        return target.name if isinstance(target, Workspace) else None, ready

    def is_ready(self, source: DataSource) -> bool:
        """Say whether a data source has a finished index that can be read here."""
        return source.state is SourceState.READY and source.index_format == self._format_name

    def _explain_missing_index(
        self, target: DataSource | Workspace, members: Iterable[DataSource], *, in_detail: bool
    ) -> str:
        reasons = []
        for source in members:
            if source.state is SourceState.READY:
                reasons.append(
                    f"{source.name!r} was indexed with another embedding model or chunker; "
                    "whoever runs the service makes it anew with `codesearch index --all`"
                )
            else:
                reasons.append(f"{source.name!r}: {self._catalog.describe_progress(source, in_detail=in_detail)}")
        if isinstance(target, Workspace):
            return f"The workspace {target.name!r} has no finished index yet. {'; '.join(reasons) or 'It is empty.'}"
        return f"No finished index yet. {reasons[0]}."


def embed_texts(embedder: QueryEmbedder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Return the direction of the sum of the texts' vectors; all zeros where that has none."""
    if len(texts) == 1:
        return embedder.embed_query(texts[0])
    total = np.sum([embedder.embed_query(text) for text in texts], axis=0)
    vector: NDArray[np.float32] = (total / (np.linalg.norm(total) or 1)).astype(np.float32)
    return vector


def _not_found(knowledge_id: str) -> NotFoundError:
    return NotFoundError(
        f"No repository or workspace has the id or name {redact(knowledge_id)[:100]!r}. get_data_sources lists them."
    )


def scope_of(
    sources: Iterable[DataSource], predicate: Predicate, check: Check = do_not_check
) -> list[tuple[str, Predicate]]:
    """Return which data sources may have answers, by id, and what their rows must satisfy: never more than given."""
    scope = []
    for source in sorted(sources, key=lambda source: source.id):
        check()
        fields = {
            "data_source_id": source.id,
            "data_source_name": source.name,
            "data_source_type": source.type,
            "commit": source.commit,
        }
        remaining = resolve_source_fields(predicate, fields)
        if remaining != NOTHING:
            scope.append((source.id, remaining))
    return scope


def _hit(item: Ranked, sources: Sequence[DataSource], workspace: str | None) -> Hit:
    source = sources[item.position]
    document_ids = [item.index.document_id_of(row) for row in item.rows]
    chunk = join_chunks([item.index.chunk_of(row) for row in item.rows])
    return Hit(
        document_id=join_document_ids(document_ids),
        chunk=chunk,
        score=item.score,
        source=source,
        commit=source.commit_of(chunk.path),
        modified_at=item.index.modified_at(item.row),
        explanation=item.explanation,
        workspace=workspace,
        duplicates=tuple(_identify(sources[position].name, index, row) for position, index, row in item.twins),
    )


def _respond(
    ranked: Sequence[Ranked],
    terms: QueryTerms,
    any_of: Candidates,
    query: SearchQuery,
    sources: Sequence[DataSource],
    workspace: str | None,
    size_of_head: SizeOf,
) -> Fitted:
    """Return the hits of a ranking, as short as the query wants them; `any_of` are candidates of whatever source."""
    hits = [_hit(item, sources, workspace) for item in ranked if item.score >= query.score_threshold]
    if _CUT_FIELDS & fields_of(query.predicate):
        return _fit(hits, hits, query.max_tokens, None, size_of_head)
    roots = find_roots(terms.words, any_of.rarity.rows.tolist())
    return _fit(hits, [_shorten(hit, roots) for hit in hits], query.max_tokens, roots, size_of_head)


def _fit(
    whole: Sequence[Hit],
    shortened: list[Hit],
    max_tokens: int | None,
    roots: Sequence[tuple[str, float]] | None,
    size_of_head: SizeOf,
) -> Fitted:
    """Fit hits into a budget, if there is one; without `roots` none is cut."""
    if max_tokens is None:
        return Fitted(shortened)

    def cut(number: int, max_characters: int) -> Hit:
        return shortened[number] if roots is None else _cut(whole[number], roots, max_characters)

    return fit_hits(shortened, max_tokens, cut, size_of_head)


def _shorten(hit: Hit, roots: Sequence[tuple[str, float]]) -> Hit:
    """Return a hit that hardly answers with the lines that say most, any other as it is."""
    return _cut(hit, roots, MAX_EXCERPT_CHARACTERS) if is_cut(hit.score, len(hit.chunk.content)) else hit


def _cut(hit: Hit, roots: Sequence[tuple[str, float]], max_characters: int) -> Hit:
    chunk = cut_chunk(hit.chunk, roots, max_characters)
    return hit if chunk is hit.chunk else replace(hit, chunk=chunk, document_id=name_excerpt(hit.document_id, chunk))


def _identify(repository: str, index: SearchIndex, row: int) -> str:
    path = index.path_of(int(index.file_of_row[row]))
    return f"{repository}::{path}::{index.start_lines[row]}-{index.end_lines[row]}"
