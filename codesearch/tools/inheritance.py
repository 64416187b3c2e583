"""What a type builds on, read from its signature, in the forms that languages have for it. Pure."""

from __future__ import annotations

import re
from typing import Final

from codesearch.tools.occurrences import simple_name, word_pattern

TYPE_KINDS: Final = frozenset(
    {"class", "struct", "interface", "trait", "enum", "record", "union", "impl", "object", "protocol", "extension",
     "mixin", "type", "instance", "actor", "annotation", "contract"}
)  # fmt: skip
_CONSTRAINTS = re.compile(r"\bwhere\b|\brequires\b|\{|=>|;")
_INTRODUCTION = re.compile(r"\b(?:extends|implements|with|inherits|inherit|includes?|deriving)\b|:(?!:)|<(?=\s*[A-Z:])")
_WORDS = frozenset(
    "extends implements with inherits inherit public private protected virtual internal override final sealed abstract "
    "class struct interface enum dyn mut ref out unsafe for permits and static open data typename partial end".split()
)
_PART = re.compile(r"[^\W\d][\w$]*(?:(?:::|\.|\\)[^\W\d][\w$]*)*")
_INNERMOST = (re.compile(r"<[^<>]*>"), re.compile(r"\([^()]*\)"), re.compile(r"\[[^\[\]]*\]"))


def bases_of(kind: str, symbol: str, signature: str, language: str | None) -> list[str]:
    """Return the simple names of what a type extends, implements or mixes in, each once, as they are written."""
    if kind not in TYPE_KINDS:
        return []
    if kind in ("impl", "instance") and (found := re.search(r"\bimpl\b(.*)\bfor\b", signature)):
        return _names(found[1].split("{")[0])
    place = word_pattern(simple_name(symbol)).search(signature)
    if place is None:
        return []
    rest = signature[place.end() :]
    if language == "python":
        inside = re.match(r"\s*(?:\[[^\]]*\])?\s*\((.*)\)", rest)
        arguments = _without_nested(inside[1]).split(",") if inside else []
        return _names(",".join(part for part in arguments if "=" not in part))
    if language == "ruby":
        found = re.match(r"\s*<\s*(.*)", rest)
        return _names(found[1]) if found else []
    rest = _CONSTRAINTS.split(_without_nested(rest), maxsplit=1)[0]
    introduced = _INTRODUCTION.search(rest)
    return _names(rest[introduced.end() :]) if introduced else []


def _without_nested(text: str) -> str:
    """Return a text without what stands in brackets, from the innermost on."""
    for _ in range(5):
        shorter = text
        for pattern in _INNERMOST:
            shorter = pattern.sub("", shorter)
        if shorter == text:
            break
        text = shorter
    return text


def _names(text: str) -> list[str]:
    names = [re.split(r"::|[.\\]", part)[-1] for part in _PART.findall(_without_nested(text))]
    return list(dict.fromkeys(name for name in names if name not in _WORDS))
