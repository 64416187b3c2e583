"""The derived columns of a search index: what its files and the names that its rows define are like. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.narrowing import narrow
from codesearch.core.index.postings import SortedEntries
from codesearch.core.paths import file_extension_of, file_name_of
from codesearch.core.text.terms import IN_STEM, hash_token, name_term
from codesearch.core.text.tokens import MAX_WORD_LENGTH, tokenize

_INT8_MAX = 127
# More of a name or a file's stem count as so many.
_MOST_TERMS = 255
_FILES_AT_ONCE = 256


def pack_texts(texts: Sequence[str]) -> tuple[NDArray[np.uint8], NDArray[np.integer[Any]]]:
    """Join texts, a zero byte before the first and after each; return the bytes, each text's start, and the end."""
    encoded = [text.replace("\0", " ").encode("utf-8", "surrogatepass") for text in texts]
    starts = np.ones(len(texts) + 1, np.int64)
    starts[1:] += np.cumsum([len(text) + 1 for text in encoded], dtype=np.int64)
    return np.frombuffer(b"\0" + b"".join(text + b"\0" for text in encoded), np.uint8), narrow(starts)


def quantise(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return vectors (n, d) as whole numbers and the scale (n,) of each: their product is nearly the vector."""
    scales = np.abs(vectors).max(axis=1) / _INT8_MAX
    return np.rint(vectors / np.where(scales, scales, 1)[:, None]).astype(np.int8), scales.astype(np.float32)


def describe_files(
    paths: list[str],
    terms_of_paths: Sequence[Mapping[int, int]],
    arrays: dict[str, NDArray[Any]],
    by_file: SortedEntries,
) -> dict[str, NDArray[Any]]:
    """Say of each file what its path is, how long and deep it is, how many files refer to it and its mean vector.

    `terms_of_paths` is what `terms.path_terms` gives for each.
    """
    described: dict[str, NDArray[Any]] = {}
    for name, texts in (
        ("path", paths),
        ("path_lower", [path.lower() for path in paths]),
        ("title", [file_name_of(path).lower() for path in paths]),
        ("file_extension", [file_extension_of(path) or "" for path in paths]),
    ):
        described[f"{name}_texts"], described[f"{name}_starts"] = pack_texts(texts)
    stems = [file_name_of(path).rpartition(".")[0] or file_name_of(path) for path in paths]
    counts = [sum(1 for field in terms.values() if field & IN_STEM) for terms in terms_of_paths]
    described["file_stem_lengths"] = np.minimum(np.array(counts, np.int64), _MOST_TERMS).astype(np.uint8)
    described["stem_terms"] = _whole_terms(stems)
    described["file_references"] = by_file.frequencies(described["stem_terms"])
    firsts = arrays["first_rows"][:-1]
    described["top_references"] = np.maximum.reduceat(arrays["references"], firsts) if len(firsts) else firsts
    described |= _split_times(arrays["modified_at"], firsts, arrays["file_of_row"])
    described["depths"] = np.array([min(path.count("/"), 255) for path in paths], np.uint8)
    first_rows = arrays["first_rows"]
    lengths = np.concatenate(([0], np.cumsum(arrays["lengths"], dtype=np.int64)))
    described["file_lengths"] = np.diff(lengths[first_rows]).astype(np.int32)
    described["file_vectors"], described["file_vector_scales"] = _mean_vectors(arrays)
    return described


def _split_times(
    times: NDArray[np.int64], firsts: NDArray[np.int32], file_of_row: NDArray[np.int32]
) -> dict[str, NDArray[Any]]:
    """Return when each file was last changed, and when each row, nothing where that is the same for all of a file."""
    of_files = times[firsts]
    is_same = np.array_equal(of_files[file_of_row], times) if len(times) else True
    return {"file_times": of_files, "row_times": times[:0] if is_same else times}


def _mean_vectors(arrays: dict[str, NDArray[Any]]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return the direction of the mean of each file's row vectors."""
    first_rows, vectors, scales = arrays["first_rows"], arrays["vectors"], arrays["vector_scales"]
    quantised: list[NDArray[np.int8]] = [np.empty((0, vectors.shape[1]), np.int8)]
    factors: list[NDArray[np.float32]] = [np.empty(0, np.float32)]
    for start in range(0, len(first_rows) - 1, _FILES_AT_ONCE):
        bounds = first_rows[start : start + _FILES_AT_ONCE + 1]
        rows = slice(int(bounds[0]), int(bounds[-1]))
        sums = np.add.reduceat(vectors[rows] * scales[rows, None], bounds[:-1] - bounds[0], axis=0)
        lengths = np.linalg.norm(sums, axis=1)
        sums /= np.where(lengths, lengths, 1)[:, None]
        directions, factor = quantise(sums)
        quantised.append(directions)
        factors.append(factor)
    return np.concatenate(quantised), np.concatenate(factors)


def describe_names(
    symbols: list[str],
    arrays: dict[str, NDArray[Any]],
    name_lengths: NDArray[np.integer[Any]],
    by_file: SortedEntries,
) -> dict[str, NDArray[Any]]:
    """Say of each row which name it defines, how long that is and how many files have it.

    `name_lengths` (n,): how many distinct terms each row's name has.
    """
    names = [symbol.rpartition(".")[2] for symbol in symbols]
    codes = arrays["symbol_codes"]
    hashes_of_names = {name: name_term(name) if name else 0 for name in set(names)}
    hashes = np.array([hashes_of_names[name] for name in names], np.uint32)[codes]
    order = np.argsort(hashes, kind="stable").astype(np.int32)
    order = order[np.searchsorted(hashes[order], 1) :]
    terms = _whole_terms(names)
    return {
        "names": hashes,
        "qualified_names": np.array([name_term(symbol) if symbol else 0 for symbol in symbols], np.uint32)[codes],
        "name_lengths": np.minimum(name_lengths, _MOST_TERMS).astype(np.uint8),
        "symbol_terms": terms,
        "references": by_file.frequencies(terms)[codes],
        "rows_by_name": order,
        "sorted_names": hashes[order],
    }


def _whole_terms(names: Sequence[str]) -> NDArray[np.uint32]:
    """Return for each name the term that it is as a whole, 0 for none."""
    known = {name: _whole_term(name) for name in set(names)}
    return np.array([known[name] for name in names], np.uint32)


def _whole_term(name: str) -> int:
    word = name.strip("_")
    if word.isascii() and word.isidentifier() and len(word) <= MAX_WORD_LENGTH:
        # Its parts joined: they leave nothing out but what is between them.
        return hash_token(word.replace("_", "").lower())
    return hash_token(tokens[0]) if (tokens := tokenize(name)) else 0
