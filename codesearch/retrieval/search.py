"""Retriever: resolves what may be searched, gathers candidates from the store, has them ranked, returns hits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from codesearch.core.errors import AccessDeniedError, NotFoundError, NotIndexedError
from codesearch.core.predicates import Predicate
from codesearch.core.store import ChunkStore, Scope
from codesearch.core.store_filter import resolve_source_fields
from codesearch.core.types import DataSource, Hit, Principal, SearchQuery, SourceState, Workspace
from codesearch.retrieval.query_terms import parse_query
from codesearch.retrieval.ranking import TOKEN_BOOSTS, Ranked, rank

logger = logging.getLogger(__name__)

# More candidates cost time in proportion and gain little: NDCG@10 on benchmark and golden set is 0.865 and 0.762
# with 100 and 60, 0.860 and 0.772 with 60 and 40, 0.846 and 0.778 with 30 and 30.
LEXICAL_CANDIDATES = 60
VECTOR_CANDIDATES = 40


class SourceCatalog(Protocol):
    """What retrieval asks of the catalog."""

    def resolve(self, id_or_name: str) -> DataSource | Workspace | None:
        """Return the data source or workspace of this id or unique name."""

    def describe_progress(self, source: DataSource) -> str:
        """Say in one clause how far an unfinished index is."""


class QueryEmbedder(Protocol):
    """What retrieval asks of the embedding model."""

    def embed_query(self, text: str) -> NDArray[np.float32]:
        """Return the query's vector, shape (dimension,), L2-normalised."""


class Retriever:
    """Answers queries on one store and one catalog. Safe to use from many threads."""

    def __init__(self, store: ChunkStore, catalog: SourceCatalog, load_embedder: Callable[[], QueryEmbedder]) -> None:
        """Keep the parts; the model is loaded by `warm_up` or by the first query."""
        self._store = store
        self._catalog = catalog
        self._load_embedder = load_embedder
        self._embedder: QueryEmbedder | None = None
        self._loading = Lock()

    @property
    def is_warm(self) -> bool:
        """Whether the embedding model is loaded."""
        return self._embedder is not None

    def warm_up(self) -> None:
        """Load the model and open the store. Raises ConfigurationError or StoreError."""
        self._loaded_embedder().embed_query("warm up")
        self._store.warm_up()

    def close(self) -> None:
        """Let go of the model."""
        self._embedder = None

    def retrieve(self, principal: Principal, query: SearchQuery) -> list[Hit]:
        """Return at most `query.top_k` hits, best first, none under the threshold.

        The order is total: by descending score, then data source, path and start line. Raises NotFoundError or
        NotIndexedError for a knowledge id without a finished index, AccessDeniedError when the principal may read none
        of it, StoreError when the store fails.
        """
        sources = {source.id: source for source in self._readable_sources(principal, query.knowledge_id)}
        scope = scope_of(sources.values(), query.predicate)
        if scope.is_empty:
            return []
        terms = parse_query(query.text)
        rows = sum(sources[source_id].chunk_count for ids, _ in scope.groups for source_id in ids)
        vector = self._loaded_embedder().embed_query(query.text)
        lexical, nearest = self._store.search(
            terms.tokens,
            TOKEN_BOOSTS,
            vector,
            scope,
            text_limit=max(LEXICAL_CANDIDATES, query.top_k),
            vector_limit=max(VECTOR_CANDIDATES, query.top_k),
            rows_in_scope=rows,
        )
        ranked = rank(terms, vector, lexical, nearest)
        kept = [item for item in ranked if item.score >= query.score_threshold][: query.top_k]
        return [_hit(item, sources[item.candidate.data_source_id]) for item in kept]

    def _loaded_embedder(self) -> QueryEmbedder:
        if self._embedder is None:
            with self._loading:
                if self._embedder is None:
                    self._embedder = self._load_embedder()
        return self._embedder

    def _readable_sources(self, principal: Principal, knowledge_id: str) -> list[DataSource]:
        target = self._catalog.resolve(knowledge_id)
        if target is None:
            raise NotFoundError(
                f"No repository or workspace has the id or name {knowledge_id[:100]!r}. `codesearch list` shows them."
            )
        members = target.members if isinstance(target, Workspace) else (target,)
        ready = [source for source in members if self._is_ready(source)]
        if not ready:
            raise NotIndexedError(self._explain_missing_index(target, members))
        readable = [source for source in ready if principal.may_read(source.id)]
        if not readable:
            raise AccessDeniedError(f"The key may not read {target.name!r}.")
        return readable

    def _is_ready(self, source: DataSource) -> bool:
        return source.state is SourceState.READY and source.index_format == self._store.index_format.table_name

    def _explain_missing_index(self, target: DataSource | Workspace, members: Iterable[DataSource]) -> str:
        reasons = []
        for source in members:
            if source.state is SourceState.READY:
                reasons.append(
                    f"{source.name!r} was indexed with another embedding model or chunker; run `codesearch index --all`"
                )
            else:
                reasons.append(f"{source.name!r}: {self._catalog.describe_progress(source)}")
        if isinstance(target, Workspace):
            return f"The workspace {target.name!r} has no finished index yet. {'; '.join(reasons) or 'It is empty.'}"
        return f"No finished index yet. {reasons[0]}."


def scope_of(sources: Iterable[DataSource], predicate: Predicate) -> Scope:
    """Return the rows that may be searched: these data sources, narrowed by the predicate, never more."""
    groups: dict[Predicate, set[str]] = {}
    for source in sources:
        fields = {
            "data_source_id": source.id,
            "data_source_name": source.name,
            "data_source_type": source.type,
            "commit": source.commit,
        }
        groups.setdefault(resolve_source_fields(predicate, fields), set()).add(source.id)
    return Scope(tuple((frozenset(ids), remaining) for remaining, ids in groups.items()))


def _hit(item: Ranked, source: DataSource) -> Hit:
    row = item.candidate
    # A row of a run later than the catalog's knows its commit better: it was published a moment ago.
    commit = row.commit if row.run_id > source.run_id else source.commit
    return Hit(
        document_id=row.document_id,
        chunk=row.chunk,
        score=item.score,
        source=source,
        commit=commit or None,
        modified_at=row.modified_at,
    )
