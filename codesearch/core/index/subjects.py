"""What the subjects of commits say of the files that they changed: the lines, and of each file the terms in them. Pure.

A segment in which no file has any has none of these arrays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from codesearch.core.index.columns import pack_texts
from codesearch.core.index.narrowing import narrow
from codesearch.core.index.numbering import count_on, expand_ranges
from codesearch.core.text.terms import MAX_COUNT, terms_of

# How many distinct terms each of some files has in its subjects; those of one file after another's, ascending; how
# often each is there, at most MAX_COUNT.
SubjectTerms: TypeAlias = tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint8]]

_NO_TERMS: Final = np.empty(0, np.uint32)
_NO_COUNTS: Final = np.empty(0, np.uint8)


def describe_subjects(paths: Sequence[str], subjects: Mapping[str, str]) -> dict[str, NDArray[Any]]:
    """Return the arrays of the files at `paths`; `subjects` has the lines of those that have any, the newest first.

    Of a file: which lines, by their numbers among the distinct ones, and the terms with their counts.
    """
    lines_of_files = [text.split("\n") if (text := subjects.get(path)) else [] for path in paths]
    if not any(lines_of_files):
        return {}
    distinct = sorted({line for lines in lines_of_files for line in lines})
    numbers = {line: number for number, line in enumerate(distinct)}
    terms_of_lines = {line: terms_of(line) for line in distinct}
    counted = [_count_terms([terms_of_lines[line] for line in lines]) for lines in lines_of_files]
    texts, starts = pack_texts(distinct)
    return {
        "subject_line_texts": texts,
        "subject_line_starts": starts,
        "file_subjects": narrow(np.array([numbers[line] for lines in lines_of_files for line in lines], np.int64)),
        "file_subject_starts": narrow(count_on(list(map(len, lines_of_files)))),
        "subject_starts": narrow(count_on([len(terms) for terms, _ in counted])),
        "subject_terms": np.array([term for terms, _ in counted for term in terms], np.uint32),
        "subject_counts": np.array([count for _, counts in counted for count in counts], np.uint8),
    }


def _count_terms(terms_of_lines: Sequence[Sequence[int]]) -> tuple[list[int], list[int]]:
    counts = Counter(term for terms in terms_of_lines for term in terms)
    ascending = sorted(counts)
    return ascending, [min(counts[term], MAX_COUNT) for term in ascending]


def read_terms(arrays: Mapping[str, NDArray[Any]], files: NDArray[np.integer[Any]]) -> SubjectTerms:
    """Return the terms of some files of a segment, in the order of `files`; none where the segment has none."""
    starts = arrays.get("subject_starts")
    if starts is None:
        return np.zeros(len(files), np.int64), _NO_TERMS, _NO_COUNTS
    firsts = starts[files].astype(np.int64)
    sizes = starts[files + 1] - firsts
    places = expand_ranges(firsts, sizes)
    return sizes, arrays["subject_terms"][places], arrays["subject_counts"][places]


def join_terms(owners: NDArray[np.integer[Any]], parts: Mapping[int, SubjectTerms]) -> SubjectTerms:
    """Return the terms of files of several segments, given which is in which, and the terms of those in each."""
    order = np.argsort(owners, kind="stable")
    read = [parts[number] for number in sorted(parts)]
    sizes = np.concatenate([sizes for sizes, _, _ in read])
    ends = np.cumsum(sizes)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    places = expand_ranges((ends - sizes)[ranks], sizes[ranks])
    terms = np.concatenate([terms for _, terms, _ in read])
    counts = np.concatenate([counts for *_, counts in read])
    return sizes[ranks], terms[places], counts[places]


def read_lines(arrays: Mapping[str, NDArray[Any]], file: int) -> str:
    """Return the subjects of a file of a segment, the newest first, one a line; '' for none."""
    starts = arrays.get("file_subject_starts")
    if starts is None:
        return ""
    codes = arrays["file_subjects"][int(starts[file]) : int(starts[file + 1])].tolist()
    texts, places = arrays["subject_line_texts"], arrays["subject_line_starts"]
    return "\n".join(
        texts[int(places[code]) : int(places[code + 1]) - 1].tobytes().decode("utf-8", "surrogatepass")
        for code in codes
    )
