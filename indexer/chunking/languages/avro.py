"""Avro's IDL: protocols with their messages, records, errors, enums and fixed types."""

from __future__ import annotations

from indexer.chunking.languages.brace_lines import COMMENT, END, PARAMETERS, TEXT, block, other_block
from indexer.chunking.languages.line_rules import Head, LineRules
from indexer.chunking.languages.rules import Language

_NAME = r"`?(?P<name>\w+)`?"
_TYPE = r"[A-Za-z_][\w.]*(?:\s*<[^;(){}]{0,400}>)?\??"

LANGUAGE = Language(
    name="avro",
    grammar="",
    extensions=(".avdl",),
    rules={},
    lines=LineRules(
        heads=(
            block("protocol", "protocol", name=_NAME, key="protocol", container=True),
            block("record", "record", name=_NAME, key="record"),
            block("error", "error", name=_NAME, key="record"),
            block("enum", "enum", name=_NAME),
            Head("fixed", rf"^[ \t]*fixed\s+{_NAME}\s*\([^()]{{0,40}}\)\s*;?"),
            Head(
                "method",
                rf"^[ \t]*{_TYPE}\s+{_NAME}\s*{PARAMETERS}(?:\s*(?:oneway|throws\s+[\w.,\s]{{1,400}}))?;?",
                within="protocol",
                outside="record",
            ),
            other_block("record"),
        ),
        comment=COMMENT,
        text=TEXT,
        attached=r"^[ \t]*@[\w.-]+\([^\n]*\)[ \t]*(?=\r?$)",
        end=END,
    ),
)
