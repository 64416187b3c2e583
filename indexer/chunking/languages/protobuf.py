"""Protocol Buffers: messages at any depth, enums, extensions, services and their methods."""

from __future__ import annotations

from indexer.chunking.languages.brace_lines import COMMENT, END, TEXT, block, other_block
from indexer.chunking.languages.line_rules import Head, LineRules
from indexer.chunking.languages.rules import Language

_SCOPE = r"(?:export\s+|local\s+)?"
_METHOD = r"(?<![\w.])rpc\s+(?P<name>\w+)\s*\([^()]{0,400}\)\s*returns\s*\([^()]{0,400}\)\s*"

LANGUAGE = Language(
    name="protobuf",
    grammar="",
    extensions=(".proto",),
    rules={},
    lines=LineRules(
        heads=(
            block("message", rf"{_SCOPE}message", container=True),
            block("enum", rf"{_SCOPE}enum"),
            block("service", "service", container=True),
            block("extend", "extend", name=r"(?P<name>[\w.]+)"),
            Head("message", r"(?<![\w.])group\s+(?P<name>\w+)\s*=\s*\d+[^;{}]{0,400}\{", "{", container=True),
            Head("method", rf"{_METHOD}\{{", "{"),
            Head("method", rf"{_METHOD};?"),
            other_block("message"),
        ),
        comment=COMMENT,
        text=TEXT,
        end=END,
    ),
)
