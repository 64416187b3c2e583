"""Encodings that a file, .gitattributes or .editorconfig declare: each form, each usual name, and what is none."""

from __future__ import annotations

import pytest

from indexer.source.decoding import Hints
from indexer.source.encoding.declared import codec_of, find_declared
from indexer.source.skipping import SkipReason
from tests.unit.indexer.source.decoded import decode_text

# So little text that nothing but the declaration tells.
WORD = "ёж"


@pytest.mark.parametrize(
    ("text", "codec"),
    [
        ("# -*- coding: cp1251 -*-\nx = 'ёж'\n", "cp1251"),
        ("#!/usr/bin/env python\n# vim: set fileencoding=koi8-r :\nx = 'ёж'\n", "koi8_r"),
        ("# encoding: koi8-r\nputs 'ёж'\n", "koi8_r"),
        (";; -*- mode: lisp; coding: windows-1251-unix; -*-\n; ёж\n", "cp1251"),
        ("// -*- coding: iso-8859-5 -*-\n// ёж\n", "iso8859_5"),
        ("<?xml version='1.0' encoding='windows-1251'?>\n<a>ёж</a>\n", "cp1251"),
        ('<!doctype html>\n<html><head>\n<meta charset="koi8-r">\n</head>ёж\n', "koi8_r"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">\nёж\n', "cp1251"),
        ('@charset "windows-1251";\n.a::before { content: "ёж"; }\n', "cp1251"),
        ("x = 1\n" * 20 + "/* ёж */\n// vim: set ts=4 fenc=cp1251:\n", "cp1251"),
        ("use encoding 'koi8-r';\nprint 'ёж';\n", "koi8_r"),
        ("# -*- coding: Shift_JIS -*-\nx = '表'\n", "cp932"),
        ("# coding: euc-kr\nx = '뷁'\n", "cp949"),
        ("# coding=gb2312\nx = '喆'\n", "gb18030"),
        ("<?xml version='1.0' encoding='Big5'?>\n<a>表</a>\n", "big5"),
        ("# coding: latin-1\nx = '“ß”'\n", "cp1252"),
    ],
)
def test_what_a_file_declares_decides(text: str, codec: str) -> None:
    assert decode_text(text.encode(codec)) == text
    assert decode_text(text.replace("\n", "\r\n").encode(codec)) == text.replace("\n", "\r\n")


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n# the coding: cp1251 stands in line three at the least\n# coding: cp1251\n"[8:].replace("#", "x"),
        "encoding = cp1251\n",
        "a = 1\nb = 2\n# coding: cp1251\n",
        "",
    ],
)
def test_what_is_no_declaration(text: str) -> None:
    assert find_declared(text.encode()) is None


def test_utf8_goes_before_what_is_declared() -> None:
    text = "# -*- coding: latin-1 -*-\nx = 'größer'\n"
    assert decode_text(text.encode()) == text


def test_a_wrong_declaration_is_passed_over() -> None:
    text = "# -*- coding: utf-8 -*-\n# Размер буфера в байтах, не больше двух мегабайт\n"
    assert decode_text(text.encode("cp1251")) == text
    text = "# -*- coding: no-such-thing -*-\n# Größe des Puffers in Bytes\n"
    assert decode_text(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    "name", ["rot13", "base64", "zlib", "idna", "punycode", "unicode_escape", "utf-7", "nothing", ""]
)
def test_names_of_no_encoding(name: str) -> None:
    assert codec_of(name) is None


def test_hints_from_outside() -> None:
    text = f"x = '{WORD}'\n"
    assert decode_text(text.encode("koi8_r"), Hints(lambda: "KOI8-R")) == text
    assert decode_text(text.encode("utf-16-le"), Hints(lambda: "UTF-16LE-BOM")) == text
    # The file knows better.
    own = f"# coding: cp1251\nx = '{WORD}'\n"
    assert decode_text(own.encode("cp1251"), Hints(lambda: "koi8-r")) == own


def test_utf16_without_a_mark() -> None:
    text = "function Send-Reminder {\r\n  Write-Output 'Überfällig'\r\n}\r\n"
    assert decode_text(text.encode("utf-16-le")) == text
    assert decode_text(text.encode("utf-16-be")) == text
    verdict = decode_text(b"MZ\0\0" * 40 + b"x\0" * 10)
    assert isinstance(verdict, tuple)
    assert verdict[0] is SkipReason.BINARY


def test_iso_2022_is_not_taken_for_ascii() -> None:
    text = "// 設定ファイルを読み込む\nint x;\n"
    assert decode_text(text.encode("iso2022_jp")) == text
    terminal = "\x1b[31mred\x1b[0m and \x1b$ alone\n" + "plain text\n" * 20
    assert decode_text(terminal.encode()) == terminal
