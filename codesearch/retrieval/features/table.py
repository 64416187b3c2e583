"""The features: the name, the meaning and the computation of each. docs/ranking-features.md shows them. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.postings import FILE_COMMENTS_ON_IT, FILE_NAMES_IT
from codesearch.core.text.terms import IN_COMMENT, IN_FOLDER, IN_NAME, IN_QUALIFIER, IN_SIGNATURE, IN_STEM
from codesearch.core.text.tokens import stem
from codesearch.retrieval.candidates import FILE_FIELDS, ROW_FIELDS, JoinedCandidates
from codesearch.retrieval.features.groups import is_among, mean_of_best, ranks_of
from codesearch.retrieval.features.part import Part
from codesearch.retrieval.features.view import View
from codesearch.retrieval.related_terms import ANYWHERE

# Gives a column of all candidates, (c,), or one value that all of them have.
Computation = Callable[[View], Any]

_TYPES = frozenset({"class", "struct", "interface", "trait", "enum", "type", "object", "protocol", "record"})
_FUNCTIONS = frozenset({"method", "function", "constructor"})
_VALUES = frozenset({"constant", "variable", "field", "property"})
_SYMBOL, _WHOLE_FILE = frozenset({"symbol"}), frozenset({"file"})
_ASKS_OLD = frozenset(map(stem, "legacy deprecated compat compatibility vendor vendored generated old".split()))


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing that is said of every candidate. `meaning` is a line of the glossary."""

    name: str
    meaning: str
    compute: Computation


def _of_index(column_of: Callable[[Part], NDArray[Any]]) -> Computation:
    return lambda view: view.join(column_of)


def _path(name: str) -> Computation:
    return lambda view: view.paths[name] > 0


def _rows(field: int) -> Computation:
    number = ROW_FIELDS.index(field)
    return lambda view: view.covered_rows[number]


def _files(field: int) -> Computation:
    number = FILE_FIELDS.index(field)
    return lambda view: view.covered_files[number]


def _related_rows(field: int) -> Computation:
    number = ROW_FIELDS.index(field)
    return lambda view: view.related_rows[number]


def _related_files(field: int) -> Computation:
    number = FILE_FIELDS.index(field)
    return lambda view: view.related_files[number]


def _compounds(payloads_of: Callable[[JoinedCandidates], NDArray[np.uint16]], field: int) -> Computation:
    return lambda view: (payloads_of(view.candidates) & field > 0).sum(axis=0)


def _kind(kinds: frozenset[str]) -> Computation:
    return _of_index(lambda part: part.index.kind_codes(kinds)[part.kinds])


def _artifact(kinds: frozenset[str]) -> Computation:
    return _of_index(lambda part: part.index.artifact_codes(kinds)[part.artifacts])


# "Share" of the query: its terms weigh as they are rare. "Related": the term, or one that means nearly the same.
# fmt: off
TABLE: Final = (
    Feature("lexical", "BM25 of the row, as a share of the best candidate's",
            lambda view: view.lexical / view.top_lexical),
    Feature("file_lexical", "BM25 of the whole file, as a share of the best one",
            lambda view: view.file_lexical / view.top_file_lexical),
    Feature("similarity", "cosine of the row's vector and the query's", lambda view: view.similarity),
    Feature("file_similarity", "cosine of the mean of the file's vectors and the query's",
            lambda view: view.file_similarity),
    Feature("best_similarity_in_file", "highest `similarity` of the file's candidates",
            lambda view: view.of_file(np.maximum.reduceat(view.similarity, view.firsts))),
    Feature("mean_similarity_in_file", "a third of the sum of the three highest `similarity` of the file's candidates",
            lambda view: view.of_file(mean_of_best(view.similarity, view.firsts, view.counts))),
    Feature("covered", "share of the query that stands in the row or in its path", lambda view: view.covered),
    Feature("covered_by_name", "share of the query that stands in the symbol's name", _rows(IN_NAME)),
    Feature("covered_by_qualifier", "share of the query that stands in what encloses the symbol", _rows(IN_QUALIFIER)),
    Feature("covered_by_signature", "share of the query that stands in the signature", _rows(IN_SIGNATURE)),
    Feature("covered_by_comment", "share of the query that stands in the row's comments", _rows(IN_COMMENT)),
    Feature("covered_by_stem", "share of the query that stands in the file's name", _files(IN_STEM)),
    Feature("covered_by_folder", "share of the query that stands in the folders", _files(IN_FOLDER)),
    Feature("covered_by_file", "share of the query that stands anywhere in the file", _files(ANYWHERE)),
    Feature("covered_by_names_in_file", "share of the query that stands in names that the file defines",
            _files(FILE_NAMES_IT)),
    Feature("covered_by_comments_in_file", "share of the query that stands in the file's comments",
            _files(FILE_COMMENTS_ON_IT)),
    Feature("covers_name", "share of the symbol's name that the query says",
            lambda view: (view.candidates.row_payloads & IN_NAME > 0).sum(axis=0) / view.name_length),
    Feature("covers_stem", "share of the file's name that the query says",
            lambda view: (view.candidates.file_payloads & IN_STEM > 0).sum(axis=0) / view.stem_length),
    Feature("names_it", "the symbol has a name that is asked for", lambda view: view.names_it),
    Feature("qualified_names_it", "the symbol has a qualified name that is asked for",
            lambda view: view.find_qualified()),
    Feature("declares_it", "`names_it` and `declares`", lambda view: view.names_it & view.declares),
    Feature("stem_is_name", "the file is called as a name that is asked for",
            lambda view: is_among(view.paths["stem"], view.names)),
    Feature("declares", "the row shows where its symbol's definition begins", lambda view: view.declares),
    Feature("is_symbol", "the row is a definition", _artifact(_SYMBOL)),
    Feature("is_file", "the row is a whole small file", _artifact(_WHOLE_FILE)),
    Feature("is_type", "the symbol is a class, an interface or another type", _kind(_TYPES)),
    Feature("is_value", "the symbol is a constant, a variable, a field or a property", _kind(_VALUES)),
    Feature("is_method", "the symbol is a function, a method or a constructor", _kind(_FUNCTIONS)),
    Feature("is_test", "the path is that of a test", _path("is_test")),
    Feature("is_example", "the path is that of an example, of documentation or of a benchmark", _path("is_example")),
    Feature("is_old", "old or foreign code, or of an older version, and the query asks for none",
            lambda view: ((view.paths["is_old"] > 0) | view.find_superseded()) & (not view.asks_for(_ASKS_OLD))),
    Feature("is_document", "the language is one of documents or of configuration",
            lambda view: view.is_document),
    Feature("is_entry", "the file only gathers what others define, such as `__init__.py` or `index.ts`",
            _path("is_entry")),
    Feature("asks_test", "the query asks for tests", lambda view: view.asks_test),
    Feature("asks_example", "the query asks for examples", lambda view: view.asks_example),
    Feature("asks_document", "the query asks for documentation", lambda view: view.asks_document),
    Feature("references", "how many files have the symbol's name, log(1 + n)",
            lambda view: np.log1p(view.references.of_names)),
    Feature("length", "tokens of the row, log(1 + n)",
            _of_index(lambda part: np.log1p(part.index.lengths[part.rows]))),
    Feature("candidates_in_file", "candidates of the file, log(n)", lambda view: view.of_file(np.log(view.counts))),
    Feature("depth", "folders above the file", _of_index(lambda part: part.index.depths[part.files])),
    Feature("rows_in_file", "rows of the file, log(n)",
            _of_index(lambda part: np.log(part.file_rows))),
    Feature("lexical_order", "10 / (10 + rank by `lexical`, from 0)", lambda view: 10 / (10 + ranks_of(view.lexical))),
    Feature("similarity_order", "10 / (10 + rank by `similarity`, from 0)",
            lambda view: 10 / (10 + ranks_of(view.similarity))),
    Feature("best_lexical_in_file", "highest `lexical` of the file's candidates",
            lambda view: view.of_file(np.maximum.reduceat(view.lexical, view.firsts)) / view.top_lexical),
    Feature("sum_lexical_in_file", "sum of `lexical` over the file's candidates, log(1 + sum)",
            lambda view: np.log1p(view.of_file(np.add.reduceat(view.lexical, view.firsts)) / view.top_lexical)),
    Feature("similarity_gap", "`similarity` less the highest one",
            lambda view: view.similarity - view.similarity.max()),
    Feature("file_similarity_gap", "`file_similarity` less the highest one",
            lambda view: view.file_similarity - view.file_similarity.max()),
    Feature("lexical_gap", "BM25 of the row less the highest one, divided by the number of the query's terms",
            lambda view: (view.lexical - view.top_lexical) / max(1, len(view.terms.terms))),
    Feature("compounds", "neighbouring words of the query that stand in the row as one word",
            lambda view: (view.candidates.row_compounds > 0).sum(axis=0)),
    Feature("compounds_in_name", "of these, those in the symbol's name",
            _compounds(lambda candidates: candidates.row_compounds, IN_NAME)),
    Feature("compounds_in_stem", "neighbouring words of the query that stand in the file's name as one word",
            _compounds(lambda candidates: candidates.file_compounds, IN_STEM)),
    Feature("compounds_in_file", "neighbouring words of the query that stand anywhere in the file as one word",
            lambda view: (view.candidates.file_compounds > 0).sum(axis=0)),
    Feature("compounds_in_names_of_file", "of these, those in names that the file defines",
            _compounds(lambda candidates: candidates.file_compounds, FILE_NAMES_IT)),
    Feature("file_references", "how many files have this file's own name, log(1 + n)",
            lambda view: np.log1p(view.references.of_files)),
    Feature("top_references_in_file", "highest `references` of the file's rows",
            lambda view: np.log1p(view.references.top)),
    Feature("position", "where in its file the row stands, from 0 to 1",
            _of_index(lambda part: (part.rows - part.first_rows) / part.file_rows)),
    Feature("definitions", "how many rows define the symbol's name, log(1 + n)",
            lambda view: np.log1p(view.references.definitions)),
    Feature("related", "related share of the query in the row", lambda view: view.related),
    Feature("related_in_name", "related share of the query in the symbol's name", _related_rows(IN_NAME)),
    Feature("related_in_qualifier", "related share of the query in what encloses the symbol",
            _related_rows(IN_QUALIFIER)),
    Feature("related_in_signature", "related share of the query in the signature", _related_rows(IN_SIGNATURE)),
    Feature("related_in_comment", "related share of the query in the row's comments", _related_rows(IN_COMMENT)),
    Feature("related_in_file", "related share of the query anywhere in the file", _related_files(ANYWHERE)),
    Feature("related_in_stem", "related share of the query in the file's name", _related_files(IN_STEM)),
    Feature("related_in_folder", "related share of the query in the folders", _related_files(IN_FOLDER)),
    Feature("related_in_names_of_file", "related share of the query in names that the file defines",
            _related_files(FILE_NAMES_IT)),
    Feature("related_in_comments_of_file", "related share of the query in the file's comments",
            _related_files(FILE_COMMENTS_ON_IT)),
    Feature("related_names_share", "how much of the symbol's name the query's related terms are",
            lambda view: view.candidates.row_related[ROW_FIELDS.index(IN_NAME)].sum(axis=0) / view.name_length),
    Feature("related_stem_share", "how much of the file's name the query's related terms are",
            lambda view: view.candidates.file_related[FILE_FIELDS.index(IN_STEM)].sum(axis=0) / view.stem_length),
    Feature("language_share", "how much of the repository is in the row's language",
            _of_index(lambda part: part.index.language_shares[part.languages])),
    Feature("file_length", "tokens of the file, log(1 + n)", lambda view: view.file_length),
    Feature("file_length_gap", "`file_length` less the highest one",
            lambda view: view.file_length - view.file_length.max()),
    Feature("is_header", "the file declares what others implement, such as `.h` or `.pyi`", _path("is_header")),
    Feature("function_share", "how many of the file's rows are functions, as a share",
            _of_index(lambda part: part.index.kind_shares(_FUNCTIONS)[part.files])),
    Feature("type_share", "how many of the file's rows are types, as a share",
            _of_index(lambda part: part.index.kind_shares(_TYPES)[part.files])),
    Feature("files_in_folder", "files with candidates in the same folder, log(n)", lambda view: view.count_folders()),
    Feature("best_related_in_file", "highest `related` of the file's candidates",
            lambda view: view.of_file(np.maximum.reduceat(view.related, view.firsts))),
    Feature("is_name", "the query is one name", lambda view: view.terms.is_name),
    Feature("is_task", "the query begins with what is to be done, such as `fix` or `add`",
            lambda view: view.terms.is_task),
    Feature("term_count", "terms of the query, at most 12", lambda view: min(len(view.terms.terms), 12)),
    Feature("name_count", "names in the query", lambda view: len(view.terms.names)),
    Feature("top_similarity", "highest `similarity` of all candidates", lambda view: view.similarity.max()),
    Feature("top_coverage", "highest `covered` of all candidates", lambda view: view.covered.max()),
)
# fmt: on
FEATURES: Final = tuple(feature.name for feature in TABLE)


def compute_features(view: View) -> NDArray[np.float32]:
    """Return the features of each candidate, (c, len(FEATURES)).

    What is compared with the best is compared over all data sources.
    """
    # One feature after another is written to memory that is together: half the time of a column each.
    features = np.empty((len(TABLE), len(view.candidates.files)), np.float32)
    for number, feature in enumerate(TABLE):
        features[number] = feature.compute(view)
    return np.ascontiguousarray(features.T)
