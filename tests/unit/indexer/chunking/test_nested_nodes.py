"""What is searched for inside of code does not depend on which files were read before."""

from __future__ import annotations

from indexer.chunking.languages.table import language_of
from indexer.chunking.nested_nodes import find_nested_nodes
from indexer.chunking.parsing import SourceParser


def nested_types_of(path: str, text: str) -> list[str]:
    language = language_of(path, text)
    assert language is not None
    tree = SourceParser().parse(language, text.encode())
    assert tree is not None
    return [node.type for node in find_nested_nodes(language, tree.root_node)]


def test_two_grammars_of_one_language_are_told_apart() -> None:
    assert nested_types_of("a.mli", "val f : int\n") == ["value_specification"]
    assert nested_types_of("a.ml", "let f x = x\n") == ["value_definition", "let_binding"]


def test_thousands_of_levels_are_not_searched_for_what_is_nested() -> None:
    flat = "def f():\n    def g():\n        pass\n" * 3_000
    assert len(nested_types_of("a.py", flat)) == 6_000
    assert nested_types_of("a.py", flat + "x = " + "-" * 10_000 + "1\n") == []
