"""Reads a file as another language where its own tree has errors, and keeps the better of the two.

Between detection and finding definitions: a header without a word that only C++ has, JavaScript with Flow types.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from tree_sitter import Tree

from indexer.chunking.detection.clues import shows_cpp_signs
from indexer.chunking.languages import cpp, tsx
from indexer.chunking.languages.flow import without_flow
from indexer.chunking.languages.rules import Language
from indexer.chunking.parsing import SourceParser, bytes_in_error

# Files in Flow stay JavaScript by name.
_FLOW = replace(tsx.LANGUAGE, name="javascript", extensions=(), prepare=without_flow)
# C++'s grammar reads some macros in headers of C that C's does not. They are C all the same: of 200 in curl, redis,
# libgit2 and Linux that had errors, it read 59 better, none of which was C++.
_C_AS_CPP = replace(cpp.LANGUAGE, name="c", extensions=())


def parse_better(parser: SourceParser, path: str, language: Language, source: bytes) -> tuple[Language, Tree | None]:
    """Parse a text as `language`, or as what its errors show it to be; return that language and its tree.

    The tree is None when parsing takes too long.
    """
    tree = parser.parse(language, source)
    if tree is None or not tree.root_node.has_error:
        return language, tree
    other = _alternative(path, language, source)
    if other is None:
        return language, tree
    again = parser.parse(other, source)
    if again is None or _badness(again) >= _badness(tree):
        return language, tree
    return other, again


def _alternative(path: str, language: Language, source: bytes) -> Language | None:
    if language.name == "javascript":
        return _FLOW
    if language.name != "c" or PurePosixPath(path).suffix == ".c":
        return None
    return cpp.LANGUAGE if shows_cpp_signs(source.decode("utf-8", "replace")) else _C_AS_CPP


def _badness(tree: Tree) -> tuple[int, bool]:
    """Order trees by what they could not read; tokens that the parser made up decide between equals."""
    return bytes_in_error(tree), tree.root_node.has_error
