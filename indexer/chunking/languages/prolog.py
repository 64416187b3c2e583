"""Prolog: all clauses of a name in a row are one predicate. Read line by line; no grammar is at hand."""

from __future__ import annotations

from indexer.chunking.languages.line_rules import Head, LineRules
from indexer.chunking.languages.rules import Language

_LINES = LineRules(
    heads=(
        Head("module", r"^:-[ \t]*module\([ \t]*(?P<name>\w+|'[^'\n]*')", rank=1),
        Head("directive", r"^:-", rank=1),
        Head(
            "predicate",
            r"^(?P<name>[a-z]\w*|'[^'\n]+')(?=\(|[ \t]*(?::-|-->|=>|\.[ \t\r]*(?:%|$))|[ \t]*\r?\n[ \t]*(?::-|-->))",
            rank=1,
            continues=True,
        ),
    ),
    comment=r"%[^\n]*|/\*[\s\S]*?(?:\*/|\Z)",
    text=r"0'(?:\\.|.)|\"(?:[^\"\\\n]|\\.)*\"?|(?<!^)'(?:[^'\\\n]|\\.)*'?",
)

LANGUAGE = Language(
    name="prolog",
    grammar="",
    extensions=(".prolog", ".plt", ".yap"),
    interpreters=("swipl", "prolog", "gprolog", "yap"),
    rules={},
    lines=_LINES,
)
