"""Turns macro calls that stand where C++ wants none into comments of the same length and lines.

`UCLASS(...)` above a class, `UMETA(...)` behind an enumerator, `UPARAM(...)` before a parameter: macros of that form
belong to what they stand at, as a comment does.
"""

from __future__ import annotations

import re

# Every match begins with one of a few characters, so that the search can leap to the next of those: twice as fast.
# A line begins with the end of the one before it, also the first, before which one is put.
_CALL = re.compile(
    rb"[/\"'\nA-Z](?:(?<=/)(?:/[^\n]*|\*.*?(?:\*/|\Z))"
    rb"|(?<=R)\"(?P<mark>[^()\\\s]{0,16})\(.*?(?:\)(?P=mark)\"|\Z)"
    rb"|(?<=\")(?:[^\"\\\n]|\\.)*\"|(?<=')(?:[^'\\\n]|\\.){1,8}'"
    rb"|(?<=\n)[ \t]*(?:#(?:[^\n\\]|\\\r?\n|\\.)*"
    # Qt's sections of a class.
    rb"|(?P<signals>signals|Q_SIGNALS)(?=[ \t]*:)"
    rb"|(?:public|protected|private)[ \t]+(?P<slots>slots|Q_SLOTS)(?=[ \t]*:))"
    rb"|(?<=[A-Z])(?<!\w.)(?P<name>[A-Z0-9]*_\w+|[A-Z0-9_]{2,})[ \t]*(?=\())",
    re.DOTALL,
)
_ARGUMENT = re.compile(rb"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.){1,8}'|[(){};]", re.DOTALL)
_ENUM = re.compile(rb"\benum\b[^;{}()]{0,200}\{[^{}]*\}")
_MAX_CALL_BYTES = 2000
_MAX_HEAD_BYTES = 400
_TYPE = rb"[A-Za-z_][\w:]*(?:\s*<[^;{}()<>]*(?:<[^;{}()<>]*>[^;{}()<>]*)*>)?[\s*&]+"
# What a macro that stands alone before a declaration is followed by: its first word, a type and a name, or another one.
_DECLARATION = re.compile(
    rb"\s*\}|\s+(?!(?:return|co_return|delete|throw|goto|else|case|new)\b)"
    rb"(?:(?:class|struct|enum|union|template|typedef|using|friend|explicit|virtual|static|inline|constexpr|const"
    rb"|mutable|unsigned|signed)\b|(?:" + _TYPE + rb"){1,4}[\w~:]+\s*[(;={\[,:]"
    rb"|operator\b|~?[A-Za-z_]\w*\(|[A-Z][A-Z0-9_]{2,}\()"
)
_PARAMETER = re.compile(rb"\s+(?:const\s+)?(?:(?:class|struct|enum)\s+)?" + _TYPE + rb"[A-Za-z_]\w*\s*[,)=\[]")
# An argument that is no expression, `DECLARE_EVENT(FOnUsed, AActor*, Who);`.
_POINTER = re.compile(rb"[\w>][ \t]*[*&][ \t]*[,)]")
_NOT_LINE_END = re.compile(rb"[^\r\n]")


def comment_macro_calls(source: bytes) -> bytes:
    """Return C++ source whose annotating macro calls are comments."""
    text = bytearray(source)
    enums = bytearray(len(source) + 1)
    for enum in _ENUM.finditer(source):
        enums[enum.start() : enum.end()] = b"\1" * (enum.end() - enum.start())
    for match in _CALL.finditer(b"\n" + source):
        kind = match.lastgroup
        if kind == "signals" or kind == "slots":
            start, end = match.start(kind) - 1, match.end(kind) - 1
            text[start:end] = (b"public" if kind == "signals" else b"").ljust(end - start)
        if kind != "name":
            continue
        start, opening = match.start() - 1, match.end() - 1
        closing = _call_end(source, opening)
        if closing is None:
            continue
        end = closing
        before = bytes(text[max(0, start - 400) : start])
        if _is_annotation(before, source, (start, end), is_in_enum=bool(enums[start])):
            blank = _NOT_LINE_END.sub(b" ", source[start:end])
            # `GENERATED_BODY()` stands for members of its own and belongs to none of the others.
            is_member = b"_" in match["name"] and source[opening:end].strip(b"( )") == b""
            text[start:end] = blank if is_member else b"/*" + blank[2:-2] + b"*/"
    return bytes(text)


def _call_end(source: bytes, start: int) -> int | None:
    """Return where the arguments that open at `start` end; None for what holds statements or never ends."""
    depth = 0
    for token in _ARGUMENT.finditer(source, start, start + _MAX_CALL_BYTES):
        sign = token.group()
        if sign in (b"{", b"}", b";"):
            return None
        depth += (sign == b"(") - (sign == b")")
        if depth == 0:
            return token.end()
    return None


def _is_annotation(before: bytes, source: bytes, span: tuple[int, int], *, is_in_enum: bool) -> bool:
    """Say whether the call behind `before` annotates a declaration, a parameter or an enumerator, or takes types."""
    start, end = span
    line = before[before.rfind(b"\n") + 1 :]
    last = before.rstrip()[-1:]
    if is_in_enum and line.strip():
        return (last.isalnum() or last == b"_") and source[end : end + 200].lstrip()[:1] in (b",", b"}", b"=", b"/")
    if last in (b"(", b","):
        return _PARAMETER.match(source, end, end + _MAX_HEAD_BYTES) is not None
    if not _ends_declaration(before.rstrip()):
        return False
    if source[end : end + 1] == b";":
        return _POINTER.search(source, start, end) is not None
    return _DECLARATION.match(source, end, end + _MAX_HEAD_BYTES) is not None


def _ends_declaration(before: bytes) -> bool:
    if not before or before.endswith((b";", b"{", b"}", b":", b"*/", b">")):
        return True
    return before[before.rfind(b"\n") + 1 :].lstrip().startswith((b"#", b"//"))
