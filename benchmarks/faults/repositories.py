"""Repositories of several generations that share no file's content, and what of them an answer shows."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from benchmarks.updates import git

# More than two: an index that is older than the one before is told from both.
GENERATIONS = 3
FILES, FUNCTIONS = 30, 2
QUERY = "mark of function 1 in module 17"
_MARK = re.compile(r"'generation_(\d+)'")


class Repository:
    """A repository that can be taken to each of its generations. `name` is its data source's, too."""

    def __init__(self, folder: Path) -> None:
        self.path, self.name = folder, folder.name
        folder.mkdir(parents=True)
        git(folder, "init", "--quiet", ".")
        for generation in range(GENERATIONS):
            for number in range(FILES):
                (folder / f"module_{number}.py").write_text(_make_module(folder.name, number, generation))
            git(folder, "add", "--all")
            git(folder, "commit", "--quiet", "--message", f"generation {generation}")
            git(folder, "tag", f"generation-{generation}")

    def go_to(self, generation: int) -> None:
        """Check out a generation."""
        git(self.path, "reset", "--quiet", "--hard", f"generation-{generation}")


def _make_module(repository: str, number: int, generation: int) -> str:
    return "\n\n".join(
        f"def function_{number}_{place}(value):\n"
        f'    """Return the mark of function {place} in module {number} of {repository}, generation {generation}."""\n'
        f"    if value > {place}:\n        return 'more', value * {number}\n"
        f"    return 'generation_{generation}', value + {place}\n"
        for place in range(FUNCTIONS)
    )


def generations_in(texts: Iterable[str]) -> set[int]:
    """Return the generations that these texts are of."""
    return {int(mark) for text in texts for mark in _MARK.findall(text)}
