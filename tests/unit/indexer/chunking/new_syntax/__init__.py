"""Short texts in the current syntax of each language that a grammar reads, with the symbols that have to come out."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import NamedTuple


class Sample(NamedTuple):
    """One piece of newer syntax between other definitions: what it is, its file, the symbols as `kind name`."""

    news: str
    path: str
    symbols: tuple[str, ...]
    text: str

    @property
    def key(self) -> str:
        """Name the sample by its file's ending and what is new in it."""
        return f"{self.path.rpartition('.')[2]}: {self.news}"


def all_samples() -> Iterator[Sample]:
    """Yield the samples of every module here, in order."""
    for info in sorted(iter_modules(__path__), key=lambda info: info.name):
        yield from import_module(f"{__name__}.{info.name}").SAMPLES
