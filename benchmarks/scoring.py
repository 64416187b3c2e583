"""NDCG@10 per query by the annotation folder's own score.py, summed by category: no query leaves this module."""

from __future__ import annotations

import importlib.util
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ALL = "all"


@dataclass(frozen=True, slots=True)
class Mean:
    """A sum of values and how many they are."""

    total: float = 0.0
    count: int = 0

    def __add__(self, other: Mean) -> Mean:
        return Mean(self.total + other.total, self.count + other.count)

    @property
    def value(self) -> float | None:
        """The mean; None of nothing."""
        return self.total / self.count if self.count else None


@dataclass(frozen=True, slots=True)
class Repository:
    """A source tree to measure on: `root` is the folder in it that is indexed, '' for all; no items: nothing to ask."""

    name: str
    language: str
    tree: Path
    root: str
    items: tuple[dict[str, Any], ...] = ()

    @property
    def queries(self) -> list[str]:
        """The questions, in order."""
        return [item["query"] for item in self.items]

    @property
    def folder(self) -> Path:
        """The folder that is indexed."""
        return self.tree / self.root


def read_repositories(bench: Path, trees: Path, only: Iterable[str] = ()) -> list[Repository]:
    """Return the repositories of repos.json that have a source tree, in its order; with `only`, just those."""
    wanted = set(only)
    found = []
    for spec in json.loads((bench / "repos.json").read_text(encoding="utf-8")):
        name = spec["name"]
        if (trees / name).is_dir() and (not wanted or name in wanted):
            items = json.loads((bench / "annotations" / f"{name}.json").read_text(encoding="utf-8"))
            root = spec.get("benchmark_root") or ""
            found.append(Repository(name, spec["language"], trees / name, root, tuple(items)))
    return found


def load_scorer(bench: Path) -> ModuleType:
    """Import the folder's score.py."""
    specification = importlib.util.spec_from_file_location("benchmark_score", bench / "score.py")
    if specification is None or specification.loader is None:
        raise SystemExit(f"{bench} has no score.py.")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def score(scorer: ModuleType, repository: Repository, results: Mapping[str, list[Any]]) -> dict[str, Mean]:
    """Return category -> NDCG@10 of the repository's queries; a query without results counts 0."""
    files = [path.relative_to(repository.tree).as_posix() for path in repository.tree.rglob("*") if path.is_file()]
    by_category: dict[str, Mean] = defaultdict(Mean)
    for item in repository.items:
        targets = [scorer.parse_target(raw) for raw in (*item.get("relevant", ()), *item.get("secondary", ()))]
        targets = [target for target in targets if any(scorer.same_path(file, target["path"]) for file in files)]
        value = scorer.ndcg(results.get(item["query"], []), targets)
        by_category[scorer.category_of(item)] += Mean(value, 1)
    return dict(by_category)


def total(means: Iterable[Mean]) -> Mean:
    """Return the mean over all of them together, every query counting the same."""
    return sum(means, Mean())
