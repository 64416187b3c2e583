"""Pasted phrases: unique runs of 4 to 8 words from comments, docstrings and strings of trees, asked as they stand.

python -m benchmarks.phrases TREE... [--phrases 40] [--seed 1] [--data-dir DIR]: indexes each tree, draws phrases that
stand in one place of it alone, asks them, and prints how often the record that holds the phrase is first, and among
the first five and ten; and for how many grep_search finds the same lines as ripgrep, where that is there.
"""

from __future__ import annotations

import argparse
import random
import re
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from benchmarks.grep import Query, ask_grep_search, ask_ripgrep
from benchmarks.quality import open_assembly
from codesearch.assembly import LOCAL_PRINCIPAL, Assembly, open_indexer
from codesearch.core.index.source_index import SourceIndex
from codesearch.core.text.terms import comments_of
from codesearch.core.types import SearchQuery
from indexer.pipeline import SilentProgress

LEAST_WORDS, MOST_WORDS = 4, 8
# So many are drawn for each one that turns out to stand in one place alone.
DRAWN = 40
_STRING = re.compile(r"\"([^\"\\\n]{12,200})\"|'([^'\\\n]{12,200})'")
_PROSE = re.compile(r"[A-Za-z]{2,}(?:[ ][A-Za-z]{2,})+")
_WORD = re.compile(r"[^\W_]+")


def main() -> None:
    """Index, draw, ask, print a row for each tree and one for all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path, metavar="TREE", help="folders with source code")
    parser.add_argument("--phrases", type=int, default=40, help="of each tree")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data-dir", type=Path, help="keep the index here; default: a temporary folder")
    arguments = parser.parse_args()
    print(
        "| tree | phrases | first | in five | in ten | p50 ms | grep_search | of |\n"
        "|---|---:|---:|---:|---:|---:|---:|---:|"
    )
    total: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory() as temporary,
        closing(open_assembly(arguments.data_dir or Path(temporary) / "data")) as assembly,
    ):
        for tree in arguments.trees:
            report = open_indexer(assembly).index(
                str(tree), name=f"phrases-{tree.name}", branch=None, subdir=None, progress=SilentProgress()
            )
            index = assembly.search_indexes.get(report.source.id, report.source.run_id)
            phrases = draw_phrases(index, arguments.phrases, random.Random(f"{arguments.seed} {tree.name}"))
            counts, seconds = ask_phrases(assembly, report.source.id, phrases)
            counts.update(grep_phrases(assembly, report.source.id, index, tree, phrases))
            total += counts
            print_row(tree.name, counts, seconds)
    print_row("all", total, None)


def draw_phrases(index: SourceIndex, count: int, chance: random.Random) -> list[tuple[str, ...]]:
    """Return phrases of the rows of an index, each of which stands there once."""
    rows = list(index.rows())
    chance.shuffle(rows)
    drawn: list[tuple[str, ...]] = []
    for segment, row in rows:
        text = segment.content_of(row).decode("utf-8", "replace")
        sources = [comments_of(text), *("".join(groups) for groups in _STRING.findall(text))]
        found = [match.split() for part in sources for match in _PROSE.findall(part)]
        found = [words for words in found if len(words) >= LEAST_WORDS]
        if found:
            words = chance.choice(found)
            length = chance.randint(LEAST_WORDS, min(MOST_WORDS, len(words)))
            start = chance.randrange(len(words) - length + 1)
            drawn.append(tuple(words[start : start + length]))
        if len(drawn) == DRAWN * count:
            break
    texts = (segment.content_of(row).decode("utf-8", "replace") for segment, row in index.rows())
    whole = "\n\0\n".join(map(_normalise, texts))
    unique = [words for words in dict.fromkeys(drawn) if whole.count(f" {_normalise(' '.join(words)).strip()} ") == 1]
    return unique[:count]


def _normalise(text: str) -> str:
    return f" {' '.join(_WORD.findall(text.lower()))} "


def ask_phrases(
    assembly: Assembly, source_id: str, phrases: Sequence[tuple[str, ...]]
) -> tuple[Counter[str], list[float]]:
    """Ask each phrase; count at which rank a record holds it, and the seconds of each answer."""
    counts: Counter[str] = Counter(phrases=len(phrases), first=0, five=0, ten=0)
    seconds = []
    for words in phrases:
        started = time.perf_counter()
        hits = assembly.retriever.retrieve(LOCAL_PRINCIPAL, SearchQuery(source_id, " ".join(words), 10))
        seconds.append(time.perf_counter() - started)
        wanted = _normalise(" ".join(words))
        rank = next((rank for rank, hit in enumerate(hits, 1) if wanted in _normalise(hit.chunk.content)), 99)
        counts.update(first=rank == 1, five=rank <= 5, ten=rank <= 10)
    return counts, sorted(seconds)


def grep_phrases(
    assembly: Assembly, source_id: str, index: SourceIndex, tree: Path, phrases: Sequence[tuple[str, ...]]
) -> Counter[str]:
    """Count the phrases that ripgrep finds in indexed files as they are written, and those with the same lines here."""
    if shutil.which("rg") is None:
        return Counter()
    known = set(index.paths())
    counts: Counter[str] = Counter(found=0, same=0)
    for words in phrases:
        query = Query(" ".join(words))
        wanted = frozenset(place for place in ask_ripgrep(tree, query) if place[0] in known)
        counts.update(found=bool(wanted), same=bool(wanted) and ask_grep_search(assembly, source_id, query) == wanted)
    return counts


def print_row(name: str, counts: Counter[str], seconds: Sequence[float] | None) -> None:
    """Print one row of the table."""
    middle = f"{1000 * seconds[len(seconds) // 2]:.1f}" if seconds else ""
    print(
        f"| {name} | {counts['phrases']} | {counts['first']} | {counts['five']} | {counts['ten']} | {middle} "
        f"| {counts['same']} | {counts['found']} |"
    )


if __name__ == "__main__":
    main()
