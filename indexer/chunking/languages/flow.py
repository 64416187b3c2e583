"""Blanks out of JavaScript what only Flow writes, so that TSX's grammar reads it; the same bytes and lines remain."""

from __future__ import annotations

import re

_KEPT = rb"(?P<kept>//[^\n]*|/\*.*?(?:\*/|\Z)|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`)"
_TYPE = rb"[\w$.]+(?:<[^<>(){};]*(?:<[^<>(){};]*>[^<>(){};]*)*>)?(?:\[\])*"
_FLOW = re.compile(
    _KEPT
    # Exact objects `{| a: b |}`.
    + rb"|(?<=\{)(?P<open>\|)(?!\|)|(?P<close>(?<!\|)\|)(?=\})"
    # `opaque type Id: string = string`, `declare opaque type Id: string`.
    rb"|(?P<opaque>\bopaque(?=\s+type\b))"
    rb"|^(?P<exported>declare export)(?= (?:class|function|var|let|const|type|opaque)\b)"
    # `import typeof Name from`, `import {typeof Name}`.
    rb"|(?<=import )(?P<typeof>typeof)(?=\s+[\w{*])"
    # Types that may be missing: `?Card`, `Array<?Card>`, `(x: ?Card)`; `a ? b : c` has a blank behind its mark.
    rb"|(?<=[:<,(|&=>])(?P<maybe>[ \t]*\?+)(?=[\w$({\[*])(?!\?\.)"
    # Variance, `+name: string` and `-[key: string]: number`, as the first of a member.
    rb"|(?:^|(?<=[{|,;<(]))[ \t]*(?P<variance>[+-])(?=(?:static\s+)?[A-Za-z_$][\w$]*\??[ \t]*[:,>=]|\[)"
    # Bounds of type parameters, `<T: Card>`.
    rb"|(?<=[<,])[ \t]*(?P<name>[A-Z][\w$]*)(?P<bound>[ \t]*:[ \t]*(?:\{[^{}]*\}|" + _TYPE + rb"))(?=[ \t]*[,>=])"
    # Casts, `(card.weight: number)`: no parameters, as neither `=>` nor `{` nor a type follows.
    rb"|(?<=\()(?P<value>[\w$.\[\]'\"]+|\{\}|\[\])(?P<cast>[ \t]*:[ \t]*[\w$?][^(){};\n]*)"
    rb"(?=\)[ \t]*[;,.)\]}:\n\r+*/-])"
    # Inexact objects `{a: b, ...}`, enums with a type, predicates, what a component renders.
    rb"|(?P<inexact>\.\.\.)(?=\s*\|?\})|(?<=\w)(?P<base>[ \t]+of[ \t]+(?:string|number|boolean|symbol|bigint))(?=\s*\{)"
    rb"|(?P<checks>%checks)\b|(?<=\))(?P<renders>[ \t]+renders[?*]?[ \t]+[\w.]+)(?=\s*\{)"
    # `component Hello(name: string) {`: a function with named parameters.
    rb"|^(?:export[ \t]+(?:default[ \t]+)?)?(?P<component>component)(?=[ \t]+[A-Z]\w*[ \t]*[(<])",
    re.DOTALL | re.MULTILINE,
)
_BLANKED = (
    "open",
    "close",
    "opaque",
    "typeof",
    "maybe",
    "variance",
    "bound",
    "cast",
    "inexact",
    "base",
    "checks",
    "renders",
)
_OPAQUE = re.compile(rb"\btype\s+[\w$]+(?:<[^<>]*>)?(?P<supertype>\s*:[^=;\n]*)(?==|;|$)", re.MULTILINE)
_HIDDEN = re.compile(rb"[ ]{7}(?P<head>type\s+[\w$]+(?:<[^<>\n]*>)?)[ \t]*(?=;|$)", re.MULTILINE)
_NOT_LINE_END = re.compile(rb"[^\r\n]")


def without_flow(source: bytes) -> bytes:
    """Return the text without what TypeScript's grammar cannot read of Flow; the same bytes and lines remain."""
    text = bytearray(source)
    for found in _FLOW.finditer(source):
        if found["kept"] is not None:
            continue
        for name in _BLANKED:
            if found[name] is not None:
                _blank(text, *found.span(name))
        if found["exported"] is not None:
            text[slice(*found.span("exported"))] = b"export declare"
        if found["component"] is not None:
            text[slice(*found.span("component"))] = b"function "
    for found in _OPAQUE.finditer(bytes(text)):
        _blank(text, *found.span("supertype"))
    # A type that shows nothing of itself gets a value where its first word stood.
    return _HIDDEN.sub(lambda found: (found["head"] + b"=any").ljust(len(found.group())), bytes(text))


def _blank(text: bytearray, start: int, end: int) -> None:
    text[start:end] = _NOT_LINE_END.sub(b" ", bytes(text[start:end]))
