"""What Verilog and SystemVerilog define: read line by line, since macros break trees and the grammar is 18 MB."""

from __future__ import annotations

from indexer.chunking.languages.line_rules import Head, LineRules

_START = r"^[ \t]*(?:\(\*[^\n]*?\*\)[ \t]*)?(?:\w+[ \t]*:[ \t]*)?"
_LIFETIME = r"(?:(?:automatic|static)[ \t]+)?"
_NAME = r"(?P<name>\w+|\\\S+)"
_QUALIFIERS = r"(?:(?:virtual|static|local|protected|automatic|const|forkjoin|final|initial|default)[ \t]+)*"
# The type that a function returns, with its ranges; bounded, since nothing but a semicolon ends it.
_TYPE = r"(?:[^;(\[]|\[[^\]\n]{0,200}\]){0,200}?"
_SCOPE = r"(?:\b(?P<scope>\w+)(?:[ \t]*#\([^)\n]*\))?::)?"
_ENDS = (
    "module|interface|package|program|primitive|class|function|task|covergroup|group|property|sequence|checker|config"
)


def _unit(kind: str, words: str, key: str) -> Head:
    return Head(kind, rf"{_START}(?:extern[ \t]+)?(?:{words})[ \t]+{_LIFETIME}{_NAME}", key, container=True)


HARDWARE_LINES = LineRules(
    heads=(
        Head("macro", r"^[ \t]*`define[ \t]+(?P<name>\w+)(?=\(|[ \t]+\S)(?:[^\n\\]|\\\r?\n|\\.)*"),
        Head(
            "type",
            r"^[ \t]*typedef\b(?![ \t]+class\b)[^;{}]{0,400}(?:\{[^{}]{0,4000}\})?[^;{}]{0,200}?"
            r"(?<=[\s\]}])(?P<name>\w+)[ \t]*(?:\[[^\]\n]*\][ \t]*)*;",
        ),
        Head(
            "prototype",
            rf"^[ \t]*(?:extern|pure|import|export)\b[^;\n]*?\b(?:function|task)\b{_TYPE}(?P<name>\w+)[ \t]*(?=[(;])",
        ),
        _unit("module", "module|macromodule", "module"),
        _unit("module", "primitive", "primitive"),
        _unit("package", "package", "package"),
        _unit("program", "program", "program"),
        _unit("module", "checker", "checker"),
        Head("interface", rf"^[ \t]*interface[ \t]+class[ \t]+{_NAME}", "class", container=True),
        _unit("interface", "interface", "interface"),
        Head("class", rf"^[ \t]*(?:virtual[ \t]+)?class[ \t]+{_LIFETIME}{_NAME}", "class", container=True),
        Head(
            "function",
            rf"^[ \t]*{_QUALIFIERS}function\b{_TYPE}{_SCOPE}\b(?P<name>\w+)[ \t]*(?=[(;])",
            "function",
        ),
        Head("function", rf"^[ \t]*{_QUALIFIERS}task\b[ \t]+{_LIFETIME}{_SCOPE}(?P<name>\w+)", "task"),
        Head("type", r"^[ \t]*covergroup[ \t]+(?P<name>\w+)", "group"),
        Head("property", r"^[ \t]*property[ \t]+(?P<name>\w+)", "property"),
        Head("property", r"^[ \t]*sequence[ \t]+(?P<name>\w+)", "sequence"),
    ),
    comment=r"//[^\n]*|/\*[\s\S]*?(?:\*/|\Z)",
    text=r"\"(?:[^\"\\\n]|\\.)*\"?",
    end=rf"\bend(?P<what>{_ENDS})\b",
)
