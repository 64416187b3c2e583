"""What a text shows of its language: patterns that several endings ask for, and how they are asked.

Patterns are compiled when they are first asked for: most runs meet few shared endings.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

# What is looked at of a long file and of a long line: clues may take a line's length to the second power.
_HEAD_CHARACTERS = 64_000
_LINE_CHARACTERS = 400
_C_NOISE = r"/\*.*?(?:\*/|\Z)|//[^\n]*|\"(?:[^\"\\\n]|\\.)*\""

Tell = Callable[[str], "str | None"]

_OBJECTIVE_C_WORD = r"@(?:interface|protocol|implementation|class|import|end|synthesize|property)\b"
OBJECTIVE_C = rf"^[ \t]*(?:{_OBJECTIVE_C_WORD}|#[ \t]*import\b)"
# At the beginning of a line, and anywhere: the search for the one leaps from line to line, and few texts have a word of
# the other.
_CPP_LINE = (
    r"[ \t]*(?:class\s+\w|namespace\s+[\w{]|template\s*<|using\s+\w|(?:public|private|protected)\s*:"
    r"|#include\s*<\w+>)|#\s*ifndef\s+\w+_(?:HPP|HXX|HH)_*\b"
)
_CPP_INSIDE = r"\bstd::|\bconstexpr\b|\bnullptr\b|\w::\w|\bstatic_cast<"
_CPP_INSIDE_WORDS = ("::", "constexpr", "nullptr", "static_cast<")
CPP = rf"^(?:{_CPP_LINE})|{_CPP_INSIDE}"
# Any text that shows it has one of these words, or a header without a dot: to look for them takes a tenth of the time.
_CPP_WORDS = (
    *_CPP_INSIDE_WORDS, "class", "namespace", "template", "using", "public", "private", "protected", "_HPP", "_HXX",
    "_HH",
)  # fmt: skip
_CPP_HEADER = r"<\w+>"
# References, templates, members and bases: signs of C++ that C may show by chance, as `f(a &b)` in a macro. Each begins
# with what is searched for, not with what must stand before.
_CPP_SIGNS = (
    r"&(?:(?<=[\w>]&)(?<!return&)(?<!case&)[ \t]*\w|(?<=[\w>][ \t]&)(?<!return[ \t]&)(?<!case[ \t]&)\w)",
    r"<(?<=\w<)[ \t]*\w[\w \t,:*&]*>[ \t]*\w",
    r"\)[ \t]*const\b",
    r"~\w+[ \t]*\([ \t]*\)",
    r"\n[ \t]*(?:struct|union)[ \t]+\w+[ \t]*:[ \t]*\w",
    r"_cast(?<=\w_cast)\b",
)
_CPP_SIGN_WORDS = (
    "operator", "virtual", "friend", "explicit", "delete", "throw", "mutable", "typename", "noexcept", "override",
    "typeid",
)  # fmt: skip
C_DIRECTIVE = r"^[ \t]*#[ \t]*(?:include|define|if|ifdef|ifndef|undef|pragma)\b"
C_CODE = (
    C_DIRECTIVE
    + r"|^[ \t]*(?:static|extern|inline|typedef|struct|const|void|int|char|float|double|unsigned|bool)\b[^\n;{}]*[;{(]"
)
PASCAL = (
    r"(?i)^[ \t]*(?:unit|program|library|package)\s+[\w.]+[ \t]*(?:\([^)\n]*\))?[ \t]*;"
    r"|^[ \t]*(?:class[ \t]+)?(?:procedure|function|constructor|destructor|operator)\s+[\w.]+[^\n{}]*;"
    r"|^[ \t]*\{\$\w+|^[ \t]*(?:interface|implementation|resourcestring|initialization)[ \t]*$|^[ \t]*end[.;][ \t]*$"
)
PERL = (
    r"^[ \t]*(?:use|no)\s+(?:v?5|\w+)(?:::\w+)*\b(?!\s+v6)[^\n]*;|^[ \t]*package\s+[\w:]+\s*[;{]"
    r"|^[ \t]*sub\s+\w[\w:]*[^\n]*\{?[ \t]*$|^[ \t]*(?:my|our|local)\s*[$@%(]"
    r"|^=(?:pod|head[1-4]|cut|over|item)\b|[$@]_\b|^[ \t]*[$@%]\w+\s*=[^\n]*;|->\{|=~"
)
RAKU = r"^[ \t]*use[ \t]+v6\b|^[ \t]*(?:unit[ \t]+)?(?:module|grammar|role)[ \t]+[\w:-]+[ \t]*[;{]"
PROLOG = r"^:-[ \t]*\w|^[a-z]\w*(?:\([^\n]*\))?[ \t]*(?::-|-->)|^[a-z]\w*\([^\n]*\)\.[ \t]*(?:%[^\n]*)?$"
VISUAL_BASIC = (
    r"(?i)^VERSION[ \t]+\d+\.\d+|^[ \t]*Attribute[ \t]+VB_\w+|^[ \t]*Option[ \t]+(?:Explicit|Strict|Compare|Base)\b"
    r"|^[ \t]*(?:(?:Public|Private|Friend|Static)[ \t]+)*(?:Sub|Function|Property[ \t]+(?:Get|Let|Set))"
    r"[ \t]+\w+[ \t]*\(|^[ \t]*End[ \t]+(?:Sub|Function|Property)\b"
)
GLSL = (
    r"^[ \t]*(?:#[ \t]*version\s+\d|#[ \t]*extension\s+GL_|precision\s+(?:low|medium|high)p\b|layout\s*\("
    r"|(?:flat\s+|smooth\s+)?(?:uniform|varying|attribute|in|out|buffer)\s+\w[^\n=()]*[;{]"
    r"|(?:void|float|int|bool|[biu]?vec[234]|mat[234])\s+\w+\s*\()|\bgl_(?:Position|FragCoord|FragColor|Vertex)\b"
)
MUMPS = r"\A\s*(?:\w+[ \t]*(?:\([^)\n]*\))?)?[ \t]*;"
# The first statement is a rule, `lamp.o: lamp.c \`.
MAKE_RULE = (
    r"\A(?:[ \t]*#[^\n]*\n|[ \t\r]*\n)*[\w./+$()~@%-]+(?:[ \t]+[\w./+$()~@%-]+)*"
    r"[ \t]*:(?![:=])(?:[ \t][^\n;{}\"]*)?\\?\r?$"
)
ASSEMBLY = (
    r"(?i)^[ \t]*(?:(?:[\w.$@?]+:[ \t]*)?(?:mov\w?|push\w?|pop\w?|call|jmp|j[nz]?[ez]|ret|xor|lea|add|sub|cmp|int"
    r"|ldr|str|stp|ldp|bl|b|nop|lda|sta|ldx|jsr|rts|addi|li|lw|sw)[ \t]+[^\s=(]"
    r"|[\w.$@?]+:?[ \t]+(?:equ|db|dw|dd|dq|proc|endp|macro|struc)\b"
    r"|\.(?:macro|endm|globl|global|section|text|data|equ|org|byte|word|long|asciz|include|if|endif|set|align|proc)\b"
    r"|%(?:macro|endmacro|define|ifdef|ifndef|if|endif|assign|include)\b|(?:ret|nop|rts)[ \t]*$|[\w.$@]+:[ \t]*$)"
)
FORTRAN = (
    r"(?i)^[ \t]+(?:common[ \t]*/|(?:integer|real|double precision|logical|character|complex)\b[^\n;{}()]*$"
    r"|parameter[ \t]*\(|dimension[ \t]+\w|(?:subroutine|end[ \t]+(?:subroutine|function|module))\b)"
    r"|^[cC*][ \t]+[^\n;]*$"
)


@cache
def pattern(clue: str) -> re.Pattern[str]:
    """Compile a clue once."""
    return re.compile(clue, re.MULTILINE)


def shows(text: str, clue: str) -> bool:
    """Say whether a text shows a clue anywhere."""
    return pattern(clue).search(text) is not None


def shows_objective_c(text: str) -> bool:
    """Say whether a text shows OBJECTIVE_C."""
    return ("import" in text or shows(text, _OBJECTIVE_C_WORD)) and shows(text, OBJECTIVE_C)


def shows_cpp(text: str) -> bool:
    """Say whether a text shows CPP outside of comments and strings."""
    if not any(word in text for word in _CPP_WORDS) and not shows(text, _CPP_HEADER):
        return False
    bare = without_c_noise(text)
    if pattern(rf"\n(?:{_CPP_LINE})").search(f"\n{bare}") is not None:
        return True
    return any(word in bare for word in _CPP_INSIDE_WORDS) and shows(bare, _CPP_INSIDE)


def shows_cpp_signs(text: str) -> bool:
    """Say whether a text that does not show CPP has signs of it all the same, outside of comments and strings."""
    bare = f"\n{without_c_noise(text)}"
    if any(shows(bare, sign) for sign in _CPP_SIGNS):
        return True
    return any(word in bare and shows(bare, rf"{word}(?<!\w{word})\b") for word in _CPP_SIGN_WORDS)


def first_of(*clues: tuple[str, str], default: str | None) -> Tell:
    """Tell by the first clue that shows: pairs of a name and a pattern."""

    def tell(text: str) -> str | None:
        return next((name for name, clue in clues if shows(text, clue)), default)

    return tell


def head_of(text: str) -> str:
    """Return what of a text the clues are to look at: its beginning, with long lines cut."""
    return "\n".join([line[:_LINE_CHARACTERS] for line in text[:_HEAD_CHARACTERS].split("\n")])


def without_c_noise(text: str) -> str:
    """Blank out C's comments and strings: what they hold says nothing about the language."""
    return re.sub(_C_NOISE, " ", text, flags=re.DOTALL)
