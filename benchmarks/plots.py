"""Draws the plots of docs/benchmarks.md. By an environment with matplotlib: python plots.py DATA FOLDER.

DATA is the JSON of report.plot_data. Writes quality-latency.svg and indexing-size.svg, the same for the same data.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

# Told apart by people with any colour vision, on white: codesearch stands out, peers have their own colour and mark.
STYLES = {
    "codesearch": ("#0072b2", "o"),
    "codesearch-http": ("#56b4e9", "o"),
    "semble": ("#d55e00", "s"),
    "semble-bm25": ("#e69f00", "s"),
    "ripgrep": ("#666666", "^"),
    "text": ("#009e73", "D"),
    "vector": ("#cc79a7", "D"),
}
INDEXING_STYLES = (STYLES["codesearch"], STYLES["semble"])


def main() -> None:
    """Read the data, draw both plots."""
    import matplotlib as mpl  # type: ignore[import-not-found,unused-ignore]

    mpl.use("svg")
    mpl.rcParams.update(
        {
            "svg.fonttype": "none",
            "svg.hashsalt": "codesearch",
            "font.family": "sans-serif",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#e5e5e5",
        }
    )
    data = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    folder = Path(sys.argv[2])
    save(draw_quality(data["quality"]), folder / "quality-latency.svg")
    save(draw_indexing(data["indexing"]), folder / "indexing-size.svg")


def new_axes() -> tuple[Any, Any]:
    """Return an empty figure and its axes."""
    from matplotlib import pyplot  # type: ignore[import-not-found,unused-ignore]

    figure, axes = pyplot.subplots(figsize=(7.5, 4.5), layout="constrained")
    return figure, axes


def draw_quality(points: list[dict[str, Any]]) -> Any:
    """Draw one point per system: the median query time to the right, NDCG@10 upwards."""
    figure, axes = new_axes()
    for point in points:
        colour, mark = STYLES[point["system"]]
        label = f"{point['label']}: {point['ndcg']:.3f}, {point['ms']:.1f} ms"
        axes.scatter(point["ms"], point["ndcg"], color=colour, marker=mark, s=70, label=label)
    axes.set_xscale("log")
    axes.set_xlabel("median time of a query, milliseconds")
    axes.set_ylabel("NDCG@10")
    use_plain_numbers(axes.xaxis)
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.set_size_inches(9.5, 4.5)
    return figure


def draw_indexing(points: dict[str, list[list[float]]]) -> Any:
    """Draw one point per repository and system: megabytes to the right, seconds upwards."""
    figure, axes = new_axes()
    for (colour, mark), (label, values) in zip(INDEXING_STYLES, points.items(), strict=False):
        if values:
            axes.scatter(*zip(*values, strict=True), color=colour, marker=mark, s=35, label=label, alpha=0.85)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("source, megabytes")
    axes.set_ylabel("indexing, seconds from the start of the process")
    use_plain_numbers(axes.xaxis)
    use_plain_numbers(axes.yaxis)
    axes.legend(frameon=False)
    return figure


def use_plain_numbers(axis: Any) -> None:
    """Label a logarithmic axis at 1, 2 and 5 of each power of ten, without exponents."""
    from matplotlib.ticker import (  # type: ignore[import-not-found,unused-ignore]
        FuncFormatter,
        LogLocator,
        NullFormatter,
    )

    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_minor_formatter(NullFormatter())


def save(figure: Any, path: Path) -> None:
    """Write an SVG file without a date."""
    figure.savefig(path, metadata={"Date": None}, facecolor="white")


if __name__ == "__main__":
    main()
