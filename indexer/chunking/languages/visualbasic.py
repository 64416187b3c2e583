"""Visual Basic, from VB6 and VBA to .NET: read line by line, since every block ends by its own words."""

from __future__ import annotations

from indexer.chunking.languages.line_rules import Head, LineRules
from indexer.chunking.languages.rules import Language

_MODIFIERS = (
    r"(?:(?:public|private|protected|friend|shared|static|overrides|overridable|overloads|notoverridable|mustinherit"
    r"|notinheritable|partial|shadows|default|readonly|writeonly|async|iterator|widening|narrowing|global)[ \t]+)*"
)
_START = rf"^[ \t]*(?:<[^>\n]*>[ \t]*)*{_MODIFIERS}"
_NAME = r"(?P<name>\[?\w+\]?)"
_ARGUMENTS = r"\((?:[^()\n]|\((?:[^()\n]|\([^()\n]*\))*\))*\)"


def _type(kind: str, word: str) -> Head:
    return Head(kind, rf"{_START}{word}[ \t]+{_NAME}", word, container=True)


def _procedure(kind: str, words: str, key: str, name: str = _NAME) -> Head:
    return Head(kind, rf"{_START}{words}[ \t]+{name}", key, nests=False)


_LINES = LineRules(
    heads=(
        # Forms and classes of VB6 are files: their first lines name them.
        Head("module", r"^Attribute[ \t]+VB_Name[ \t]*=[ \t]*\"(?P<name>\w+)\"", "file", container=True),
        Head(
            "prototype",
            rf"{_START}(?:mustoverride[ \t]+|declare[ \t]+(?:ptrsafe[ \t]+|unicode[ \t]+|ansi[ \t]+|auto[ \t]+)*)"
            rf"{_MODIFIERS}(?:sub|function|property)[ \t]+{_NAME}",
        ),
        Head("delegate", rf"{_START}delegate[ \t]+(?:sub|function)[ \t]+{_NAME}"),
        Head("namespace", r"^[ \t]*namespace[ \t]+(?P<name>[\w.]+)", "namespace", container=True),
        _type("class", "class"),
        _type("module", "module"),
        _type("struct", "structure"),
        _type("interface", "interface"),
        _type("enum", "enum"),
        Head("struct", rf"{_START}type[ \t]+{_NAME}[ \t]*(?=\r?$|')", "type"),
        # A lambda of several lines ends as procedures do.
        Head(
            "function",
            rf"^[^'\"\n]*(?<=[\s(=,])sub[ \t]*{_ARGUMENTS}[ \t]*(?=\r?$)",
            "sub",
        ),
        Head(
            "function",
            rf"^[^'\"\n]*(?<=[\s(=,])function[ \t]*{_ARGUMENTS}(?:[ \t]*as[ \t]+[\w.()]+)?[ \t]*(?=\r?$)",
            "function",
        ),
        _procedure("function", "sub", "sub"),
        _procedure("function", "function", "function"),
        _procedure("function", "operator", "operator", r"(?P<name>[^\s(]+)"),
        _procedure("property", r"property(?:[ \t]+(?:get|let|set)(?=[ \t]+\w))?", "property"),
        _procedure("event", r"custom[ \t]+event", "event"),
        Head("event", rf"{_START}event[ \t]+{_NAME}", minor=True),
    ),
    comment=r"'[^\n]*|^[ \t]*rem\b[^\n]*",
    text=r"\"[^\"\n]*\"?",
    attached=r"^[ \t]*<[^>\n]*>[ \t]*_?[ \t]*(?=\r?$)",
    end=(
        r"^[ \t]*end[ \t]+(?P<what>namespace|class|module|structure|interface|enum|type|sub|function|operator|property"
        r"|event)\b"
    ),
    ignores_case=True,
)

LANGUAGE = Language(
    name="visualbasic",
    grammar="",
    extensions=(".vb", ".vbs", ".vba", ".bas", ".ctl"),
    rules={},
    lines=_LINES,
)
