"""How much of what is to be found a reader has in hand after so many tokens. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True)
class Target:
    """A file that is to be found, by every path that stands for it, and the lines of it that count; none: all count."""

    paths: frozenset[str]
    ranges: tuple[tuple[int, int], ...] = ()

    def holds(self, path: str, line: int) -> bool:
        """Say whether a line of a file is one of those that are to be found."""
        return path in self.paths and (not self.ranges or any(start <= line <= end for start, end in self.ranges))


@dataclass(frozen=True, slots=True)
class Passage:
    """Lines of a file as they are read: `head` is what stands before them, with its line end."""

    path: str
    first_line: int
    lines: tuple[str, ...]
    head: str


def make_passage(path: str, first_line: int, lines: Sequence[str]) -> Passage:
    """Return lines behind an empty line and one with their place, as our own records are shown."""
    return Passage(path, first_line, tuple(lines), f"\n\n{path}:{first_line}-{first_line + len(lines) - 1}\n")


def measure_recall(passages: Iterable[Passage], targets: Sequence[Target], budgets: Sequence[int]) -> list[float]:
    """Return for each budget of tokens the share of the targets of which a line has been read.

    Passages are read in order; a line has been read when its last character has, and a blank line shows nothing.
    """
    most = max(budgets) * CHARACTERS_PER_TOKEN
    found_at: dict[int, int] = {}
    position = 0
    for passage in passages:
        position += len(passage.head)
        for number, line in enumerate(passage.lines, passage.first_line):
            position += len(line)
            if line.strip():
                for key, target in enumerate(targets):
                    if key not in found_at and target.holds(passage.path, number):
                        found_at[key] = position
            position += 1
        position -= bool(passage.lines)  # the last line's end is the next head's
        if position >= most:
            break
    return [sum(at <= budget * CHARACTERS_PER_TOKEN for at in found_at.values()) / len(targets) for budget in budgets]
