"""Adjustments: what ranking adds to the learned margins for what the query says in so many words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from codesearch.retrieval.features.subjects import cover_by_subjects
from codesearch.retrieval.features.view import View
from codesearch.retrieval.query.quotations import OTHER_CASE


@dataclass(frozen=True, slots=True)
class Adjustment:
    """One reason. `compute` gives a value for each candidate, (c,), in [0, 1].

    for_row: what it adds to the row's weighted sum, by which the row of a file is chosen. for_file: what the chosen row
    adds to the file's margin; in_message: the same where the query is a message.
    """

    name: str
    meaning: str
    compute: Callable[[View], NDArray[Any]]
    for_row: float
    for_file: float
    in_message: float


def _has_case(view: View) -> NDArray[Any]:
    if not view.terms.is_name:
        return np.zeros(len(view.candidates.files), np.bool_)
    return _ends_with(view, [name.rpartition(".")[2] for name in view.terms.written_names], lambda name: name)


def _has_qualifier(view: View) -> NDArray[Any]:
    qualified = [] if view.terms.is_message else [name.lower() for name in view.terms.names if "." in name]
    return _ends_with(view, qualified, str.lower)


def _ends_with(view: View, names: Sequence[str], fold: Callable[[str], str]) -> NDArray[np.bool_]:
    """Say which candidates declare a symbol that has one of the names, alone or behind others."""
    found = np.zeros(len(view.candidates.files), np.bool_)
    endings = tuple(f".{name}" for name in names)
    for number in np.flatnonzero(view.names_it & view.declares).tolist() if names else ():
        found[number] = f".{fold(view.symbol_of(number))}".endswith(endings)
    return found


def _find_asked_file(view: View) -> NDArray[Any]:
    """Say how surely the query is the name of each candidate's file: not at all where it is that of a definition."""
    is_asked = view.terms.is_place and not (view.names_it & view.declares).any()
    return view.candidates.named_file * is_asked


def _is_named_head(view: View) -> NDArray[Any]:
    has_line = any(place.line is not None for place in view.terms.places)
    return view.is_first & (_find_asked_file(view) > 0) & (not has_line)


def _is_unasked_test(view: View) -> NDArray[Any]:
    return (view.paths["is_test"] > 0) & view.terms.is_message & (not view.asks_test)


def _is_unasked_document(view: View) -> NDArray[Any]:
    documents = view.is_document & (not view.asks_document)
    examples = (view.paths["is_example"] > 0) & (not view.asks_example)
    return (documents | examples) & view.terms.is_message


def _lacks_in_subjects(view: View) -> NDArray[Any]:
    if view.terms.is_name or view.terms.is_message:
        return np.zeros(len(view.candidates.files), np.float32)
    shares = cover_by_subjects(view.parts, view.terms.terms)
    # Less the highest one, the first file's margin stays about as it is, and with it what a score means.
    gaps: NDArray[np.float32] = shares.max() - shares
    return gaps


def _is_quoted(view: View) -> NDArray[Any]:
    return (view.candidates.phrase >= OTHER_CASE) & (view.terms.quotation is not None)


# fmt: off
TABLE: Final = (
    Adjustment("phrase", "how much of a phrase of the query stands in the row as it is, to the power of four",
               lambda view: view.candidates.phrase**4, for_row=20.0, for_file=10.0, in_message=2.0),
    Adjustment("quoted", "the query is a text in double quotes and nothing else, and the row holds it",
               _is_quoted, for_row=20.0, for_file=20.0, in_message=0.0),
    Adjustment("named_line", "the row holds a line that the query names",
               lambda view: view.candidates.named_line, for_row=5.0, for_file=0.0, in_message=0.0),
    Adjustment("named_head", "the query is the name of the file and nothing else, and the row is its first",
               _is_named_head, for_row=20.0, for_file=0.0, in_message=0.0),
    Adjustment("asked_file", "how surely the query is the name of the file, or of a line of it, and nothing else",
               _find_asked_file, for_row=0.0, for_file=20.0, in_message=0.0),
    Adjustment("named_file", "how surely the query names the file",
               lambda view: view.candidates.named_file, for_row=0.0, for_file=3.0, in_message=3.0),
    Adjustment("same_case", "the query is a name, and the symbol has it in the same case",
               _has_case, for_row=1.0, for_file=0.3, in_message=0.0),
    Adjustment("same_qualifier", "the symbol has a qualified name of the query, or ends with it",
               _has_qualifier, for_row=2.0, for_file=1.5, in_message=0.0),
    Adjustment("unasked_test", "a test, and the message's title asks for none",
               _is_unasked_test, for_row=0.0, for_file=0.0, in_message=-2.5),
    Adjustment("unasked_document", "a document or an example, and the message's title asks for none",
               _is_unasked_document, for_row=0.0, for_file=0.0, in_message=-4.0),
    # With 0, 4, 6, 8: recall@10 of 3,622 later commits of 38 repositories .702 .713 .717 .718; NDCG@10 of 609 annotated
    # questions .914 .915 .914 .912, of 213 to five repositories .781 .782 .781 .778, of 1,336 paraphrased ones .850
    # .852 .853 .851. Messages gained nothing.
    Adjustment("subjects_gap", "how much less of the query the subjects of the commits say that changed the file than "
               "those of another file", _lacks_in_subjects, for_row=0.0, for_file=-6.0, in_message=0.0),
)
# fmt: on
ADJUSTMENTS: Final = tuple(adjustment.name for adjustment in TABLE)
_FOR_ROW: Final = np.array([adjustment.for_row for adjustment in TABLE], np.float32)
_FOR_FILE: Final = np.array([adjustment.for_file for adjustment in TABLE], np.float32)
_IN_MESSAGE: Final = np.array([adjustment.in_message for adjustment in TABLE], np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """What the table says of candidates: values (c, a); what they add to rows' sums (c,), to files' margins (c, a)."""

    values: NDArray[np.float32]
    for_rows: NDArray[np.float32]
    for_files: NDArray[np.float32]


def adjust_candidates(view: View) -> Adjusted:
    """Return what the table says of a query's candidates."""
    values = np.empty((len(view.candidates.files), len(TABLE)), np.float32)
    for number, adjustment in enumerate(TABLE):
        values[:, number] = adjustment.compute(view)
    for_rows: NDArray[np.float32] = values @ _FOR_ROW
    return Adjusted(values, for_rows, values * (_IN_MESSAGE if view.terms.is_message else _FOR_FILE))
