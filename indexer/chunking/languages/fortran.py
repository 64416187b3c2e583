"""Fortran, free and fixed form: read line by line, since no grammar knows columns, labels and a bare `END`."""

from __future__ import annotations

from indexer.chunking.languages.line_rules import Head, LineRules
from indexer.chunking.languages.rules import Language

_START = r"^[ \t]*(?:\d+[ \t]*)?"
_REST = r"(?=[ \t]*(?:!|;|\r?$))"
_BRACKETS = r"\((?:[^()\n]|\([^()\n]*\))*\)"
_PREFIX = (
    r"(?:(?:pure|impure|elemental|recursive|non_recursive|module|integer|real|double[ \t]*precision|complex|logical"
    rf"|character|byte|type|class|attributes)\b(?:[ \t]*\*[ \t]*\w+)?(?:[ \t]*\*?[ \t]*{_BRACKETS})?[ \t]*)*"
)

_LINES = LineRules(
    heads=(
        Head("module", rf"{_START}module[ \t]+(?P<name>(?!procedure\b)\w+){_REST}", "module", container=True),
        Head("module", rf"{_START}submodule[ \t]*\([^)\n]*\)[ \t]*(?P<name>\w+){_REST}", "submodule", container=True),
        Head("program", rf"{_START}program[ \t]+(?P<name>\w+){_REST}", "program", container=True),
        Head("module", rf"{_START}block[ \t]*data[ \t]+(?P<name>\w+){_REST}", "blockdata"),
        Head("function", rf"{_START}{_PREFIX}subroutine[ \t]+(?P<name>\w+)", "subroutine"),
        Head("function", rf"{_START}{_PREFIX}function[ \t]+(?P<name>\w+)(?=[ \t]*\()", "function"),
        Head(
            "function",
            rf"{_START}module[ \t]+procedure[ \t]+(?P<name>\w+){_REST}",
            "procedure",
            nests=False,
            outside="interface",
        ),
        Head(
            "type",
            rf"{_START}type[ \t]*(?:,[^:\n]*::[ \t]*|::[ \t]*|[ \t]+)(?P<name>(?!is\b)\w+)"
            rf"(?:[ \t]*\([^)\n]*\))?{_REST}",
            "type",
        ),
        Head(
            "interface",
            rf"{_START}(?:abstract[ \t]+)?interface"
            rf"(?:[ \t]+(?P<name>(?:operator|assignment|read|write)[ \t]*\([^)\n]*\)|\w+))?{_REST}",
            "interface",
            container=True,
        ),
        Head("enum", rf"{_START}enum[ \t]*,[^\n]*", "enum"),
    ),
    # A letter c or a star in the first column makes a comment in fixed form; in free form it may begin a statement.
    comment=r"![^\n]*|^[c*](?![ \t]*[=(%])(?:(?=[^\w\n])[^\n]*|$)",
    text=r"'[^'\n]*'?|\"[^\"\n]*\"?",
    end=(
        rf"{_START}end[ \t]*(?P<what>module|submodule|program|subroutine|function|procedure|type|interface|enum"
        rf"|block[ \t]*data)\b(?![ \t]*[=(%])|{_START}end{_REST}"
    ),
    ignores_case=True,
)

LANGUAGE = Language(
    name="fortran",
    grammar="",
    extensions=(".f", ".for", ".f77", ".ftn", ".f90", ".f95", ".f03", ".f08", ".f18", ".f23", ".fpp", ".fypp"),
    rules={},
    lines=_LINES,
)
