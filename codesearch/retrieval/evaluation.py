"""How well answers match what was to be found: recall, reciprocal rank, the worst questions. Pure.

A question is judged against one list of records, best first; docs/evaluate.md defines each figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

# Asked for, so that ten different files come together although several records of one stand among them.
RECORDS = 100
DEFAULT_TOP_K = 10


class SymbolLike(Protocol):
    """A definition that is to be found: `ranges` are its lines, (first, last)."""

    @property
    def path(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def ranges(self) -> tuple[tuple[int, int], ...]: ...


class QuestionLike(Protocol):
    """What is asked, and what is to be found."""

    @property
    def commit(self) -> str: ...

    @property
    def text(self) -> str: ...

    @property
    def files(self) -> tuple[str, ...]: ...

    @property
    def symbols(self) -> Sequence[SymbolLike]: ...


@dataclass(frozen=True, slots=True)
class Passage:
    """Where a record stands: lines 1-based, both included."""

    path: str
    start_line: int
    end_line: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """One question with what came. `ranks` has one entry per expected file: its rank among distinct files, or None.

    `found_symbols` has one entry per expected symbol; `first_files` are the first distinct files, best first.
    """

    question: QuestionLike
    ranks: tuple[int | None, ...]
    found_symbols: tuple[bool, ...]
    shown_files: int
    first_files: tuple[str, ...]
    top_k: int

    @property
    def file_recall(self) -> float:
        """The share of the expected files among the first `top_k` distinct files."""
        return sum(rank is not None and rank <= self.top_k for rank in self.ranks) / len(self.ranks)

    @property
    def shown_file_recall(self) -> float:
        """The share of the expected files in the first `top_k` records."""
        return self.shown_files / len(self.ranks)

    @property
    def symbol_recall(self) -> float | None:
        """The share of the expected symbols that the first `top_k` records show; None when none is expected."""
        return sum(self.found_symbols) / len(self.found_symbols) if self.found_symbols else None

    @property
    def reciprocal_rank(self) -> float:
        """One over the rank of the first expected file among distinct files, 0 when no record has one."""
        return max((1 / rank for rank in self.ranks if rank is not None), default=0.0)


@dataclass(frozen=True, slots=True)
class Figures:
    """Means over the questions, in [0, 1]; `symbol_recall` over those that expect symbols, None when none does.

    `first_right` is the share whose first file is right, `any_right` of those with a right file among `top_k`.
    """

    questions: int
    symbol_questions: int
    file_recall: float
    shown_file_recall: float
    symbol_recall: float | None
    mrr: float
    first_right: float
    any_right: float


def judge(question: QuestionLike, passages: Sequence[Passage], top_k: int = DEFAULT_TOP_K) -> Judgement:
    """Judge the records that a question got, best first."""
    distinct = list(dict.fromkeys(passage.path for passage in passages))
    rank_of = {path: rank for rank, path in enumerate(distinct, 1)}
    shown = passages[:top_k]
    return Judgement(
        question=question,
        ranks=tuple(rank_of.get(path) for path in question.files),
        found_symbols=tuple(any(_shows(passage, symbol) for passage in shown) for symbol in question.symbols),
        shown_files=len({passage.path for passage in shown} & set(question.files)),
        first_files=tuple(distinct[:top_k]),
        top_k=top_k,
    )


def _shows(passage: Passage, symbol: SymbolLike) -> bool:
    return passage.path == symbol.path and any(
        passage.start_line <= last and first <= passage.end_line for first, last in symbol.ranges
    )


def summarise(judgements: Sequence[Judgement]) -> Figures:
    """Return the means over at least one judgement."""
    with_symbols = [item.symbol_recall for item in judgements if item.symbol_recall is not None]
    return Figures(
        questions=len(judgements),
        symbol_questions=len(with_symbols),
        file_recall=_mean([item.file_recall for item in judgements]),
        shown_file_recall=_mean([item.shown_file_recall for item in judgements]),
        symbol_recall=_mean(with_symbols) if with_symbols else None,
        mrr=_mean([item.reciprocal_rank for item in judgements]),
        first_right=_mean([float(item.reciprocal_rank == 1) for item in judgements]),
        any_right=_mean([float(item.file_recall > 0) for item in judgements]),
    )


def worst_first(judgements: Sequence[Judgement]) -> list[Judgement]:
    """Return the judgements by file recall, then reciprocal rank, then symbol recall, then as they came."""
    return sorted(judgements, key=lambda item: (item.file_recall, item.reciprocal_rank, item.symbol_recall or 0.0))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
