"""Repositories with a history to ask questions of, for the tests of history and of `codesearch evaluate`."""

from __future__ import annotations

from collections.abc import Mapping

from tests.unit.indexer.conftest import Repository

AREAS = ("cart", "invoice", "shipping", "refund")


def commit_as(repository: Repository, subject: str, files: Mapping[str, str | bytes | None], author: str = "A") -> str:
    """Commit the files under a subject and return the commit's id."""
    repository.commit(files)
    repository.git("commit", "--quiet", "--amend", "--allow-empty", f"--message={subject}", f"--author={author} <a@b>")
    return repository.git("rev-parse", "HEAD")


def module(area: str, rate: int = 1, *, head: str = "") -> str:
    """Return a Python module with two functions, the first of them with a number that commits change."""
    return (
        f'{head}"""Everything about {area}."""\n\n\n'
        f"def compute_{area}_total(items):\n"
        f'    """Add up what the {area} holds."""\n'
        f"    return sum(item.price for item in items) * {rate}\n\n\n"
        f"def describe_{area}(items):\n"
        f'    """Say in words what the {area} holds."""\n'
        f'    return ", ".join(item.name for item in items)\n'
    )


def build_history(repository: Repository, rounds: int = 4) -> list[str]:
    """Commit one module per area, then `rounds` times a change of each total; return the later commits' ids."""
    commit_as(repository, "Start the shop", {f"shop/{area}.py": module(area) for area in AREAS})
    return [
        commit_as(
            repository, f"Round the {area} total, step {number} (#{number})", {f"shop/{area}.py": module(area, number)}
        )
        for number in range(2, rounds + 2)
        for area in AREAS
    ]
