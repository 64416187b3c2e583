"""Makes training pairs (question, code) of git repositories: comments, names, headings, tests and commits.

python training/pairs.py --clones CLONES --out PAIRS      # one .npz per repository

A text is stored as a bag of lower-case words, so that the vocabulary can be chosen later: `words` of the repository,
and for each side offsets into arrays of word indices and counts.
"""

from __future__ import annotations

import argparse
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path, PurePosixPath
from time import perf_counter
from typing import Any

import numpy as np
from clones import Repository, find_clone, read_repositories
from comments import Comment, find_comments, first_sentence
from history import read_commits

from codesearch.core.config import load_settings
from codesearch.core.embedding.loading import load_embedder
from codesearch.core.text.chunk_text import embedding_text
from codesearch.core.text.tokens import split_identifier, split_words
from codesearch.core.types import BUNDLED_MODEL, ArtifactKind, Chunk
from indexer.batches import RememberingCounter
from indexer.chunking.chunker import Chunker
from indexer.source.git import Git
from indexer.source.git_snapshot import GitSnapshot
from indexer.source.walk import walk

# So that no repository and no source of pairs dominates.
MOST_PAIRS = {"doc": 4000, "comment": 3000, "body": 1500, "name": 800, "test": 1200, "heading": 800, "commit": 4000}
KINDS = tuple(MOST_PAIRS)
_MAX_REPOSITORY_CHARACTERS = 4_000_000
_MAX_FILE_CHARACTERS = 200_000
_MAX_WORDS = 512
_INLINE_PER_CHUNK = 2
_MIN_CODE_CHARACTERS = 40
# Copies of projects that serve as search benchmarks, inside other repositories.
_BENCHMARK_COPIES = re.compile(
    r"(?:^|/)(?:nlohmann|abseil|absl|libuv|fmt/bundled|hiredis|curl|axios|flask|rails|sinatra|bats(?:-core)?)/"
    r"|(?:^|/)(?:json\.hpp|axios\.js|nvm\.sh)$",
    re.IGNORECASE,
)
_TEST_PATH = re.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|testing)(?:/|$)|(?:^|[/_.-])(?:test|spec)s?[_.-]|Tests?\.\w+$|Spec\.\w+$"
)
_CHANGELOG = re.compile(r"change|history|news|release|whats_?new|upgrad|migrat", re.IGNORECASE)
_LETTERS = re.compile(r"[A-Za-z]{3,}")
_IDENTIFIER = re.compile(r"[\w$?!']+")
_NO_CODE = frozenset(" .md .rst .txt .json .lock .yml .yaml .toml .snap .svg .html .xml .po .csv .sum .mod".split(" "))
_TEST_WORDS = frozenset({"test", "tests", "spec", "should", "it", "bench", "benchmark"})
# As the bundled tokenizer splits, lower-cased.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_a-zA-Z]+")


@dataclass(frozen=True, slots=True)
class Pair:
    """One question and the text that answers it."""

    kind: str
    question: str
    answer: str


def pairs_of_chunk(chunk: Chunk) -> Iterator[Pair]:
    """Yield the pairs that one chunk gives by itself: from its comments, its name and its body, or its heading."""
    lines = chunk.content.split("\n")
    if chunk.language in {"markdown", "restructuredtext", "asciidoc"}:
        yield from _pair_of_heading(chunk, lines)
        return
    if chunk.language is None:
        return
    comments = find_comments(lines, chunk.language)
    code_starts = next((index for index in range(len(lines)) if not _is_comment(comments, index)), len(lines))
    inline = 0
    for comment in comments:
        sentence = first_sentence(comment.text)
        if sentence is None:
            continue
        # Above the definition, or as a doc string right below its first lines.
        is_doc = chunk.symbol is not None and (comment.end <= code_starts or _is_doc_string(lines, comment.start))
        if not is_doc:
            inline += 1
            if inline > _INLINE_PER_CHUNK:
                continue
        rest = "\n".join([*lines[: comment.start], *lines[comment.end :]])
        if len(rest) >= _MIN_CODE_CHARACTERS:
            yield Pair("doc" if is_doc else "comment", sentence, embedding_text(replace(chunk, content=rest)))
    if chunk.symbol is not None:
        yield from _pairs_of_definition(chunk, lines)


def _is_comment(comments: Sequence[Comment], index: int) -> bool:
    return any(comment.start <= index < comment.end for comment in comments)


def _is_doc_string(lines: Sequence[str], start: int) -> bool:
    return start <= 6 and lines[start].strip().lstrip("rRuU").startswith(('"""', "'''", "@doc", "@moduledoc"))


def _pair_of_heading(chunk: Chunk, lines: Sequence[str]) -> Iterator[Pair]:
    title = chunk.signature or chunk.symbol
    body = "\n".join(lines[1:])
    if _CHANGELOG.search(chunk.path) or not title or len(_LETTERS.findall(title)) < 2:
        return
    if len(body) >= _MIN_CODE_CHARACTERS:
        yield Pair("heading", title, embedding_text(replace(chunk, content=body, symbol=None, signature=None)))


def _pairs_of_definition(chunk: Chunk, lines: Sequence[str]) -> Iterator[Pair]:
    """Yield name -> definition, and signature or words of the name -> body without either."""
    symbol = chunk.symbol or ""
    name = symbol.rpartition(".")[2]
    if len(name) < 3 or name.startswith("__") or not _IDENTIFIER.fullmatch(name):
        return
    yield Pair("name", symbol if len(symbol) < 60 and _bit(symbol) else name, embedding_text(chunk))
    first = next((index for index, line in enumerate(lines) if name in line), None)
    if first is None or len(lines) - first < 4:
        return
    body = "\n".join(lines[first + 1 :])
    question = split_words(symbol) if _bit(body) else (chunk.signature or split_words(symbol))
    if len(question.split()) >= 2:
        yield Pair("body", question, embedding_text(replace(chunk, content=body, symbol=None, signature=None)))


def pairs_of_tests(chunks: Sequence[Chunk]) -> Iterator[Pair]:
    """Yield name of a test -> the definition of the same repository whose name it holds, where that is one or two."""
    defined: dict[str, list[Chunk]] = {}
    tests: list[tuple[list[str], Chunk]] = []
    for chunk in chunks:
        if chunk.symbol is None:
            continue
        words = split_identifier(re.sub(r"\W+", "_", chunk.symbol.rpartition(".")[2]))
        if _TEST_PATH.search(chunk.path):
            tests.append(([word for word in words if word not in _TEST_WORDS], chunk))
        elif words and (len(words) > 1 or len(words[0]) > 5):
            defined.setdefault(" ".join(words), []).append(chunk)
    for words, test in tests:
        if len(words) < 2:
            continue
        for chunk in _find_tested(words, defined):
            yield Pair("test", " ".join(words), embedding_text(chunk))
        body = "\n".join(test.content.split("\n")[1:])
        if len(words) >= 3 and len(body) >= _MIN_CODE_CHARACTERS:
            yield Pair("test", split_words(test.symbol or ""), embedding_text(replace(test, content=body, symbol=None)))


def _find_tested(words: Sequence[str], defined: Mapping[str, list[Chunk]]) -> list[Chunk]:
    """Return the definitions that the longest run of words names, when it names one or two."""
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            found = defined.get(" ".join(words[start : start + length]), [])
            if 0 < len(found) <= 2:
                return found
    return []


def pairs_of_history(git_dir: Path, revision: str) -> Iterator[Pair]:
    """Yield subject of a small commit -> the lines around each of its three largest changes outside of documents."""
    for subject, hunks in read_commits(git_dir, revision):
        code = [hunk for hunk in hunks if _is_code(hunk.path)]
        code.sort(key=lambda hunk: (bool(_TEST_PATH.search(hunk.path)), -hunk.changed))
        for hunk in code[:3]:
            content = "\n".join(hunk.lines)
            if len(content) >= _MIN_CODE_CHARACTERS:
                symbol = _name_in(hunk.header)
                chunk = Chunk(
                    hunk.path, 1, 1, content, ArtifactKind.CHUNK, symbol=symbol, signature=hunk.header or None
                )
                yield Pair("commit", subject, embedding_text(chunk))


def _is_code(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() not in _NO_CODE and not _BENCHMARK_COPIES.search(path)


_CALL_NAME = re.compile(r"(\w+)\s*(?:<[^<>]*>)?\(|\b(?:class|struct|module|interface|trait|impl|enum|object)\s+(\w+)")


def _name_in(header: str) -> str | None:
    found = _CALL_NAME.search(header)
    return (found.group(1) or found.group(2)) if found else None


def _bit(text: str) -> int:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=1).digest()[0] & 1


def read_chunks(git_dir: Path, repository: Repository, chunker: Chunker) -> list[Chunk]:
    """Cut the repository's files at its revision, in an order that depends on their paths alone, up to a size."""
    snapshot = GitSnapshot(Git(git_dir, display=repository.name), repository.revision)
    files = [file for file in walk(snapshot) if len(file.text) <= _MAX_FILE_CHARACTERS]
    files.sort(key=lambda file: hashlib.blake2b(file.path.encode("utf-8", "replace"), digest_size=8).digest())
    chunks: list[Chunk] = []
    characters = 0
    for file in files:
        if _BENCHMARK_COPIES.search(file.path):
            continue
        characters += len(file.text)
        if characters > _MAX_REPOSITORY_CHARACTERS:
            break
        chunks += chunker.chunk(file)
    return chunks


def make_pairs(git_dir: Path, repository: Repository, chunker: Chunker) -> list[Pair]:
    """Return the repository's pairs, each question and answer once, at most MOST_PAIRS of a kind, in a fixed order."""
    chunks = read_chunks(git_dir, repository, chunker)
    found: dict[str, dict[bytes, Pair]] = {kind: {} for kind in KINDS}
    for source in (
        (pair for chunk in chunks for pair in pairs_of_chunk(chunk)),
        pairs_of_tests(chunks),
        pairs_of_history(git_dir, repository.revision),
    ):
        for pair in source:
            text = f"{pair.question}\0{pair.answer}".encode("utf-8", "replace")
            found[pair.kind][hashlib.blake2b(text, digest_size=16).digest()] = pair
    # The hash also draws the sample.
    return [pairs[key] for kind, pairs in found.items() for key in sorted(pairs)[: MOST_PAIRS[kind]]]


class Bags:
    """Collects texts as bags of words over a vocabulary that grows with them."""

    def __init__(self, index_of: dict[str, int]) -> None:
        self._index_of = index_of
        self._offsets = [0]
        self._indices: list[int] = []
        self._counts: list[int] = []

    def add(self, text: str) -> None:
        """Add one text, cut to the model's context."""
        index_of = self._index_of
        for word, count in Counter(word.lower() for word in _WORD.findall(text)[:_MAX_WORDS]).items():
            self._indices.append(index_of.setdefault(word, len(index_of)))
            self._counts.append(min(count, 255))
        self._offsets.append(len(self._indices))

    def arrays(self, side: str) -> dict[str, Any]:
        """Return offsets (texts + 1), word indices and counts, named after the side."""
        return {
            f"{side}_offsets": np.array(self._offsets, dtype=np.int64),
            f"{side}_indices": np.array(self._indices, dtype=np.int32),
            f"{side}_counts": np.array(self._counts, dtype=np.uint8),
        }


def write_pairs(file: Path, pairs: Iterable[Pair]) -> None:
    """Write the pairs as bags of words; `kinds` indexes KINDS."""
    index_of: dict[str, int] = {}
    questions, answers, kinds = Bags(index_of), Bags(index_of), []
    for pair in pairs:
        questions.add(pair.question)
        answers.add(pair.answer)
        kinds.append(KINDS.index(pair.kind))
    arrays: dict[str, Any] = {
        "words": np.frombuffer("\n".join(index_of).encode("utf-8"), dtype=np.uint8),
        "kinds": np.array(kinds, dtype=np.int8),
        **questions.arrays("question"),
        **answers.arrays("answer"),
    }
    part = file.with_suffix(".part.npz")
    np.savez(part, **arrays)
    part.replace(file)


def _build_one(job: tuple[Path, Repository, Path]) -> str:
    clones, repository, file = job
    started = perf_counter()
    settings = load_settings(embedding_model=BUNDLED_MODEL)
    embedder = load_embedder(settings)
    chunker = Chunker(RememberingCounter(embedder.count_tokens), settings.max_chunk_tokens)
    pairs = make_pairs(find_clone(clones, repository), repository, chunker)
    write_pairs(file, pairs)
    counts = Counter(pair.kind for pair in pairs)
    return f"{repository.name}: {len(pairs)} pairs {dict(counts)} in {perf_counter() - started:.0f} s"


def build_pairs(clones: Path, out: Path, processes: int) -> None:
    """Write the pairs of every repository of the list that has none in `out` yet."""
    out.mkdir(parents=True, exist_ok=True)
    repositories = read_repositories()
    for repository in repositories:
        find_clone(clones, repository)
    files = [out / f"{repository.name.replace('/', '+')}.npz" for repository in repositories]
    jobs = [
        (clones, repository, file) for repository, file in zip(repositories, files, strict=True) if not file.exists()
    ]
    with get_context("spawn").Pool(processes) as pool:
        for number, line in enumerate(pool.imap_unordered(_build_one, jobs), start=1):
            print(f"{number}/{len(jobs)} {line}", flush=True)


def main() -> None:
    """Build the pairs into the folder given with --out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clones", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    build_pairs(arguments.clones, arguments.out, arguments.processes)


if __name__ == "__main__":
    main()
