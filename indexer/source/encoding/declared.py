"""Which encoding a file says it is in: coding comments, modelines, XML, HTML and CSS declarations."""

from __future__ import annotations

import codecs
import re
from functools import cache

_HEAD_BYTES = 1024
_HTML_HEAD_BYTES = 4096
_TAIL_BYTES = 512
_NAME = rb"[\"']?\s*([A-Za-z0-9][\w.:+-]{1,40})"

# Python (PEP 263), Ruby and Emacs: `coding: NAME` or `coding=NAME` in a comment of the first two lines.
_CODING = re.compile(rb"coding[:=]\s*" + _NAME)
_COMMENT = re.compile(rb"^[ \t\f]*(?:#|//|/\*|--|;|%|'|\"|\*|<!--|\(\*|\{-|!|dnl\b|REM\b|\.\.)", re.IGNORECASE)
_VIM = re.compile(rb"\b(?:vim?|ex):.{0,200}?\b(?:fileencoding|fenc)=" + _NAME)
_XML = re.compile(rb"^\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*" + _NAME)
_HTML = re.compile(rb"<meta\b[^>]{0,300}?\bcharset\s*=\s*" + _NAME, re.IGNORECASE)
_CSS = re.compile(rb"^@charset\s+" + _NAME)
_PERL = re.compile(rb"^\s*use\s+encoding\s+" + _NAME, re.MULTILINE)

# What people call an encoding, where Python knows it by another name or a wider one that reads the same bytes.
_WIDER = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "big5hkscs",
    "cp950": "big5hkscs",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
    "iso2022_jp": "iso2022_jp_ext",
}
_ALIASES = {
    "x-sjis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "ms932": "cp932",
    "x-gbk": "gb18030",
    "gb-2312": "gb18030",
    "cn-big5": "big5hkscs",
    "x-euc-jp": "euc_jp",
    "ujis": "euc_jp",
    "ks_c_5601-1987": "cp949",
    "windows-949": "cp949",
    "uhc": "cp949",
    "windows-874": "cp874",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "x-cp1251": "cp1251",
    "win1251": "cp1251",
    "ansi_x3.4-1968": "cp1252",
    "latin1": "cp1252",
    "utf8mb4": "utf-8",
    "utf-8-unix": "utf-8",
    "utf-16le-bom": "utf-16-le",
    "utf-16be-bom": "utf-16-be",
}
_LINE_ENDS = re.compile(r"-(?:unix|dos|mac)$")
# Codecs of Python that turn bytes into text but are no encodings of files.
_NO_ENCODINGS = frozenset(
    {"idna", "punycode", "raw_unicode_escape", "unicode_escape", "undefined", "utf_7", "mbcs", "oem"}
)


def find_declared(content: bytes) -> str | None:
    """Return the name of the encoding that the file's own head (or a modeline at its end) declares."""
    head = content[:_HEAD_BYTES]
    if found := _XML.match(head) or _CSS.match(head):
        return found.group(1).decode("ascii")
    for line in head.split(b"\n", 2)[:2]:
        if _COMMENT.match(line) and (found := _CODING.search(line)):
            return found.group(1).decode("ascii")
    if found := _VIM.search(head) or _VIM.search(content[-_TAIL_BYTES:]) or _PERL.search(head):
        return found.group(1).decode("ascii")
    if found := _HTML.search(content[:_HTML_HEAD_BYTES]):
        return found.group(1).decode("ascii")
    return None


@cache
def codec_of(name: str) -> str | None:
    """Return Python's codec for the name of an encoding, a wider one where that reads more; None for an unknown one."""
    cleaned = _LINE_ENDS.sub("", name.strip().strip("\"'").lower())
    try:
        codec = codecs.lookup(_ALIASES.get(cleaned, cleaned))
    except LookupError:
        return None
    if not getattr(codec, "_is_text_encoding", True) or codec.name.replace("-", "_") in _NO_ENCODINGS:
        return None
    return _WIDER.get(codec.name, codec.name)
