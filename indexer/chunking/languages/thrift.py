"""Thrift: structs, unions, exceptions, enums, services and their functions."""

from __future__ import annotations

from indexer.chunking.languages.brace_lines import COMMENT, END, PARAMETERS, TEXT, block, other_block
from indexer.chunking.languages.line_rules import Head, LineRules
from indexer.chunking.languages.rules import Language

_TYPE = r"[A-Za-z_][\w.]*(?:\s*<[^;(){}]{0,400}>)?"

LANGUAGE = Language(
    name="thrift",
    grammar="",
    extensions=(".thrift",),
    rules={},
    lines=LineRules(
        heads=(
            block("struct", "struct"),
            block("union", "union"),
            block("exception", "exception"),
            block("enum", "enum|senum"),
            block("service", "service", key="service", container=True),
            Head(
                "method",
                rf"^[ \t]*(?:(?:oneway|async)\s+)?{_TYPE}\s+(?P<name>\w+)\s*{PARAMETERS}(?:\s*throws\s*{PARAMETERS})?",
                within="service",
            ),
            other_block("struct"),
        ),
        comment=rf"{COMMENT}|#[^\n]*",
        text=TEXT,
        end=END,
    ),
)
