"""A keyword baseline: ripgrep over the tree, one process per query, no index.

python -m benchmarks.peers.ripgrep_runner --tree DIR --queries FILE --top-k K --out FILE

The query's words (letters, digits, underscores; two characters or more; without stop words) are searched as fixed
strings in any case. Files are ordered by how many different words occur in them, then by the number of occurrences,
then by path; a file's result is the 20 lines with the most different words, then the most occurrences, then the first.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.peers.asking import Result, ask_all, parser_of

WINDOW_LINES = 20
_WORD = re.compile(r"\w\w+")
STOP_WORDS = frozenset(
    "an and any are as at be been being but by can could do does done each else for from get gets given had has "
    "have how if in into is it its may more most no not of on or other out over own same should so some such than "
    "that the their them then there these they this those through to under up use used uses using via was were "
    "what when where whether which while who why will with within without would you your".split()
)


def main() -> None:
    """Ask, write, print."""
    parser = parser_of(__doc__)
    parser.add_argument("--tree", type=Path, required=True, help="folder to search")
    arguments = parser.parse_args()
    name = subprocess.run(["rg", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]
    figures: dict[str, object] = {"system": name}
    ask_all(arguments, lambda query: search(arguments.tree, query, arguments.top_k), figures)


def search(tree: Path, query: str, top_k: int) -> list[Result]:
    """Return the best files for a query with the lines where most of it matches."""
    matches = find_matches(tree, words_of(query))
    return [[path, *best_window(matches[path])] for path in rank_files(matches)[:top_k]]


def find_matches(tree: Path, words: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
    """Return path -> (line, word) of every place where one of the words occurs, in any case."""
    if not words:
        return {}
    patterns = [part for word in words for part in ("-e", word)]
    command = ["rg", "--no-config", "--no-messages", "-i", "-F", "-o", "-n", "--null", "--no-heading", *patterns, "."]
    output = subprocess.run(command, cwd=tree, capture_output=True, check=False).stdout
    matches: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for line in output.decode("utf-8", "replace").splitlines():
        path, _, rest = line.partition("\0")
        number, _, word = rest.partition(":")
        if number.isdigit():
            matches[path.removeprefix("./")].append((int(number), word.lower()))
    return matches


def rank_files(matches: Mapping[str, Sequence[tuple[int, str]]]) -> list[str]:
    """Return the files by how many different words occur in them, then by how often, then by path."""
    return sorted(matches, key=lambda path: (-len({word for _, word in matches[path]}), -len(matches[path]), path))


def words_of(query: str) -> list[str]:
    """Return the different words of a query, lower-cased, without stop words unless there are no others."""
    words = list(dict.fromkeys(_WORD.findall(query.lower())))
    return [word for word in words if word not in STOP_WORDS] or words


def best_window(matches: list[tuple[int, str]]) -> tuple[int, int]:
    """Return first and last line of the window that starts at a match and holds most different words, then matches."""
    ordered = sorted(matches)
    inside: Counter[str] = Counter()
    best, best_start, end = (0, 0), 1, 0
    for begin, (line, word) in enumerate(ordered):
        while end < len(ordered) and ordered[end][0] < line + WINDOW_LINES:
            inside[ordered[end][1]] += 1
            end += 1
        value = (len(inside), end - begin)
        if value > best:
            best, best_start = value, line
        inside[word] -= 1
        if not inside[word]:
            del inside[word]
    return best_start, best_start + WINDOW_LINES - 1


if __name__ == "__main__":
    main()
