"""Checks symbol chunks against Universal Ctags: how many of the definitions it reports lie in a chunk of their name.

Counted: every named function, method, class, struct, interface, trait and enum that ctags reports in the files under
--trees that would be indexed (minified and generated ones are not). Covered: a `symbol` chunk of that name, alone or as
the last part of its qualified name, holds the line. What ctags misreads (a keyword as a name, a lambda's parameter as a
method, a record's field as a function) is counted apart.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from codesearch.core.types import ArtifactKind, Chunk, SourceFile
from indexer.chunking.chunker import Chunker
from indexer.chunking.languages.table import language_of
from indexer.source.skipping import judge_name
from indexer.source.walk import judge_content

KINDS = frozenset({"function", "method", "class", "struct", "interface", "trait", "enum"})
# What ctags calls the same things in some languages.
_SAME_KINDS = {
    "func": "function",
    "subroutine": "function",
    "procedure": "function",
    "singletonMethod": "method",
    "protocol": "interface",
}
# Languages whose units have words of their own: a module of Verilog is what a class is elsewhere.
_UNITS = {
    ("Verilog", "module"): "class",
    ("Verilog", "task"): "function",
    ("SystemVerilog", "module"): "class",
    ("SystemVerilog", "package"): "class",
    ("SystemVerilog", "task"): "function",
    ("VHDL", "entity"): "class",
    ("VHDL", "architecture"): "class",
    ("VHDL", "package"): "class",
    ("Fortran", "module"): "class",
    ("Fortran", "program"): "function",
    ("Fortran", "type"): "struct",
    ("Ada", "package"): "class",
    ("PuppetManifest", "definition"): "class",
    ("CMake", "macro"): "function",
    ("Lisp", "macro"): "function",
    ("Cobol", "paragraph"): "function",
    ("Cobol", "program"): "class",
}
# Names that ctags makes up for what has none.
_MADE_UP = re.compile(r"^__anon|^anonymous|^Anonymous|^<lambda>$")
_MAX_BYTES = 1_048_576
_MAX_TOKENS = 256
_WORD = re.compile(r"\w+|[^\w\s]")


_KEYWORDS = {
    "Haskell": frozenset({"class", "deriving", "infixr", "infixl", "infix", "instance", "type", "data", "newtype"}),
    "TypeScript": frozenset({"if", "new", "true", "as", "extends", "for", "while", "switch", "return"}),
    "C#": frozenset({"base"}),
}


@dataclass(frozen=True, slots=True)
class Tag:
    """One definition as ctags reports it."""

    path: str
    line: int
    name: str
    kind: str
    language: str


@dataclass(slots=True)
class Score:
    """Counts for one language."""

    reported: int = 0
    covered: int = 0
    misread: int = 0
    misses: list[Tag] = field(default_factory=list)


def count_tokens(texts: Sequence[str]) -> list[int]:
    """Count words and other characters: near enough to a model's tokens, and needs no model."""
    return [len(_WORD.findall(text)) for text in texts]


def read_tags(trees: Path) -> Iterator[Tag]:
    """Run ctags on a folder. Raises SystemExit when it is not installed."""
    command = ["ctags", "--recurse", "--output-format=json", "--fields=+nKl", "--exclude=.git", "-f", "-", "."]
    try:
        run = subprocess.run(command, cwd=trees, capture_output=True, check=True)
    except FileNotFoundError:
        raise SystemExit("ctags is not installed: apt install universal-ctags") from None
    for line in run.stdout.split(b"\n"):
        try:
            record = json.loads(line.decode("utf-8", "replace"), strict=False)
        except ValueError:
            continue  # ctags leaves some odd names unescaped
        if record.get("_type") != "tag" or "line" not in record:
            continue
        kind, language = record.get("kind", ""), record.get("language", "?")
        # Python's methods are "member", which elsewhere is a field.
        kind = "method" if (language, kind) == ("Python", "member") else _SAME_KINDS.get(kind, kind)
        kind = _UNITS.get((language, kind), kind)
        if kind in KINDS:
            yield Tag(record["path"].removeprefix("./"), record["line"], record["name"], kind, language)


def check(trees: Path) -> tuple[dict[str, Score], int, float]:
    """Chunk every file that ctags reports something in; return scores by language, bytes read and seconds."""
    by_path: dict[str, list[Tag]] = defaultdict(list)
    for tag in read_tags(trees):
        if not _MADE_UP.search(tag.name):
            by_path[tag.path].append(tag)
    chunker = Chunker(count_tokens, _MAX_TOKENS)
    scores: dict[str, Score] = defaultdict(Score)
    size, seconds = 0, 0.0
    print(f"{sum(map(len, by_path.values()))} definitions reported", file=sys.stderr)
    for path in sorted(by_path):
        data = (trees / path).read_bytes()
        text = None if len(data) > _MAX_BYTES or judge_name(path) is not None else judge_content(path, data)
        language = language_of(path, text) if isinstance(text, str) else None
        if language is None or not isinstance(text, str):
            continue
        started = time.perf_counter()
        chunks = chunker.chunk(SourceFile(path, text, "", None))
        seconds += time.perf_counter() - started
        size += len(data)
        lines = text.split("\n")
        score = scores[language.name]
        tags = [
            tag for tag in by_path[path] if not is_misread(tag, lines[tag.line - 1] if tag.line <= len(lines) else "")
        ]
        score.misread += len(by_path[path]) - len(tags)
        score_file(tags, chunks, score)
    return dict(scores), size, seconds


def score_file(tags: Sequence[Tag], chunks: Sequence[Chunk], score: Score) -> None:
    """Count the tags of one file that a symbol chunk covers."""
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for chunk in chunks:
        if chunk.artifact_kind is ArtifactKind.SYMBOL and chunk.symbol is not None:
            for name in names_of(chunk.symbol):
                spans[name].append((chunk.start_line, chunk.end_line))
    for tag in tags:
        score.reported += 1
        names = names_of(tag.name)
        if any(start <= tag.line <= end for name in names for start, end in spans.get(name, ())):
            score.covered += 1
        else:
            score.misses.append(tag)


def is_misread(tag: Tag, line: str) -> bool:
    """Say whether a tag is a known mistake of ctags, judged by the line it points at."""
    name = re.escape(tag.name)
    if tag.name in _KEYWORDS.get(tag.language, ()):
        return True
    if tag.language == "Kotlin" and tag.kind == "method":
        return re.search(rf"\bfun\b.*\b{name}`?\s*(?:<.*>)?\s*\(", line) is None and "constructor" not in line
    if tag.language == "Haskell" and tag.kind == "function":
        return re.search(rf"[{{,]\s*{name}\s*::", line) is not None
    if tag.language == "Fortran" and tag.kind == "method":
        return "::" in line
    if tag.language == "Pascal":
        # A member's declaration in its class; the routine itself bears the class's name.
        return tag.kind == "function" and line[:1].isspace() and "." not in tag.name
    return tag.language == "C#" and tag.kind == "class" and re.search(rf"\bwhere\s+{name}\s*:", line) is not None


def names_of(symbol: str) -> set[str]:
    """Return the ways in which a name may be written: whole, last part, without spaces."""
    whole = "".join(symbol.replace("::", ".").replace("\\", ".").split())
    return {whole, whole.rsplit(".", 1)[-1]}


def to_table(scores: dict[str, Score]) -> str:
    """Format the scores as a Markdown table, all languages first."""
    rows = ["| language | reported | covered | percent | misread |", "|---|---:|---:|---:|---:|"]
    total = Score()
    for score in scores.values():
        total.reported += score.reported
        total.covered += score.covered
        total.misread += score.misread
    for name, score in [("all", total), *sorted(scores.items())]:
        percent = 100 * score.covered / score.reported if score.reported else 100.0
        rows.append(f"| {name} | {score.reported} | {score.covered} | {percent:.1f} | {score.misread} |")
    return "\n".join(rows)


def main() -> None:
    """Run the check from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trees", type=Path, required=True, help="folder with source trees")
    parser.add_argument("--misses", type=int, default=0, help="print this many misses per language")
    parser.add_argument("--language", help="print misses of this language only")
    parser.add_argument("--write", type=Path, help="write the table to this Markdown file")
    options = parser.parse_args()
    if not options.trees.is_dir():
        raise SystemExit(f"There is no folder {options.trees}: give --trees a folder with source trees.")
    scores, size, seconds = check(options.trees)
    table = to_table(scores)
    print(table)
    print(
        f"{size / 1e6:.1f} MB chunked in {seconds:.1f} s, {size / 1e6 / max(seconds, 1e-9):.2f} MB/s", file=sys.stderr
    )
    for name, score in sorted(scores.items()):
        if options.misses and options.language in (None, name):
            sample = random.Random(0).sample(score.misses, min(options.misses, len(score.misses)))
            for tag in sorted(sample, key=lambda tag: (tag.path, tag.line)):
                print(f"{name}: {tag.path}:{tag.line} {tag.kind} {tag.name} ({tag.language})")
    if options.write is not None:
        options.write.write_text(
            "# Definitions found, checked against Universal Ctags\n\n"
            "Every named function, method, class, struct, interface, trait and enum that `ctags` reports in a folder\n"
            "of source trees, and how many of them lie in a `symbol` chunk of that name. What ctags misreads (a\n"
            "keyword as a name, a lambda's parameter as a method, a record's field as a function) is counted apart;\n"
            "so are declarations of what is written out elsewhere (Pascal's and Fortran's members). Modules,\n"
            "packages, entities, tasks and macros of languages that have no classes count as classes or functions.\n"
            "What ctags has no parser for (Apex, Crystal, GDScript, Luau, Nix, Starlark, shaders, Prolog, ...) is not\n"
            "in the table.\n"
            "Made by\n\n"
            "    python -m benchmarks.ctags_check --trees FOLDER --write docs/ctags.md\n\n"
            f"{table}\n",
            encoding="utf-8",
        )


if __name__ == "__main__":
    main()
