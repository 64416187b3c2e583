"""The figures of a run of compare.py as Markdown, for results/ and for docs/, and as data for plots."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.clients import percentiles
from benchmarks.docs_text import (
    DAY,
    EXACT_SEARCH,
    INDEXING,
    INTRODUCTION,
    MANY_SOURCES,
    MANY_TREES,
    METHOD,
    PROCESSES,
    READING,
    TITLE,
    UPDATES,
)
from benchmarks.scoring import Mean, total
from benchmarks.systems import HTTP, INDEXERS, LABELS

RESULTS = Path(__file__).with_name("results")

CATEGORIES = ("architecture", "semantic", "symbol")
COMPARED_TREES = 10
NOTHING = "–"
PLOT_OF_INDEXING = "![Seconds of indexing against megabytes of source](images/indexing-size.svg)"


def systems_of(run: dict[str, Any]) -> list[str]:
    """Return the systems that were measured, in the order of the tables."""
    return [name for name in LABELS if name in run["versions"]]


def mean_of(repositories: Iterable[dict[str, Any]], system: str, category: str | None = None) -> Mean:
    """Return the NDCG@10 of a system over the queries of some repositories, of one category or of all."""
    return total(
        Mean(*sums)
        for repository in repositories
        for name, sums in repository["systems"].get(system, {}).get("ndcg", {}).items()
        if category in (None, name)
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    """Return a Markdown table; all but the first columns are numbers."""
    marks = ["---"] * text_columns + ["---:"] * (len(head) - text_columns)
    lines = [f"| {' | '.join(cells)} |" for cells in (head, *rows)]
    return "\n".join([lines[0], f"|{'|'.join(marks)}|", *lines[1:]])


def show(value: float | None, digits: int = 3) -> str:
    """Format a number; a dash for none."""
    return NOTHING if value is None else f"{value:,.{digits}f}"


def overview(run: dict[str, Any]) -> str:
    """Return the table with one row per system."""
    rows = []
    asked = [item for item in run["repositories"] if item["language"]]
    for system in systems_of(run):
        parts = [item["systems"][system] for item in asked if system in item["systems"]]
        times = percentiles([time for part in parts for time in part["query_ms"]])
        sizes = [part["store_bytes"] for part in parts if part["store_bytes"] is not None]
        measured = [item for item in asked if system in INDEXERS and system in item["systems"]]
        seconds = sum(seconds_of(item, system) or 0.0 for item in measured)
        megabytes = sum(item.get("megabytes", 0.0) for item in measured)
        rows.append(
            [
                LABELS[system],
                *(show(mean_of(run["repositories"], system, category).value) for category in CATEGORIES),
                f"**{show(mean_of(run['repositories'], system).value)}**",
                *(show(times.get(f"p{share}_ms"), 1) for share in (50, 95, 99)),
                show(seconds, 1) if seconds else NOTHING,
                show(megabytes / seconds, 2) if seconds and megabytes else NOTHING,
                show(max((part["peak_bytes"] for part in parts), default=0) / 1e6, 0),
                show(sum(sizes) / 1e6, 0) if sizes else NOTHING,
            ]
        )
    head = ["system", *CATEGORIES, "all", "p50 ms", "p95 ms", "p99 ms", "index s", "MB/s", "peak MB", "store MB"]
    return table(head, rows)


def seconds_of(repository: dict[str, Any], system: str) -> float | None:
    """Return the median of the seconds of indexing."""
    seconds = repository["systems"].get(system, {}).get("index_seconds")
    return statistics.median(seconds) if seconds else None


def quality_by(run: dict[str, Any], head: str, key: Callable[[dict[str, Any]], str]) -> str:
    """Return NDCG@10 in a row per group of repositories and a column per system."""
    asked = [item for item in run["repositories"] if any(part["ndcg"] for part in item["systems"].values())]
    # Over HTTP the answers are the same.
    systems = [name for name in systems_of(run) if name != HTTP]
    rows = []
    for group in sorted({key(item) for item in asked}):
        inside = [item for item in asked if key(item) == group]
        means = [mean_of(inside, system) for system in systems]
        cells = [show(mean.value) for mean in means]
        best = max(cell for cell in cells if cell != NOTHING)
        cells = [f"**{cell}**" if cell == best else cell for cell in cells]
        rows.append([group, str(max(mean.count for mean in means)), *cells])
    return table([head, "queries", *(LABELS[system] for system in systems)], rows)


def indexing(run: dict[str, Any]) -> str:
    """Return the comparison of indexing over the largest repositories; the ratio is ours to the peer's.

    Empty where nothing can be compared.
    """
    both = [item for item in run["repositories"] if all(seconds_of(item, system) for system in INDEXERS)]
    if not both:
        return ""
    asked = sorted((item for item in both if item["language"]), key=lambda item: -item["megabytes"])[:COMPARED_TREES]
    extra = [item for item in both if not item["language"]]
    rows = []
    for item in sorted([*asked, *extra], key=lambda item: -item["megabytes"]):
        ours, theirs = (seconds_of(item, system) or 0.0 for system in INDEXERS)
        size = item["megabytes"]
        speeds = [show(ours, 2), show(size / ours, 2), show(theirs, 2), show(size / theirs, 2)]
        rows.append([item["name"], f"{item['files']:,}", show(size, 2), *speeds, show(theirs / ours, 2)])
    return table(["repository", "files", "MB", "codesearch s", "MB/s", "semble s", "MB/s", "ratio"], rows)


def head_of(run: dict[str, Any]) -> str:
    """Return what was run where."""
    load = " to ".join(f"{value:.1f}" for value in run["load_average"])
    versions = ", ".join(sorted({name for name in run["versions"].values() if name != "codesearch"}))
    queries = max((mean_of(run["repositories"], system).count for system in systems_of(run)), default=0)
    repositories = sum(bool(item["language"]) for item in run["repositories"])
    return (
        f"{run['cores']} cores, {run['memory_gb']} GB, Python {run['python']}, load average {load}; {repositories} "
        f"repositories, {queries} queries, {run['minutes']} minutes. {versions}.\n\n    {run['command']}"
    )


def notes_of(run: dict[str, Any]) -> str:
    """Return the notes of a run as a list."""
    return "".join(f"- {note}\n" for note in run["notes"])


def results_page(run: dict[str, Any]) -> str:
    """Return the page that is kept for a commit."""
    parts = [
        f"# Side by side at {run['commit']}",
        head_of(run),
        "## NDCG@10, query times, indexing",
        overview(run),
        "## NDCG@10 by language",
        quality_by(run, "language", lambda item: str(item["language"])),
        "## NDCG@10 by repository",
        quality_by(run, "repository", lambda item: str(item["name"])),
        *(["## Indexing", compared] if (compared := indexing(run)) else []),
        notes_of(run),
    ]
    return "\n\n".join(part for part in parts if part).strip() + "\n"


def docs_page(run: dict[str, Any]) -> str:
    """Return docs/benchmarks.md."""
    parts = [
        TITLE,
        INTRODUCTION,
        f"At {run['commit']}: {head_of(run)}",
        overview(run),
        "![NDCG@10 against the median query time](images/quality-latency.svg)",
        METHOD,
        "## By language\n\nNDCG@10, the best in bold.",
        quality_by(run, "language", lambda item: str(item["language"])),
        "## By repository",
        quality_by(run, "repository", lambda item: str(item["name"])),
        *([INDEXING, compared, PLOT_OF_INDEXING] if (compared := indexing(run)) else []),
        kept_page("many-trees", MANY_TREES),
        kept_page("updates", UPDATES),
        kept_page("many-sources", MANY_SOURCES),
        kept_page("processes", PROCESSES),
        kept_page("day", DAY),
        kept_page("chunking", READING),
        kept_page("grep", EXACT_SEARCH),
        notes_of(run),
    ]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def kept_page(name: str, introduction: str, folder: Path = RESULTS) -> str:
    """Return the section with the newest page in results/ of another benchmark, '' without any."""
    pages = sorted(folder.glob(f"{name}-[0-9]*.md"))
    if not pages:
        return ""
    title, _, rest = pages[-1].read_text(encoding="utf-8").partition("\n")
    return f"{introduction.strip()}\n\n{title.lstrip('# ')}: {rest.strip()}"


def plot_data(run: dict[str, Any]) -> dict[str, Any]:
    """Return what plots.py draws: quality against latency per system, time against size per repository."""
    quality = []
    for system in systems_of(run):
        times = [time for item in run["repositories"] for time in item["systems"].get(system, {}).get("query_ms", ())]
        mean = mean_of(run["repositories"], system).value
        if times and mean is not None:
            middle = percentiles(times)["p50_ms"]
            quality.append({"system": system, "label": LABELS[system], "ms": middle, "ndcg": mean})
    points = {
        LABELS[system]: [
            [item["megabytes"], seconds]
            for item in run["repositories"]
            if (seconds := seconds_of(item, system)) is not None and "megabytes" in item
        ]
        for system in INDEXERS
    }
    return {"quality": quality, "indexing": points}
