"""Blanks out of C and C++ text what a parser without a preprocessor cannot read; the same bytes and lines remain.

Used for files whose tree has errors: branches of an #if that open a brace twice or cut through an expression, and
macros that stand where the grammar wants none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from indexer.chunking.languages.c_newer import write_older
from indexer.chunking.languages.macro_calls import comment_macro_calls

# Every branch begins with one character, so that the search can leap to the next of those: twice as fast. A directive's
# is the end of the line before it, also of the first, before which one is put.
_TOKEN = re.compile(
    rb"//[^\n]*|/\*[^*]*(?:\*(?!/)[^*]*)*\*/|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.){1,8}'"
    rb"|\n[ \t]*#(?:[^\n\\/]|\\\r?\n|\\.|/(?!\*)|/\*.*?\*/)*|\([^(){}\"'/#]*\)|\{|\}|\(|\)",
    re.DOTALL,
)
_DIRECTIVE = re.compile(rb"\s*#\s*(\w+)\s*(\S*)")
_CONDITION = re.compile(rb"#\s*if")
_NOT_LINE_END = re.compile(rb"[^\r\n]")

_ARGUMENTS = rb"(?:[ \t]*\((?:[^()\n;{}]|\([^()\n]*\))*\))?"
_CAPITALS = rb"[A-Z][A-Z0-9]*_[A-Z0-9_]*"
# A macro alone on its line, and where there is one, behind the end of the line before it.
_LONE = re.compile(rb"[ \t]*" + _CAPITALS + _ARGUMENTS + rb"[ \t]*(?=\r?\Z)")
_LONE_LINE = re.compile(rb"\n([ \t]*" + _CAPITALS + _ARGUMENTS + rb"[ \t]*)(?=\r?(?:\n|\Z))")
# Lines that begin with a macro and reach a blank line without ever ending: `LIB_API(int) start(void) LIB_NOTHROW`.
# The parser would take the next function's body for theirs.
_UNENDED_HEAD = re.compile(rb"\n" + _CAPITALS + rb"\b")
_ENDING = re.compile(rb"[;{}#]")
_BLANK_LINE = re.compile(rb"\r?\n[ \t]*\r?\n")
# Patterns that begin with a capital are searched for where all of those are an A: to leap from one letter to the next
# is twice as fast as from one of many. They begin with what is searched for, not with what must stand before: that is
# four times as fast.
_CAPITALS_ALIKE = bytes(ord("A") if chr(code).isascii() and chr(code).isupper() else code for code in range(256))
# Before a declaration, `FMT_API void f()`, `UNITTEST int g(`: at least a type and a name follow.
_BEFORE_TYPE = re.compile(
    rb"A(?<![^\s;{}>].)(?:[A-Z0-9]*_[A-Z0-9_]*" + _ARGUMENTS + rb"(?=\s+(?:[A-Za-z_][\w:]*[\s*&<:]+[\w~*&(:>]))"
    rb"|[A-Z]{3,}(?=[ \t]+(?:const[ \t]+|unsigned[ \t]+|struct[ \t]+)?\w+[ \t]*[ *]+\w+\())",
)
# Before a constructor or destructor: `FMT_INLINE explicit file(`.
_BEFORE_CALL = re.compile(rb"\n([ \t]*" + _CAPITALS + _ARGUMENTS + rb")(?=[ \t]+~?[A-Za-z_]\w*\()")
_IN_HEADS = [
    re.compile(word + rb"([ \t]+" + _CAPITALS + _ARGUMENTS + rb")(?=\s+[A-Za-z_])")
    for word in (b"class", b"truct", b"union")
]
# With the blanks before it, where what _IS_BEHIND holds stands before those.
_BEHIND = re.compile(rb"A(?<=[ \t\r\n].)[A-Z0-9]*_[A-Z0-9_]*" + _ARGUMENTS + rb"(?=\s*(?:\{|->|:\s))")
# `int f(void) API_ATTR;`
_BEFORE_END = re.compile(rb"\)([ \t]+" + _CAPITALS + _ARGUMENTS + rb")(?=\s*;)")
# `template <typename T, ENABLE_IF(...)>` and `value(T x BUILTIN_MACRO)`.
_IN_TEMPLATE = re.compile(
    rb",\s*" + _CAPITALS + rb"\((?:[^();{}]|\((?:[^();{}]|\([^();{}]*\))*\))*\)(?=\s*[,>])",
)
_BEHIND_PARAMETER = re.compile(rb"A(?<=[ \t].)[A-Z0-9]*_[A-Z0-9_]*(?=\s*[,)])")
_IS_BEHIND = {_BEHIND: (b" \t\r\n", re.compile(rb"[)\w]")), _BEHIND_PARAMETER: (b" \t", re.compile(rb"\w"))}
# A comment at the end of a macro's continued line.
_IN_MACRO = re.compile(rb"/\*[^\n]*?\*/(?=[ \t]*\\\r?\n)")
# What a lone macro may follow: anything else makes it part of an expression.
_STATEMENT_ENDS = frozenset(b';{}:>/"\\')


@dataclass(slots=True)
class _Conditional:
    """An open #if. `marks` are the spans of its directives, `ends` the brace depths where its branches end."""

    depth: int
    is_inside: bool
    is_false: bool
    marks: list[tuple[int, int]] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)


def repair_c(source: bytes) -> bytes:
    """Return C source with one branch of each unreadable #if and without misplaced macros."""
    return _blank_macros(_blank_branches(write_older(source)), calls=False)


def repair_cpp(source: bytes) -> bytes:
    """Return C++ source repaired like C, macros before constructors and behind heads included."""
    return _blank_macros(_blank_branches(comment_macro_calls(write_older(source))), calls=True)


def _blank_branches(source: bytes) -> bytes:
    """Keep one branch of each #if that stands inside an expression or whose branches do not close what they open."""
    if _CONDITION.search(source) is None:
        return source
    text = bytearray(source)
    stack: list[_Conditional] = []
    braces = parentheses = 0
    for match in _TOKEN.finditer(b"\n" + source):
        token = match.group()
        if token in (b"{", b"}"):
            braces += 1 if token == b"{" else -1
            parentheses = 0
        elif token in (b"(", b")"):
            parentheses = max(0, parentheses + (1 if token == b"(" else -1))
        elif (directive := _DIRECTIVE.match(token)) is not None:
            name = directive.group(1)
            # Without the line end in front of it, and in a text without the first.
            span = match.start(), match.end() - 1
            if name in (b"if", b"ifdef", b"ifndef"):
                inside = parentheses > 0 or _is_mid_statement(source, *span)
                stack.append(_Conditional(braces, inside, directive.group(2) == b"0", [span]))
            elif name in (b"else", b"elif", b"elifdef", b"elifndef") and stack:
                stack[-1].marks.append(span)
                stack[-1].ends.append(braces)
                braces = stack[-1].depth
            elif name == b"endif" and stack:
                braces = _close(text, stack.pop(), span, braces)
    return bytes(text)


def _close(text: bytearray, conditional: _Conditional, endif: tuple[int, int], depth: int) -> int:
    """Blank an #if down to one branch where it must be; return the depth behind it."""
    ends = [*conditional.ends, depth]
    if not conditional.is_inside and all(end == conditional.depth for end in ends):
        return depth
    marks = [*conditional.marks, endif]
    kept = 1 if conditional.is_false and len(ends) > 1 else 0
    for index, (start, end) in enumerate(marks[:-1]):
        _blank(text, start, end if index == kept else marks[index + 1][0])
    _blank(text, *endif)
    return ends[kept]


def _is_mid_statement(source: bytes, start: int, end: int) -> bool:
    """Say whether an #if divides a statement: something unfinished stands before it, or an `else` follows."""
    before = source[max(0, start - 200) : start].rstrip()
    if before[-1:] and before[-1:] in b"=,|&+?(":
        last_line = before.rsplit(b"\n", 1)[-1].lstrip()
        return not last_line.startswith((b"#", b"//", b"*", b"/*"))
    return source[end : end + 80].lstrip().startswith((b"else ", b"else\n", b"} else", b"&& ", b"|| "))


def _blank(text: bytearray, start: int, end: int) -> None:
    text[start:end] = _NOT_LINE_END.sub(b" ", bytes(text[start:end]))


def _blank_macros(source: bytes, *, calls: bool) -> bytes:
    text = bytearray(source)
    for match in _IN_MACRO.finditer(source):
        _blank(text, *match.span())
    for start, end in _spans(_LONE_LINE, source):
        if _follows_statement(source, start):
            _blank(text, start, end)
    for start, end in _unended(source):
        if _follows_statement(text, start):
            _blank(text, start, end)
    patterns = [_BEFORE_TYPE, *_IN_HEADS, _BEFORE_END]
    if calls:
        patterns += [_BEFORE_CALL, _BEHIND, _IN_TEMPLATE, _BEHIND_PARAMETER]
    for pattern in patterns:
        current = bytes(text)
        known: dict[int, bool] = {}
        for start, end in _spans(pattern, current):
            if not _is_directive(current, start, known):
                _blank(text, start, end)
    return bytes(text)


def _spans(pattern: re.Pattern[bytes], source: bytes) -> Iterator[tuple[int, int]]:
    """Yield where a pattern matches, or its group; in front of the first line there is a line end."""
    if pattern.pattern.startswith(b"A"):
        source = source.translate(_CAPITALS_ALIKE)
    if pattern not in _IS_BEHIND:
        for match in pattern.finditer(b"\n" + source):
            start, end = match.span(match.lastindex or 0)
            yield start - 1, end - 1
        return
    blanks, before = _IS_BEHIND[pattern]
    position = 0
    while (found := pattern.search(source, position)) is not None:
        start = found.start()
        while start and source[start - 1] in blanks:
            start -= 1
        is_behind = start > 0 and before.match(source, start - 1) is not None
        position = found.end() if is_behind else found.start() + 1
        if is_behind:
            yield start, found.end()


def _unended(source: bytes) -> Iterator[tuple[int, int]]:
    """Yield the spans from a macro that begins a line to the next blank line, where nothing ends in between."""
    position, ending, blank = 0, -1, -1
    lines = b"\n" + source
    while (head := _UNENDED_HEAD.search(lines, position)) is not None:
        position = head.end() - 1
        # Both are looked for once, however many macros stand before them.
        if blank < position:
            found = _BLANK_LINE.search(source, position)
            if found is None:
                return
            blank = found.start()
        if ending < position:
            found = _ENDING.search(source, position)
            ending = len(source) if found is None else found.start()
        if ending >= blank:
            yield head.start(), blank
            position = blank


def _follows_statement(source: bytes | bytearray, start: int) -> bool:
    before = source[max(0, start - 400) : start].rstrip()
    if not before or before[-1] in _STATEMENT_ENDS:
        return True
    last_line = before.rsplit(b"\n", 1)[-1].lstrip()
    return last_line.startswith((b"#", b"//")) or _LONE.fullmatch(last_line) is not None


def _is_directive(source: bytes, start: int, known: dict[int, bool]) -> bool:
    """Say whether an offset lies in a preprocessor line or its continuation; `known` remembers it of each line."""
    line_start = source.rfind(b"\n", 0, start) + 1
    passed = [line_start]
    while line_start not in known and line_start > 1 and source[line_start - 2 : line_start - 1] == b"\\":
        line_start = source.rfind(b"\n", 0, line_start - 1) + 1
        passed.append(line_start)
    if line_start not in known:
        known[line_start] = source[line_start : line_start + 40].lstrip().startswith(b"#")
    for line in passed:
        known[line] = known[line_start]
    return known[line_start]
