"""An agent without an index: it searches a tree for a question's rarest words with ripgrep, and reads what it finds.

The words of the question (letters, digits, underscores; two characters or more; without stop words) that stand in the
fewest files as whole words, those that stand in none last, are searched as fixed strings in any case. The files are
read by how many different words occur in them, then by the number of occurrences, then by path: each from its first
line to its last, or, when it has more than 200 lines and `around_matches` is wanted, 20 lines before and after each
match, from the top down, what overlaps once. What ripgrep prints costs nothing here; a file's path line does.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.peers.ripgrep_runner import find_matches, rank_files, words_of
from benchmarks.token_recall import Passage, make_passage

LINES_AROUND = 20
LONG_FILE_LINES = 200
# So many files are read at most: far more than the largest budget holds.
MOST_FILES = 100
_WORD = re.compile(r"\w\w+")


def count_files(tree: Path) -> Counter[str]:
    """Return word -> in how many of the files that ripgrep searches it stands as a whole word, in any case."""
    listed = subprocess.run(["rg", "--no-config", "--files", "--null"], cwd=tree, capture_output=True, check=False)
    counts: Counter[str] = Counter()
    for name in listed.stdout.decode("utf-8", "surrogateescape").split("\0")[:-1]:
        content = (tree / name).read_bytes()
        if b"\0" not in content:
            counts.update(set(_WORD.findall(content.decode("utf-8", "replace").lower())))
    return counts


def choose_words(question: str, file_counts: Counter[str], limit: int) -> list[str]:
    """Return the rarest words of a question, at most `limit`, those in no file last; of equals the first."""
    return sorted(words_of(question), key=lambda word: (not file_counts[word], file_counts[word]))[:limit]


def grep_and_read(tree: Path, words: Sequence[str], *, around_matches: bool) -> Iterator[Passage]:
    """Yield what is read, in the order of reading; paths are from the tree."""
    matches = find_matches(tree, words)
    for path in rank_files(matches)[:MOST_FILES]:
        lines = (tree / path).read_text(encoding="utf-8", errors="replace").split("\n")
        if around_matches and len(lines) > LONG_FILE_LINES:
            ranges = merge_ranges((number for number, _ in matches[path]), len(lines))
        else:
            ranges = [(1, len(lines))]
        for start, end in ranges:
            yield make_passage(path, start, lines[start - 1 : end])


def merge_ranges(numbers: Iterable[int], last_line: int) -> list[tuple[int, int]]:
    """Return the ranges of LINES_AROUND lines before and after each of some lines, in order, none touching another."""
    ranges: list[tuple[int, int]] = []
    for number in sorted(set(numbers)):
        start, end = max(1, number - LINES_AROUND), min(last_line, number + LINES_AROUND)
        if ranges and start <= ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], end)
        else:
            ranges.append((start, end))
    return ranges
