"""Crystal: read line by line, by indentation, which its formatter keeps; no grammar is at hand."""

from __future__ import annotations

from indexer.chunking.languages.line_rules import Head, LineRules
from indexer.chunking.languages.rules import Language

_START = r"^[ \t]*(?:(?:private|protected)[ \t]+)*"
_METHOD = r"(?:[A-Za-z_]\w*\.)?(?P<name>[A-Za-z_]\w*[?!=]?(?!\w)|\[\]\??=?|[+\-*/%&|^~<>=!]{1,3})"
_PATH = r"(?P<name>[A-Z][\w:]*)"


def _type(kind: str, word: str) -> Head:
    return Head(kind, rf"{_START}(?:abstract[ \t]+)?{word}[ \t]+{_PATH}", word, container=True)


_LINES = LineRules(
    heads=(
        Head("function", rf"{_START}abstract[ \t]+def[ \t]+{_METHOD}[^\n]*", minor=True),
        Head("function", rf"{_START}(?:def|macro)[ \t]+{_METHOD}[^\n]*;[^\n]*\bend[ \t]*(?=\r?$)"),
        Head("function", rf"{_START}def[ \t]+{_METHOD}", "def"),
        Head("macro", rf"{_START}macro[ \t]+{_METHOD}", "macro"),
        Head("type", rf"{_START}(?:annotation|alias)[ \t]+{_PATH}[^\n]*"),
        Head("type", rf"{_START}(?:class|struct|module)[ \t]+{_PATH}[^\n]*[ ;]end[ \t]*(?=\r?$)"),
        _type("class", "class"),
        _type("struct", "struct"),
        _type("module", "module"),
        _type("enum", "enum"),
        _type("union", "union"),
        _type("module", "lib"),
        Head("function", rf"{_START}fun[ \t]+(?P<name>\w+)[^\n]*", within="lib", minor=True),
        Head("test", r"^[ \t]*(?:describe|context|it)[ \t]+\"(?P<name>[^\"\n]+)\"[^\n]*\bdo[ \t]*(?=\r?$)", "it"),
    ),
    comment=r"#(?!\{)[^\n]*",
    text=r"\"(?:[^\"\\\n]|\\.)*\"?|'(?:\\.|[^\\\n])'",
    attached=r"^[ \t]*@\[[^\n]*\][ \t]*(?=\r?$)",
    end=r"^[ \t]*end\b",
    by_indentation=True,
)

LANGUAGE = Language(
    name="crystal",
    grammar="",
    extensions=(".cr",),
    interpreters=("crystal",),
    rules={},
    lines=_LINES,
)
