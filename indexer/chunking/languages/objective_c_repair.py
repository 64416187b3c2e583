"""Blanks out of Objective-C text the macros that its grammar cannot read; the same bytes and lines remain.

Apple's headers annotate almost everything (availability, nullability, Swift names): unread, they cost whole classes.
"""

from __future__ import annotations

import re

_ARGUMENTS = rb"\((?:[^()\n]|\((?:[^()\n]|\([^()\n]*\))*\))*\)"
# The last words of annotation macros, behind a prefix like NS_, API_ or UI_.
_ANNOTATIONS = (
    rb"(?:\w*AVAILABLE\w*|\w*DEPRECATED\w*|ASSUME_NONNULL_\w+|DESIGNATED_INITIALIZER|REQUIRES_SUPER|SWIFT_\w+"
    rb"|REFINED_FOR_SWIFT|NOESCAPE|FORMAT_\w+|APPEARANCE_SELECTOR|RETURNS_\w+|EXPORT|EXTERN|EXTERN_C_\w+|ROOT_CLASS"
    rb"|HEADER_AUDIT_\w+)"
)
_UNREAD = re.compile(
    rb"(?P<kept>^[ \t]*#[^\n]*(?:\\\n[^\n]*)*|@?\"(?:[^\"\\\n]|\\.)*\"|//[^\n]*|/\*.*?\*/)"
    rb"|\btypedef[ \t]+(?:NS|CF)_(?:CLOSED_|ERROR_)?(?:ENUM|OPTIONS)[ \t]*\([^(),\n]*,[ \t]*(?P<enum>\w+)[ \t]*\)"
    rb"|(?P<condition>@available[ \t]*\([^()\n]*\))"
    rb"|\b(?:[A-Z][A-Z0-9]*_)+" + _ANNOTATIONS + rb"\b(?:[ \t]*" + _ARGUMENTS + rb")?"
    rb"|\b__attribute__[ \t]*"
    + _ARGUMENTS
    + rb"|\b__(?:unused|kindof|nullable|nonnull|covariant|contravariant|strong|weak"
    rb"|autoreleasing|unsafe_unretained)\b",
    re.MULTILINE | re.DOTALL,
)
_NOT_LINE_END = re.compile(rb"[^\r\n]")


def _without_macro(found: re.Match[bytes]) -> bytes:
    text = found.group()
    if found["kept"] is not None:
        return text
    if found["enum"] is not None:
        return (b"enum " + found["enum"]).ljust(len(text))
    if found["condition"] is not None:
        return b"1".ljust(len(text))
    return _NOT_LINE_END.sub(b" ", text)


def repair_objective_c(source: bytes) -> bytes | None:
    """Return the text without annotation macros, `typedef NS_ENUM(...)` as a plain enum; None where nothing changes."""
    repaired = _UNREAD.sub(_without_macro, source)
    return repaired if repaired != source else None
