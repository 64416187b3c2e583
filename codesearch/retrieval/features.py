"""Candidates -> features: what the ranking model sees of each candidate. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.postings import FILE_COMMENTS_ON_IT, FILE_NAMES_IT
from codesearch.core.index.search_index import SearchIndex
from codesearch.core.index.versions import version_of
from codesearch.core.text.terms import IN_COMMENT, IN_FOLDER, IN_NAME, IN_QUALIFIER, IN_SIGNATURE, IN_STEM, name_term
from codesearch.core.text.tokens import stem
from codesearch.retrieval.candidates import FILE_PLACES, ROW_PLACES, Candidates, JoinedCandidates
from codesearch.retrieval.lexical import to_shares
from codesearch.retrieval.query_terms import QueryTerms

TYPE_KINDS = frozenset({"class", "struct", "interface", "trait", "enum", "type", "object", "protocol", "record"})
_FUNCTION_KINDS = frozenset({"method", "function", "constructor"})
VALUE_KINDS = frozenset({"constant", "variable", "field", "property"})
DOCUMENT_LANGUAGES = frozenset({"markdown", "rst", "asciidoc", "org", "text", "html", "json", "yaml", "toml", "xml"})
_TEST = re.compile(
    r"(^|/)(tests?|testing|__tests__|specs?|testdata|fixtures?|mocks?)(/|$)"
    r"|(^|[/_.-])(test|spec)s?[_.-]|[_.-](tests?|specs?|mock)\.\w+$|(Tests?|Spec)\.\w+$"
)
_EXAMPLE = re.compile(r"(^|/)(examples?|samples?|demos?|docs?|bench(marks?)?)(/|$)")
_OLD = re.compile(r"(^|/)(legacy|deprecated|compat|vendor|third_party|generated)(/|$)|\.d\.ts$")
_HEADER = re.compile(r"\.(h|hh|hpp|hxx|pyi|d\.ts|mli)$")
_ENTRY = re.compile(r"(^|/)(__init__\.py|index\.[jt]sx?|mod\.rs|lib\.rs|types\.[jt]s|prelude\.\w+|exports?\.\w+)$")
_ASKS_TEST = frozenset(map(stem, "test testing spec mock fixture".split()))
_ASKS_EXAMPLE = frozenset(map(stem, "example sample benchmark demo".split()))
_ASKS_OLD = frozenset(map(stem, "legacy deprecated compat compatibility vendor vendored generated old".split()))
_ASKS_DOCUMENT = frozenset(map(stem, "documentation docs readme changelog guide tutorial configuration config".split()))

FEATURES: Final = (
    "lexical", "file_lexical", "similarity", "file_similarity", "best_similarity_in_file", "mean_similarity_in_file",
    "covered", "covered_by_name", "covered_by_qualifier", "covered_by_signature", "covered_by_comment",
    "covered_by_stem", "covered_by_folder", "covered_by_file", "covered_by_names_in_file",
    "covered_by_comments_in_file", "covers_name", "covers_stem", "names_it", "qualified_names_it", "declares_it",
    "stem_is_name",
    "declares", "is_symbol", "is_file", "is_type", "is_value", "is_method",
    "is_test", "is_example", "is_old", "is_document", "is_entry", "asks_test", "asks_example", "asks_document",
    "references", "length", "candidates_in_file", "depth", "rows_in_file", "lexical_order", "similarity_order",
    "best_lexical_in_file", "sum_lexical_in_file", "similarity_gap", "file_similarity_gap", "lexical_gap",
    "compounds", "compounds_in_name", "compounds_in_stem", "compounds_in_file", "compounds_in_names_of_file",
    "file_references", "top_references_in_file", "position", "definitions",
    "related", "related_in_name", "related_in_qualifier", "related_in_signature", "related_in_comment",
    "related_in_file", "related_in_stem", "related_in_folder", "related_in_names_of_file",
    "related_in_comments_of_file", "related_names_share", "related_stem_share",
    "language_share", "file_length", "file_length_gap", "is_header", "function_share", "type_share",
    "files_in_folder", "best_related_in_file",
    "is_name", "is_task", "term_count", "name_count", "top_similarity", "top_coverage",
)  # fmt: skip


def compute_features(terms: QueryTerms, candidates: JoinedCandidates) -> NDArray[np.float32]:
    """Return the features of each candidate, (c, len(FEATURES)).

    What is compared with the best is compared over all indexes.
    """
    names = np.array(terms.name_hashes, np.uint32)
    qualified = np.array([name_term(name) for name in terms.names if "." in name], np.uint32)
    looked_up = [_look_up(part) for part in candidates.parts]
    columns = looked_up[0]
    if len(looked_up) > 1:
        columns = {name: np.concatenate([of_part[name] for of_part in looked_up]) for name in columns}
    columns["names_it"] = np.isin(columns.pop("name"), names)
    columns["qualified_names_it"] = np.isin(columns.pop("qualified_name"), qualified)
    columns["declares_it"] = columns["names_it"] & columns["declares"]
    columns["stem_is_name"] = np.isin(columns.pop("stem"), names)
    columns["is_old"] = _is_old(columns, terms)
    firsts, counts = find_runs(candidates.files)
    _count_folders(columns, candidates.places, firsts, counts)
    _cover(columns, candidates)
    _find_compounds(columns, candidates)
    _find_related(columns, candidates)
    _compare(columns, firsts, counts, max(1, len(terms.terms)))
    of_query = {
        "asks_test": bool(terms.stems & _ASKS_TEST),
        "asks_example": bool(terms.stems & _ASKS_EXAMPLE),
        "asks_document": bool(terms.stems & _ASKS_DOCUMENT),
        "is_name": terms.is_name,
        "is_task": terms.is_task,
        "term_count": min(len(terms.terms), 12),
        "name_count": len(terms.names),
    }
    features = np.empty((len(candidates.files), len(FEATURES)), np.float32)
    for number, name in enumerate(FEATURES):
        features[:, number] = of_query[name] if name in of_query else columns[name]
    return features


def _look_up(candidates: Candidates) -> dict[str, NDArray[Any]]:
    """Return what one index says of its rows and their files, whatever was asked."""
    index, rows, files = candidates.index, candidates.rows, candidates.files
    first_rows, row_counts = index.first_rows[files], index.first_rows[files + 1] - index.first_rows[files]
    columns: dict[str, NDArray[Any]] = {
        "row_score": candidates.lexical,
        "file_score": candidates.file_lexical,
        "similarity": candidates.similarity,
        "file_similarity": candidates.file_similarity,
        "name": index.names[rows],
        "qualified_name": index.qualified_names[rows],
        "name_length": index.name_lengths[rows],
        "stem_length": index.file_stem_lengths[files],
        "declares": index.declares[rows],
        "references": np.log1p(index.references[rows]),
        "length": np.log1p(index.lengths[rows]),
        "rows_in_file": np.log(row_counts),
        "file_references": np.log1p(index.file_references[files]),
        "top_references_in_file": np.log1p(index.top_references[files]),
        "position": (rows - first_rows) / row_counts,
        "definitions": np.log1p(index.count_definitions(rows)),
        "version": index.superseded_versions[files],
        "language_share": index.language_shares[index.row_languages[rows]],
        "file_length": np.log1p(index.file_lengths[files]),
        "function_share": index.kind_shares(_FUNCTION_KINDS)[files],
        "type_share": index.kind_shares(TYPE_KINDS)[files],
        "depth": index.depths[files],
    }
    _look_up_kinds(columns, index, rows)
    _look_up_paths(columns, index, files)
    return columns


def _look_up_kinds(columns: dict[str, NDArray[Any]], index: SearchIndex, rows: NDArray[np.int32]) -> None:
    kinds, artifacts = index.row_symbol_kinds[rows], index.row_artifact_kinds[rows]
    columns["is_symbol"] = index.artifact_codes(frozenset({"symbol"}))[artifacts]
    columns["is_file"] = index.artifact_codes(frozenset({"file"}))[artifacts]
    columns["is_type"] = index.kind_codes(TYPE_KINDS)[kinds]
    columns["is_value"] = index.kind_codes(VALUE_KINDS)[kinds]
    columns["is_method"] = index.kind_codes(_FUNCTION_KINDS)[kinds]
    columns["is_document"] = index.language_codes(DOCUMENT_LANGUAGES)[index.row_languages[rows]]


def _look_up_paths(columns: dict[str, NDArray[Any]], index: SearchIndex, files: NDArray[np.int32]) -> None:
    firsts, counts = find_runs(files)
    described = np.array([_describe_path(index.path_of(file)) for file in files[firsts].tolist()], np.uint32)
    described = np.repeat(described.reshape(-1, 7), counts, axis=0)
    for number, name in enumerate(("is_test", "is_example", "is_old", "is_entry", "is_header")):
        columns[name] = described[:, number] > 0
    columns["stem"], columns["folder"] = described[:, 5], described[:, 6]


def find_runs(files: NDArray[np.int32] | NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the rows of each file begin, and how many it has. `files` ascend."""
    firsts = np.flatnonzero(np.diff(files, prepend=-1))
    return firsts, np.diff(firsts, append=len(files))


def _compare(
    columns: dict[str, NDArray[Any]], firsts: NDArray[np.int64], counts: NDArray[np.int64], term_count: int
) -> None:
    """Add what only shows beside the other candidates, and beside the `counts` rows of a file from `firsts` on."""
    similarity, lexical, file_lexical = columns["similarity"], columns.pop("row_score"), columns.pop("file_score")
    top_lexical, top_file = _top(lexical), _top(file_lexical)
    columns["lexical"] = lexical / top_lexical
    columns["file_lexical"] = file_lexical / top_file
    columns["best_similarity_in_file"] = np.repeat(np.maximum.reduceat(similarity, firsts), counts)
    columns["mean_similarity_in_file"] = np.repeat(_mean_of_best(similarity, firsts, counts), counts)
    columns["candidates_in_file"] = np.repeat(np.log(counts), counts)
    columns["lexical_order"] = 10 / (10 + _places(lexical))
    columns["similarity_order"] = 10 / (10 + _places(similarity))
    columns["best_lexical_in_file"] = np.repeat(np.maximum.reduceat(lexical, firsts), counts) / top_lexical
    columns["sum_lexical_in_file"] = np.log1p(np.repeat(np.add.reduceat(lexical, firsts), counts) / top_lexical)
    columns["similarity_gap"] = similarity - similarity.max()
    columns["file_similarity_gap"] = columns["file_similarity"] - columns["file_similarity"].max()
    columns["lexical_gap"] = (lexical - top_lexical) / term_count
    columns["file_length_gap"] = columns["file_length"] - columns["file_length"].max()
    columns["best_related_in_file"] = np.repeat(np.maximum.reduceat(columns["related"], firsts), counts)
    columns["top_similarity"] = similarity.max()
    columns["top_coverage"] = columns["covered"].max()


def _cover(columns: dict[str, NDArray[Any]], candidates: JoinedCandidates) -> None:
    """Say how much of the query, each term weighing as it is rare, stands where in the row, its path and its file."""
    row_share, file_share = to_shares(candidates.rarity.rows), to_shares(candidates.rarity.files)
    row_places, file_places = candidates.row_places, candidates.file_places
    in_path = file_places & (IN_STEM | IN_FOLDER) > 0
    columns["covered"] = row_share @ ((row_places > 0) | in_path)
    for name, place in (
        ("name", IN_NAME), ("qualifier", IN_QUALIFIER), ("signature", IN_SIGNATURE), ("comment", IN_COMMENT),
    ):  # fmt: skip
        columns[f"covered_by_{name}"] = row_share @ (row_places & place > 0)
    columns["covered_by_file"] = file_share @ (file_places > 0)
    for name, place in (
        ("stem", IN_STEM), ("folder", IN_FOLDER), ("names_in_file", FILE_NAMES_IT),
        ("comments_in_file", FILE_COMMENTS_ON_IT),
    ):  # fmt: skip
        columns[f"covered_by_{name}"] = file_share @ (file_places & place > 0)
    name_terms = (row_places & IN_NAME > 0).sum(axis=0)
    columns["covers_name"] = name_terms / np.maximum(columns["name_length"], 1)
    stem_terms = (file_places & IN_STEM > 0).sum(axis=0)
    columns["covers_stem"] = stem_terms / np.maximum(columns["stem_length"], 1)


def _find_compounds(columns: dict[str, NDArray[Any]], candidates: JoinedCandidates) -> None:
    """Count which neighbouring words of the query stand as one word where."""
    rows, files = candidates.row_compounds, candidates.file_compounds
    columns["compounds"] = (rows > 0).sum(axis=0)
    columns["compounds_in_name"] = (rows & IN_NAME > 0).sum(axis=0)
    columns["compounds_in_stem"] = (files & IN_STEM > 0).sum(axis=0)
    columns["compounds_in_file"] = (files > 0).sum(axis=0)
    columns["compounds_in_names_of_file"] = (files & FILE_NAMES_IT > 0).sum(axis=0)


def _find_related(columns: dict[str, NDArray[Any]], candidates: JoinedCandidates) -> None:
    """Say how much of the query, or words that mean nearly the same, stands where."""
    row_share, file_share = to_shares(candidates.rarity.rows), to_shares(candidates.rarity.files)
    for suffix, values in zip(
        ("", "_in_name", "_in_qualifier", "_in_signature", "_in_comment"), candidates.row_related, strict=True
    ):
        columns[f"related{suffix}"] = row_share @ values
    for suffix, values in zip(
        ("file", "stem", "folder", "names_of_file", "comments_of_file"), candidates.file_related, strict=True
    ):
        columns[f"related_in_{suffix}"] = file_share @ values
    name_sums = candidates.row_related[ROW_PLACES.index(IN_NAME)].sum(axis=0)
    columns["related_names_share"] = name_sums / np.maximum(columns["name_length"], 1)
    stem_sums = candidates.file_related[FILE_PLACES.index(IN_STEM)].sum(axis=0)
    columns["related_stem_share"] = stem_sums / np.maximum(columns["stem_length"], 1)


def _is_old(columns: dict[str, NDArray[Any]], terms: QueryTerms) -> NDArray[np.bool_]:
    """Return which rows belong to old code or to an older version, unless the query asks for such: `v3`."""
    asked = [version for token in terms.tokens if (version := version_of(token)) is not None]
    versions = columns.pop("version")
    superseded = (versions >= 0) & ~np.isin(versions, asked)
    return (columns["is_old"] | superseded) & (not terms.stems & _ASKS_OLD)


def _count_folders(
    columns: dict[str, NDArray[Any]],
    places: NDArray[np.int64],
    firsts: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> None:
    """Count the files that stand in the same folder of the same index; `places` are the rows' indexes."""
    folders = (places[firsts] << 32) + columns.pop("folder")[firsts]
    _, which, sizes = np.unique(folders, return_inverse=True, return_counts=True)
    columns["files_in_folder"] = np.repeat(np.log(sizes[which]), counts)


@lru_cache(maxsize=65_536)
def _describe_path(path: str) -> tuple[bool, bool, bool, bool, bool, int, int]:
    """Say whether a file is a test, an example, kept or foreign code, an entry point, a header; and two hashes."""
    # Below src/main, Maven's and Gradle's place of the product, `test` is part of a package's name.
    product = "src/main/" in path
    folder, _, name = path.rpartition("/")
    return (
        _TEST.search(path) is not None and not product,
        _EXAMPLE.search(path) is not None and not product,
        _OLD.search(path) is not None,
        _ENTRY.search(path) is not None,
        _HEADER.search(path) is not None,
        name_term(name.partition(".")[0]),
        name_term(folder),
    )


def _mean_of_best(
    values: NDArray[np.float32], firsts: NDArray[np.int64], counts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the sum of each group's three best values, divided by three: one good row alone says less."""
    groups = np.repeat(np.arange(len(firsts)), counts)
    order = np.lexsort((-values, groups))
    best = order[np.arange(len(values)) - np.repeat(firsts, counts) < 3]
    return np.bincount(groups[best], values[best], len(firsts)) / 3


def _places(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return each value's place in descending order, from 0; equal values in the order of the rows."""
    places = np.empty(len(values), np.int64)
    places[np.argsort(-values, kind="stable")] = np.arange(len(values))
    return places


def _top(values: NDArray[np.float32]) -> float:
    return float(values.max()) or 1.0
