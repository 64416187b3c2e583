"""Bytes of a file -> its text, or why it has none. walk.py asks here for every file that it reads."""

from __future__ import annotations

import codecs
import re

from indexer.source.skipping import SkipReason

# UTF-32 first: its little-endian mark starts with UTF-16's.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE_CHARACTERS = 1 << 13
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_HIGH = re.compile(rb"[\x80-\xff]")
# A text has next to no control characters; terminal dumps and the odd form feed stay under this share.
_MAX_CONTROL_SHARE = 0.05
# Western text in one byte per character has a few accents. Over this share it is another alphabet or no text at all,
# and reading it as Western text would give nonsense.
_MAX_HIGH_SHARE = 0.3
# Damaged UTF-8 is kept with replacement characters when this many good characters stand against each bad byte.
_GOOD_PER_BAD = 4
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_PDF = b"%PDF-"

Verdict = tuple[SkipReason, str]


def decode_text(content: bytes) -> str | Verdict:
    """Return the text without a byte order mark and with its line ends as they are, or why there is none.

    Reads UTF-8, UTF-16 and UTF-32 with a byte order mark, and Western single-byte text. The text never holds NUL.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            try:
                return _refuse_control(content[len(mark) :].decode(encoding))
            except UnicodeDecodeError:
                if encoding != "utf-8":
                    return SkipReason.UNDECODABLE, f"{encoding.upper()} mark, but not that encoding"
                content = content[len(mark) :]
                break
    if b"\0" in content:
        return SkipReason.BINARY, "NUL bytes"
    if content.startswith(_LFS_POINTER):
        return SkipReason.BINARY, "git LFS pointer"
    if content.startswith(_PDF):
        return SkipReason.BINARY, "PDF"
    try:
        return _refuse_control(content.decode("utf-8"))
    except UnicodeDecodeError:
        return _decode_legacy(content)


def _decode_legacy(content: bytes) -> str | Verdict:
    """Read what is not UTF-8: damaged UTF-8, or one byte per character."""
    repaired = content.decode("utf-8", "replace")
    bad = repaired.count("\ufffd")
    high = len(_HIGH.findall(content))
    good = sum(1 for character in repaired if character > "\x7f") - bad
    if good >= bad * _GOOD_PER_BAD:
        return _refuse_control(repaired)
    if high > len(content) * _MAX_HIGH_SHARE:
        return SkipReason.UNDECODABLE, "neither UTF-8 nor Western text"
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    verdict = _refuse_control(text)
    return (SkipReason.UNDECODABLE, "neither UTF-8 nor Western text") if isinstance(verdict, tuple) else verdict


def _refuse_control(text: str) -> str | Verdict:
    if "\0" in text:
        return SkipReason.BINARY, "NUL characters"
    sample = text[:_SAMPLE_CHARACTERS]
    if len(_CONTROL.findall(sample)) > len(sample) * _MAX_CONTROL_SHARE:
        return SkipReason.BINARY, "control characters"
    return text
