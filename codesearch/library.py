"""What `import codesearch` offers: the index and the search of the command line, as functions.

The names are those of codesearch/__init__.py, which loads this module when one of them is asked for.
"""

from __future__ import annotations

from types import TracebackType

from codesearch.assembly import LOCAL_PRINCIPAL, Assembly, open_assembly, open_indexer
from codesearch.core.predicates import EVERYTHING, Predicate
from codesearch.core.types import DataSource, Hit, SearchQuery


class Library:
    """An open data folder, with the rights of who may read it; `open` makes one. Close it, or use it in `with`."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly

    def index(
        self,
        source: str,
        *,
        name: str | None = None,
        branch: str | None = None,
        subdir: str | None = None,
        committed: bool = False,
    ) -> DataSource:
        """Index a clone URL, a local git repository or a folder, or bring it up to date; return what is indexed now.

        A work tree is read as it is on disk, unless a branch is named or it is to be read as `committed`.
        Raises SourceError when it cannot be read; its last index then goes on answering.
        """
        from indexer.pipeline import SilentProgress

        indexer = open_indexer(self._assembly)
        progress = SilentProgress()
        report = indexer.index(source, name=name, branch=branch, subdir=subdir, committed=committed, progress=progress)
        return report.source

    def search(
        self,
        knowledge_id: str,
        query: str,
        *,
        top_k: int = 5,
        threshold: float = 0.0,
        predicate: Predicate = EVERYTHING,
    ) -> list[Hit]:
        """Return at most `top_k` hits of a repository or workspace (id or name), best first, scores in [0, 1].

        Raises NotFoundError for an unknown one, NotIndexedError for one without a finished index.
        """
        asked = SearchQuery(knowledge_id, query, top_k, threshold, predicate)
        return self._assembly.retriever.retrieve(LOCAL_PRINCIPAL, asked)

    def close(self) -> None:
        """Close what was opened; nothing is lost."""
        self._assembly.close()

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open(**settings: object) -> Library:  # noqa: A001 - read as codesearch.open
    """Open the data folder that the settings name; arguments (`data_dir`, ...) win over environment and file.

    Raises ConfigurationError for a setting that cannot be used.
    """
    return Library(open_assembly(**settings))


def index(
    source: str,
    *,
    name: str | None = None,
    branch: str | None = None,
    subdir: str | None = None,
    committed: bool = False,
    **settings: object,
) -> DataSource:
    """Open, `Library.index`, close."""
    with open(**settings) as library:
        return library.index(source, name=name, branch=branch, subdir=subdir, committed=committed)


def search(knowledge_id: str, query: str, *, top_k: int = 5, threshold: float = 0.0, **settings: object) -> list[Hit]:
    """Open, `Library.search`, close. For many queries, `open` once."""
    with open(**settings) as library:
        return library.search(knowledge_id, query, top_k=top_k, threshold=threshold)
