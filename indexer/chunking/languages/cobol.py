"""COBOL, fixed and free form: read line by line, since the grammar that exists hangs on some texts."""

from __future__ import annotations

from indexer.chunking.languages.line_rules import Head, LineRules
from indexer.chunking.languages.rules import Language

# Area A: columns 8 to 11 behind a sequence number, or the left edge in free form.
_AREA = r"^(?:[^\n]{6} {1,4}| {0,3})(?=[\w\"'])"
_NAME = r"(?P<name>(?!(?:end-\w+|goback|exit|continue|else|stop|eject|skip[123])\b(?!-))[\w-]*[a-z][\w-]*)"

_LINES = LineRules(
    heads=(
        Head(
            "program",
            rf"{_AREA}(?:program|function|class)-id[ \t]*\.?\s+[\"']?(?P<name>[\w-]+)",
            rank=0,
            container=True,
        ),
        Head("procedure", rf"{_AREA}procedure[ \t]+division\b", "procedure", rank=1),
        Head("division", rf"{_AREA}(?:identification|id|environment|data)[ \t]+division\b", "division", rank=1),
        Head("section", rf"{_AREA}{_NAME}[ \t]+section\b", rank=2, within="procedure", container=True),
        Head("paragraph", rf"{_AREA}{_NAME}[ \t]*\.(?=[ \t]|\r?$)", rank=3, within="procedure"),
        Head("record", rf"{_AREA}(?:01|fd|sd)[ \t]+(?P<name>[\w-]*[a-z][\w-]*)", rank=3, within="division", minor=True),
        Head("section", rf"{_AREA}[\w-]+[ \t]+section\b", rank=2),
    ),
    comment=r"^[^\n]{6}[*/][^\n]*|^[ \t]*\*[^\n]*|\*>[^\n]*",
    text=r"\"[^\"\n]*\"?|'[^'\n]*'?",
    end=r"(?!)",
    ignores_case=True,
)

LANGUAGE = Language(
    name="cobol",
    grammar="",
    extensions=(".cob", ".cbl", ".cobol", ".cpy", ".ccp", ".pco"),
    rules={},
    lines=_LINES,
)
