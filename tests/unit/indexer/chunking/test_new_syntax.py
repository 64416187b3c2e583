"""What is new in each language: the right symbols come out, and what its grammar misreads is known."""

from __future__ import annotations

import pytest
from tree_sitter import Node

from indexer.chunking.alternatives import parse_better
from indexer.chunking.languages.table import all_languages, language_of
from indexer.chunking.parsing import SourceParser
from tests.unit.indexer.chunking.definition_finding import kinds_in
from tests.unit.indexer.chunking.new_syntax import Sample, all_samples

_SAMPLES = list(all_samples())

# The lines of a sample at which its tree has an error: what the grammar does not read yet.
MISREAD: dict[str, tuple[int, ...]] = {
    "hs: linear types, or-patterns, multi-line strings, standalone kinds": (10, 13, 16),
    "mli: modal kinds, labelled tuples in signatures": (3,),
    "nix: inherit, or, pipe operators": (7,),
    "java: 25 compact source files, module imports": (1,),
    "java: 25 flexible constructor bodies, unnamed variables, record patterns": (5,),
    "cs: 14 field keyword, null-conditional assignment, partial constructors": (14, 15, 16, 19),
    "cs: 13 params collections, lock, 12 collection expressions, 11 raw strings": (6, 12),
    "kt: 2.2 guards in when, non-local break, multi-dollar strings": (4, 5),
    "kt: 2.2 context parameters, nested aliases": (2,),
    "kts: data objects, value classes, fun interfaces, open ranges": (9,),
    "groovy: 5 records, switch expressions, 4 lambdas and ranges": (9, 14),
    "py: 3.13 defaults of type parameters, 3.12 type statements": (2, 5),
    "rb: 4.0 leading logical operators": (4,),
    "luau: type functions, generics, string interpolation": (2, 10),
    "sh: 5.3 command substitution in the current shell": (3, 4),
    "sh: case fall-through, coproc, here strings": (7,),
    "ps1: 7 ternary, pipeline chains, null coalescing": (3, 6),
    "pp: typed strings, lambdas in defaults, hash of calls": (4, 6, 7, 16),
    "c: C23 attributes, nullptr, constexpr, typed enums": (2, 7),
    "c: C23 _BitInt, embed, typeof_unqual": (3,),
    "cpp: C++23 deducing this, if consteval, multidimensional subscript": (9,),
    "cpp: C++26 pack indexing, contracts, named placeholders": (3, 5),
    "rs: 2024 let chains, async closures, unsafe extern": (10,),
    "go: 1.26 new with a value, self-referential type parameters": (7,),
    "zig: 0.15 labelled switch, destructuring, no usingnamespace": (7, 8, 9, 19),
    "vhd: 2019 interfaces with modes, conditional expressions": (12,),
    "comp: 460 ray queries, subgroups, references": (3, 4, 14),
    "hlsl: 2021 templates, attributes, wave operations": (2, 8),
    "ts: 5.9 deferred imports, 5.2 using": (2,),
    "ts: 5.x const type parameters, satisfies, accessors, variance": (2,),
    "tf: 1.8 checks, moved blocks, provider functions, ephemeral": (13, 18),
}
# Symbols that are lost by that. A grammar that gets better shows here: take its lines out.
LOST: dict[str, set[str]] = {
    "cpp: C++26 pack indexing, contracts, named placeholders": {"function half"},
    "hlsl: 2021 templates, attributes, wave operations": {"struct Hit"},
}


@pytest.mark.parametrize("sample", _SAMPLES, ids=lambda sample: sample.key)
def test_symbols_around_new_syntax_come_out(sample: Sample) -> None:
    found = {f"{kind} {name}" for kind, name in kinds_in(sample.path, sample.text)}
    assert set(sample.symbols) - found == LOST.get(sample.key, set())


@pytest.mark.parametrize("sample", _SAMPLES, ids=lambda sample: sample.key)
def test_new_syntax_is_read_but_for_what_is_known(sample: Sample) -> None:
    language = language_of(sample.path, sample.text)
    assert language is not None
    tree = parse_better(SourceParser(), sample.path, language, sample.text.encode())[1]
    assert tree is not None
    assert tuple(sorted(_lines_in_error(tree.root_node))) == MISREAD.get(sample.key, ())


def test_every_language_with_a_grammar_has_a_sample() -> None:
    read = [language_of(sample.path, sample.text) for sample in _SAMPLES]
    with_sample = {language.name for language in read if language is not None}
    assert {language.name for language in all_languages() if language.grammar} == with_sample


def test_what_is_known_is_of_samples_that_there_are() -> None:
    keys = [sample.key for sample in _SAMPLES]
    assert len(set(keys)) == len(keys)
    assert {*MISREAD, *LOST} <= set(keys)


def _lines_in_error(root: Node) -> set[int]:
    found: set[int] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if node.is_error or node.is_missing:
            found.add(node.start_point[0] + 1)
        else:
            pending.extend(child for child in node.children if child.has_error or child.is_missing)
    return found
