"""View: the candidates of a query as features look at them, what several features need worked out once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.versions import version_of
from codesearch.core.text.terms import IN_FOLDER, IN_STEM, name_term
from codesearch.core.text.tokens import stem
from codesearch.retrieval.candidates import FILE_FIELDS, ROW_FIELDS, JoinedCandidates
from codesearch.retrieval.features.groups import find_runs, is_among
from codesearch.retrieval.features.part import Column, Part
from codesearch.retrieval.features.paths import PATH_COLUMNS, KnownPaths
from codesearch.retrieval.features.references import count_references
from codesearch.retrieval.lexical import to_shares
from codesearch.retrieval.query.terms import QueryTerms
from codesearch.retrieval.related_terms import ANYWHERE

_DOCUMENT_LANGUAGES = frozenset({"markdown", "rst", "asciidoc", "org", "text", "html", "json", "yaml", "toml", "xml"})
_ASKS_TEST = frozenset(map(stem, "test testing spec mock fixture".split()))
_ASKS_EXAMPLE = frozenset(map(stem, "example sample benchmark demo".split()))
_ASKS_DOCUMENT = frozenset(map(stem, "documentation docs readme changelog guide tutorial configuration config".split()))


class View:
    """One query's candidates of all indexes, c in all. Columns are (c,), in their order.

    firsts, counts: where the rows of each file begin, and how many it has. row_shares, file_shares (t,): how much of
    the query each term is, as it is rare among rows and among files. here (t, c): whether each term stands in the row
    or in its path. covered_rows, related_rows (fields, c): how much of it stands in each of ROW_FIELDS, covered_files
    and related_files in each of FILE_FIELDS. paths: what the paths tell, by PATH_COLUMNS.
    """

    def __init__(self, terms: QueryTerms, candidates: JoinedCandidates) -> None:
        self.terms = terms
        self.candidates = candidates
        self.parts = _read_parts(candidates)
        self.firsts, self.counts = find_runs(candidates.files)
        self.paths: dict[str, Column] = dict(zip(PATH_COLUMNS, self.join(_describe_paths), strict=True))
        self._compare_with_query()
        self._look_up()
        self.references = count_references(self.parts, self._join)

    def _compare_with_query(self) -> None:
        candidates = self.candidates
        self.lexical: Column = candidates.join([part.lexical for part in candidates.parts])
        self.file_lexical: Column = candidates.join([part.file_lexical for part in candidates.parts])
        self.similarity: Column = candidates.join([part.similarity for part in candidates.parts])
        self.file_similarity: Column = candidates.join([part.file_similarity for part in candidates.parts])
        self.top_lexical = float(self.lexical.max()) or 1.0
        self.top_file_lexical = float(self.file_lexical.max()) or 1.0
        self.row_shares = to_shares(candidates.rarity.rows)
        self.file_shares = to_shares(candidates.rarity.files)
        # How much of the query stands in the row or in its path; and of what means nearly the same, in the row.
        in_path = candidates.file_payloads & (IN_STEM | IN_FOLDER) > 0
        self.here: Column = (candidates.row_payloads > 0) | in_path
        self.covered: Column = self.row_shares @ self.here
        self.covered_rows = _cover(self.row_shares, candidates.row_payloads, ROW_FIELDS)
        self.covered_files = _cover(self.file_shares, candidates.file_payloads, FILE_FIELDS)
        # The same of related terms.
        self.related_rows: Column = self.row_shares @ candidates.row_related
        self.related_files: Column = self.file_shares @ candidates.file_related
        self.related: Column = self.related_rows[ROW_FIELDS.index(ANYWHERE)]

    def asks_for(self, stems: frozenset[str]) -> bool:
        """Say whether the query says one of these words where it tells what kind of file it is about."""
        return bool(self.terms.asked & stems)

    def _look_up(self) -> None:
        self.asks_test, self.asks_example = self.asks_for(_ASKS_TEST), self.asks_for(_ASKS_EXAMPLE)
        self.asks_document = self.asks_for(_ASKS_DOCUMENT)
        in_words = self.join(lambda part: part.index.language_codes(_DOCUMENT_LANGUAGES)[part.languages])
        self.is_document: Column = in_words | (self.paths["is_prose"] > 0)
        self.names = np.array(self.terms.name_hashes, np.uint32)
        self.names_it = is_among(self.join(lambda part: part.index.names[part.rows]), self.names)
        self.declares = self.join(lambda part: part.index.declares[part.rows])
        self.is_first: Column = self.join(lambda part: part.rows == part.first_rows)
        # In terms, at least 1.
        self.name_length: Column = np.maximum(self.join(lambda part: part.index.name_lengths[part.rows]), 1)
        self.stem_length: Column = np.maximum(self.join(lambda part: part.index.file_stem_lengths[part.files]), 1)
        self.file_length = self.join(lambda part: np.log1p(part.index.file_lengths[part.files]))

    def join(self, column_of: Callable[[Part], Column]) -> Column:
        """Return a column of all candidates from that of each part; of several columns, (columns, rows), too."""
        parts = self.parts
        return column_of(parts[0]) if len(parts) == 1 else self._join([column_of(part) for part in parts])

    @staticmethod
    def _join(columns: Sequence[Column]) -> Column:
        return columns[0] if len(columns) == 1 else np.concatenate(columns, axis=-1)

    def of_file(self, of_runs: Column) -> Column:
        """Return for each row what was found for its file: from (files,) to (c,)."""
        return of_runs.repeat(self.counts)

    def find_qualified(self) -> Column:
        """Say which rows have a qualified name that is asked for."""
        asked = np.array([name_term(name) for name in self.terms.names if "." in name], np.uint32)
        if not len(asked):
            return np.zeros(len(self.names_it), np.bool_)
        return is_among(self.join(lambda part: part.index.qualified_names[part.rows]), asked)

    def symbol_of(self, number: int) -> str:
        """Return the qualified name of what a candidate defines, '' for none."""
        _, segment, row = self.candidates.place_of(number)
        return segment.symbol_of(row)

    def find_superseded(self) -> Column:
        """Say which rows belong to an older version of the code than there is, unless the query asks for it: `v3`."""
        versions = self.join(lambda part: part.index.superseded_versions[part.files])
        is_old: Column = versions >= 0
        if not is_old.any():
            return is_old
        asked = [version for token in self.terms.tokens if (version := version_of(token)) is not None]
        return is_old & ~is_among(versions, np.array(asked, np.int32))

    def count_folders(self) -> Column:
        """Return how many candidates' files stand in the same folder of the same data source, as a logarithm."""
        first_positions, first_folders = self.candidates.positions[self.firsts], self.paths["folder"][self.firsts]
        folders = (first_positions << 32) + first_folders
        # For as few numbers np.unique takes twice as long.
        order = folders.argsort()
        _, sizes = find_runs(folders[order])
        files = np.empty_like(order)
        files[order] = sizes.repeat(sizes)
        return self.of_file(np.log(files))


def _read_parts(candidates: JoinedCandidates) -> list[Part]:
    """Return the candidates of each data source, in their order."""
    files = candidates.join([part.files for part in candidates.parts])
    if len(candidates.parts) == 1:
        return [Part(candidates.parts[0].index, candidates.rows, files)]
    ends = accumulate((len(part.rows) for part in candidates.parts), initial=0)
    return [
        Part(part.index, candidates.rows[begin:end], files[begin:end])
        for part, (begin, end) in zip(candidates.parts, pairwise(ends), strict=True)
    ]


def _describe_paths(part: Part) -> NDArray[np.uint32]:
    return KnownPaths.of(part.index).describe(part.files)


def _cover(shares: NDArray[np.float32], payloads: NDArray[np.uint16], fields: Sequence[int]) -> Column:
    """Return how much of the query stands in each of the fields, (fields, c)."""
    masks = np.array([field or 0xFFFF for field in fields], np.uint16)
    covered: Column = shares @ (payloads & masks[:, None, None] > 0)
    return covered
