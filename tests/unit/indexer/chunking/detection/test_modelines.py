"""What first and last lines tell an editor."""

from __future__ import annotations

import pytest

from indexer.chunking.detection.modelines import modeline_of


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("# -*- ruby -*-", "ruby"),
        ("// -*- C++ -*-", "cpp"),
        ("/* -*- Mode: C++; tab-width: 4; indent-tabs-mode: nil -*- */", "cpp"),
        ("# -*- coding: utf-8; mode: python -*-", "python"),
        (";;; -*- mode: lisp; package: shop -*-", "commonlisp"),
        ("%% -*- prolog-mode -*-", "prolog"),
        ("# vim: set ft=sh ts=4 :", "bash"),
        ("# vim: syntax=puppet", "puppet"),
        ("// vi: sw=2 filetype=glsl", "glsl"),
        ("# vim600: sts=2 ft=perl", "perl"),
        ("# -*- coding: utf-8 -*-", None),
        ("# -*- tab-width: 4 -*-", None),
        ("# vim: ts=4 sw=4", None),
        ("#vimeo: ft=not", None),
        ("a = 1", None),
    ],
)
def test_reads_the_line(line: str, language: str | None) -> None:
    assert modeline_of(f"{line}\nbody\n") == language


def test_reads_the_last_lines_and_none_between() -> None:
    body = "x = 1\n" * 400
    assert modeline_of(f"{body}# vim: ft=tcl\n") == "tcl"
    assert modeline_of(f"{body}# vim: ft=tcl\n{body}") is None
