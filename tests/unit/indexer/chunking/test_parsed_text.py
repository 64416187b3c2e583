"""ParsedText: what nodes read of a text, and that nobody keeps it."""

from __future__ import annotations

import sys

from tree_sitter import Node

from indexer.chunking.languages.table import language_named
from indexer.chunking.parsing import SourceParser

SOURCE = (
    b"import os\n"
    b"def first(name):\n    return name\n" + b'"""' + b"A long text with many words in it. " * 40 + b'"""\n'
    b"def second():\n    return [" + b"1234567890, " * 60 + "'größe']\n".encode()
)


def nodes_of(root: Node) -> list[Node]:
    found, pending = [], [root]
    while pending:
        found.append(pending.pop())
        pending.extend(found[-1].children)
    return found


def test_each_node_has_its_own_text() -> None:
    tree = SourceParser().parse(language_named("python"), SOURCE)
    assert tree is not None
    nodes = nodes_of(tree.root_node)
    assert len(nodes) > 100
    for node in [*nodes, *reversed(nodes)]:
        assert node.text == SOURCE[node.start_byte : node.end_byte]


def test_a_text_is_not_kept_when_its_tree_is_gone() -> None:
    source = bytes(bytearray(SOURCE))
    parser, language = SourceParser(), language_named("python")
    before = sys.getrefcount(source)
    for _ in range(3):
        assert parser.parse(language, source) is not None
    assert sys.getrefcount(source) == before
