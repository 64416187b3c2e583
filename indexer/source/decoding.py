"""Bytes of a file -> its text, or why it has none. walk.py asks here for every file that it reads."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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
_CONTROL = bytes({*range(0x20), 0x7F} - set(b"\t\n\v\f\r\x1b"))
# A text has next to no control characters; terminal dumps and the odd form feed stay under this share.
_MAX_CONTROL_SHARE = 0.05
# Damaged UTF-8 is kept with replacement characters when this many good characters stand against each bad byte.
_GOOD_PER_BAD = 4
# UTF-16 without a mark: nearly every other byte is NUL, and the rest is not.
_LEAST_UTF16_BYTES = 32
_NUL_SHARE = 0.8
# The only encoding in use that looks like ASCII and is not: it switches by escape sequences.
_ISO_2022 = re.compile(rb"\x1b\$(?:[@B]|\(D)")
_LFS_POINTER = b"version https://git-lfs.github.com/spec/"
_PDF = b"%PDF-"

Verdict = tuple[SkipReason, str]


@dataclass(frozen=True, slots=True)
class Hints:
    """What is known of a file's encoding besides its bytes.

    `declared` tells what .gitattributes or .editorconfig say, asked when it matters. `others` counts the encodings of
    other files of the source.
    `fallback` is read where nothing else is certain.
    """

    declared: Callable[[], str | None] = lambda: None
    others: Mapping[str, int] | None = None
    fallback: str | None = None


NO_HINTS = Hints()


@dataclass(frozen=True, slots=True)
class Decoded:
    """A file's text, and the codec of Python that it was read with."""

    text: str
    codec: str


def decode(content: bytes, hints: Hints = NO_HINTS) -> Decoded | Verdict:
    """Return the text without a byte order mark, its line ends as they are, and its codec; or why there is none.

    Reads UTF-8, UTF-16 and UTF-32, what the file or the hints declare, and what the letters leave no doubt about. The
    text never holds NUL.
    """
    for mark, encoding in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            try:
                return _refuse_control(content[len(mark) :].decode(encoding), encoding)
            except UnicodeDecodeError:
                if encoding != "utf-8":
                    return SkipReason.UNDECODABLE, f"{encoding.upper()} mark, but not that encoding"
                content = content[len(mark) :]
                break
    if b"\0" in content:
        return _decode_wide(content, hints)
    if content.startswith(_LFS_POINTER):
        return SkipReason.LFS_POINTER, "a git LFS pointer, not the file itself"
    if content.startswith(_PDF):
        return SkipReason.BINARY, "PDF"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return _decode_legacy(content, hints)
    # One byte at first: it is looked for ten times as fast as two.
    if b"\x1b" in content and b"\x1b$" in content and (switched := _decode_switching(content)) is not None:
        return switched
    return _refuse_control(text, "utf-8")


def _decode_wide(content: bytes, hints: Hints) -> Decoded | Verdict:
    """Read UTF-16 or UTF-32 without a mark; other files with NUL bytes are no text."""
    from indexer.source.encoding.declared import codec_of

    name = hints.declared()
    declared = codec_of(name) if name else None
    encodings = [declared] if declared and declared.startswith(("utf-16", "utf-32")) else []
    if len(content) >= _LEAST_UTF16_BYTES and len(content) % 2 == 0:
        enough = len(content) // 2 * _NUL_SHARE
        even, odd = content[::2].count(0), content[1::2].count(0)
        encodings += (
            ["utf-16-le"] if odd >= enough and not even else ["utf-16-be"] if even >= enough and not odd else []
        )
    for encoding in encodings:
        try:
            return _refuse_control(content.decode(encoding), encoding)
        except UnicodeDecodeError:
            continue
    return SkipReason.BINARY, "NUL bytes"


def _decode_switching(content: bytes) -> Decoded | None:
    if _ISO_2022.search(content) is None:
        return None
    try:
        text = content.decode("iso2022_jp_ext")
    except UnicodeDecodeError:
        return None
    return Decoded(text, "iso2022_jp_ext")


def _decode_legacy(content: bytes, hints: Hints) -> Decoded | Verdict:
    """Read what is not UTF-8: damaged UTF-8, what is declared, what is likely."""
    repaired = content.decode("utf-8", "replace")
    bad = repaired.count("\ufffd")
    good = sum(1 for character in repaired if character > "\x7f") - bad
    if good >= bad * _GOOD_PER_BAD:
        return _refuse_control(repaired, "utf-8")
    # Here and not at the top: most runs never meet such a file.
    from indexer.source.encoding.declared import codec_of, find_declared
    from indexer.source.encoding.detection import decode_strictly, detect

    for name in (find_declared(content), hints.declared()):
        codec = codec_of(name) if name else None
        if codec is not None and codec != "utf-8" and (text := decode_strictly(content, codec)) is not None:
            return _refuse_control(text, codec)
    reading = detect(content, hints.others)
    if reading is not None and reading.is_certain:
        return _refuse_control(reading.text, reading.codec)
    fallback = codec_of(hints.fallback) if hints.fallback else None
    if fallback is not None and (text := decode_strictly(content, fallback)) is not None:
        return _refuse_control(text, fallback)
    if reading is None:
        return SkipReason.UNDECODABLE, "not UTF-8, and no text in any other encoding that is known"
    return SkipReason.UNDECODABLE, f"not UTF-8; the best guess is {reading.codec}, but it is not certain"


def _refuse_control(text: str, codec: str) -> Decoded | Verdict:
    if "\0" in text:
        return SkipReason.BINARY, "NUL characters"
    sample = text[:_SAMPLE_CHARACTERS]
    encoded = sample.encode("utf-8", "surrogatepass")
    if len(encoded) - len(encoded.translate(None, _CONTROL)) > len(sample) * _MAX_CONTROL_SHARE:
        return SkipReason.BINARY, "control characters"
    return Decoded(text, codec)
