"""What texts with shared endings are told to be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.chunking.detection.clues import CPP, head_of, shows, shows_cpp, shows_cpp_signs, without_c_noise
from indexer.chunking.detection.contents import BY_ENDING, BY_NAME

_CASES: dict[str, dict[str, list[str]]] = {
    ".m": {
        "objective-c": [
            "#import <UIKit/UIKit.h>\nint x;\n",
            "// A view.\n@implementation Lamp\n- (void)light {\n}\n@end\n",
            "#include <stdio.h>\nint main(void) {\n  return 0;\n}\n",
        ],
        "matlab": [
            "function y = twice(x)\ny = 2 * x;\n",
            "% plots\nx = linspace(0, 1);\nplot(x, x.^2)\n",
            "# octave\n1;\nfunction go()\nendfunction\n",
            "a = [1 2\n 3 4];\ndisp(a')\n",
            "classdef Lamp < handle\nend\n",
        ],
        "mathematica": ["(* ::Package:: *)\nf[x_] := x^2\n", "area[r_] := Pi r^2\n"],
        "mercury": [":- module lamp.\n:- interface.\n"],
        "mumps": ["LAMP ;lights\n ;version 1\n SET X=1\n QUIT\n"],
    },
    ".cls": {
        "apex": [
            "public with sharing class Lamps {\n    Integer count;\n}\n",
            "/* tests */\n@isTest\nprivate class LampsTest\n{\n  static testMethod void lights() {}\n}\n",
            "global interface Lit {\n  void go();\n}\n",
        ],
        "latex": ["\\NeedsTeXFormat{LaTeX2e}\n\\ProvidesClass{lamp}\n", "% lamp.cls\n\\newif\\if@lit\n"],
        "visualbasic": [
            'VERSION 1.0 CLASS\nBEGIN\n  MultiUse = -1\nEND\nAttribute VB_Name = "CLamp"\n',
            "Option Explicit\nPublic Sub Light(ByVal n As Long)\nEnd Sub\n",
        ],
        "objectscript": ["Class Shop.Lamp Extends %Persistent\n{\nProperty Level As %Integer;\n}\n"],
    },
    ".v": {
        "verilog": [
            "`timescale 1ns/1ps\nmodule lamp(input a, output b);\nassign b = a;\nendmodule\n",
            "// Definition of the lamp.\nmodule lamp\n  #(parameter W = 1)\n  (input a);\nendmodule\n",
            "",
        ],
        "coq": [
            "Require Import Arith.\nLemma lit : forall n, n = n.\nProof. reflexivity. Qed.\n",
            "From Coq Require Import List.\nInductive lamp := On | Off.\n",
        ],
        "vlang": ["module main\n\nfn main() {\n\tprintln('lit')\n}\n"],
    },
    ".pl": {
        "perl": [
            "use strict;\nuse warnings;\nmy $x = 1;\n",
            "package Lamp;\nsub light {\n  my ($self) = @_;\n}\n1;\n",
            "$x = 1;\nprint $x;\n",
            "",
        ],
        "prolog": [
            ":- use_module(library(lists)).\nlit(X) :- member(X, [a]).\n",
            "% facts\nlamp(kitchen).\nlamp(hall).\n",
            "greeting --> [hello], name.\n",
        ],
        "raku": ["use v6;\nsay 'lit';\n"],
    },
    ".fs": {
        "fsharp": [
            "module Lamps\n\nlet light x = x + 1\n",
            "namespace Shop\n\ntype Lamp = { Level: int }\n",
            "// vec3 position\nopen System\n",
            "",
        ],
        "glsl": [
            "#version 330 core\nout vec4 colour;\nvoid main() { colour = vec4(1.0); }\n",
            "precision mediump float;\nvarying vec2 uv;\nvoid main() {}\n",
            "float fade(float d) {\n  return exp(-d);\n}\n",
        ],
        "forth": [": light ( n -- ) 1 + ;\n"],
    },
    ".cl": {
        "commonlisp": [
            "(defun light (x) (1+ x))\n",
            ";;; Lamps.\n(in-package :shop)\n",
            "#|\nLamps.\n|#\n(setf *lit* t)\n",
        ],
        "opencl": [
            "kernel void light(global float *x) {\n  x[get_global_id(0)] = 1;\n}\n",
            "// Lamps.\n#define W 3\nfloat fade(float d) { return d; }\n",
        ],
        "cool": ['class Main inherits IO {\n  main() : Object { out_string("x") };\n};\n'],
    },
    ".pp": {
        "puppet": [
            "class lamp {\n  package { 'lamp': ensure => present }\n}\n",
            "# Lamps.\ndefine shop::lamp($level = 1) {\n}\n",
            "node default {\n  include lamp\n}\n",
            "file { '/etc/lamp': ensure => file }\n",
        ],
        "pascal": [
            "unit Lamp;\ninterface\nimplementation\nend.\n",
            "program Lamp;\ntype\n  TLamp = class\n  end;\nbegin\nend.\n",
        ],
    },
    ".inc": {
        "php": ["<?php\nfunction light() {}\n", "<div><?= $lit ?></div>\n"],
        "pascal": [
            "procedure Light(N: Integer);\nbegin\n  Inc(N);\nend;\n",
            "{$IFDEF FPC}\nconst Lit = 1;\n{$ENDIF}\n",
        ],
        "assembly": [
            "; lamps\nPORT equ 0x61\nlight:\n    mov al, 1\n    out PORT, al\n    ret\n",
            ".macro light reg\n    ldr \\reg, =1\n.endm\n",
        ],
        "c": [
            "/* lamps */\n#define LIT 1\nstatic int light(int x) { return x; }\n",
            '{ "lamp", 1 },\n{ "hall", 2 },\n',
        ],
        "cpp": ["template <typename T>\nvoid light(T x) {\n  std::swap(x, x);\n}\n"],
        "bitbake": ['DEPENDS += "lamp"\ninherit cmake\n'],
        "makefile": ["LAMPS := kitchen hall\ninclude $(TOP)/rules.mk\n"],
    },
    ".ts": {
        "xml": [
            '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n<TS version="2.1">\n</TS>\n',
            "<!DOCTYPE TS><TS>\n</TS>\n",
        ],
        "typescript": ["export const lit: boolean = true\n", "const a = <T>(x: T) => x\n", ""],
    },
    ".d": {
        "d": [
            "module lamp;\nimport std.stdio;\nvoid light() {}\n",
            "/// Lights.\nint light(int x)\n{\n  return x;\n}\n",
            "",
        ],
        "makefile": ["lamp.o: src/lamp.c \\\n  src/lamp.h\n", "build/lamp.o: lamp.c lamp.h\n\nlamp.h:\n"],
        "dtrace": ["#!/usr/sbin/dtrace -s\nsyscall:::entry\n{\n}\n", "BEGIN\n{\n  x = 1;\n}\n"],
    },
    ".sc": {
        "scala": ["package shop\n\nobject Lamp\n", "import $ivy.`a::b:1`\n@main def light() = println(1)\n", ""],
        "supercollider": [
            "Lamp : Light {\n\tvar <level;\n\t*new { |level| ^super.new.init(level) }\n}\n",
            "SynthDef(\\lamp, { |freq| Out.ar(0, SinOsc.ar(freq)) }).add;\n",
        ],
    },
    ".r": {
        "r": ["light <- function(x) x + 1\n", "# Rebol is no R\nx = 1\n", ""],
        "rebol": ['REBOL [\n  Title: "Lamp"\n]\nprint 1\n'],
        "rez": ['#include "Types.r"\nresource \'STR \' (1) { "x" };\n'],
    },
    ".ml": {
        "ocaml": ["let light x = x + 1\n", "module Lamp = struct end\nlet rec f = function [] -> 1 | _ -> 2\n", ""],
        "standard-ml": ["structure Lamp = struct\n  fun light x = x + 1\nend\n", "fun f 0 = 1 | f n = n\n"],
    },
    ".gd": {
        "gdscript": ["extends Node\nfunc light():\n\tpass\n"],
        "gap": ['DeclareOperation( "Light", [ IsLamp ] );\n'],
    },
    ".f": {
        "fortran": ["C     lamps\n      SUBROUTINE LIGHT(X)\n      END\n"],
        "forth": [": LIGHT ( n -- n ) 1 + ;\n"],
    },
    ".bb": {
        "clojure": ["(ns lamp)\n(defn light [x] x)\n"],
        "bitbake": ['SUMMARY = "Lamps"\ninherit cmake\n'],
    },
    ".mm": {
        "xml": ["<map version='1.0'>\n</map>\n"],
        "objective-c": ['#import "Lamp.h"\n@implementation Lamp\n@end\n'],
    },
    ".t": {
        "perl": ["use Test::More;\nok(1);\ndone_testing;\n", ""],
        "cram": ["Lights:\n\n  $ lamp --on\n  lit\n"],
        "raku": ["use v6;\nuse Test;\n"],
    },
    ".rs": {"rust": ["fn light() {}\n"], "renderscript": ["#pragma version(1)\n#pragma rs java_package_name(a)\n"]},
    ".pro": {
        "prolog": ["lit(X) :- lamp(X).\n"],
        "qmake": ["TEMPLATE = app\nSOURCES += lamp.cpp\n"],
        "proguard": ["-keep class shop.Lamp\n"],
        "idl": ["pro light, x\n  print, x\nend\n"],
    },
    ".gs": {
        "javascript": ["function onOpen() {\n  light();\n}\n"],
        "glsl": ["#version 330\nlayout(points) in;\nvoid main() {}\n"],
    },
}


@pytest.mark.parametrize(
    ("ending", "language", "text"),
    [(ending, language, text) for ending, told in _CASES.items() for language, texts in told.items() for text in texts],
)
def test_tells_the_language(ending: str, language: str, text: str) -> None:
    assert BY_ENDING[ending](text) == language


def test_a_build_file_is_starlark_only_when_it_reads_so() -> None:
    assert BY_NAME["build"]('load("//lamps:defs.bzl", "lamp")\n') == "starlark"
    assert BY_NAME["build"]('# Lamps.\nlamp_library(\n    name = "lamp",\n)\n') == "starlark"
    assert BY_NAME["build"]("make all\n") is None


def test_the_head_bounds_text_and_lines() -> None:
    head = head_of("x" * 1000 + "\n" + "y\n" * 100_000)
    assert len(head) <= 64_000
    assert max(len(line) for line in head.split("\n")) == 400


@pytest.mark.parametrize("unit", ["\n", " ", "(", "a ", "a:", "# x\n", "[", "use ", "struct ", "x=1,", "\\\n", "*"])
def test_odd_texts_are_told_as_their_beginnings_are(unit: str) -> None:
    for tell in (*BY_ENDING.values(), *BY_NAME.values()):
        assert tell(head_of(unit * 16_000)) == tell(head_of(unit * 4_000))


_FRAGMENTS = (
    "class", "namespace", " ", "\n", "template", "<", "using", "x", "public", ":", "::", "std", "#include ", "<vector>",
    "vector>", "<a.h>", "constexpr", "nullptr", "static_cast<", "#ifndef A_HPP", "_HH", "/* ", " */", "// ", '"', "{",
    "int f(void);",
)  # fmt: skip


@given(st.lists(st.sampled_from(_FRAGMENTS), max_size=12).map("".join))
def test_words_that_cpp_needs_are_in_each_text_that_shows_it(text: str) -> None:
    assert shows_cpp(text) == shows(without_c_noise(text), CPP)


# As one pattern, which takes four times as long to search for.
_CPP_SIGNS = (
    r"(?<=[\w>])(?<!return)(?<!case)(?:&[ \t]*\w|[ \t]&\w)|\w<[ \t]*\w[\w \t,:*&]*>[ \t]*\w"
    r"|\)[ \t]*const\b|~\w+[ \t]*\([ \t]*\)|^[ \t]*(?:struct|union)[ \t]+\w+[ \t]*:[ \t]*\w"
    r"|\b(?:operator|virtual|friend|explicit|delete|throw|mutable|typename|noexcept|override|typeid|\w+_cast)\b"
)
_SIGN_FRAGMENTS = (
    "&", "x", " ", "return", "case", ">", "<", "int", ",", ")", "const", "~", "(", "struct ", "\n", ":", "delete",
    "_cast", "static", "a_b", "typeid", "/* ", " */", '"',
)  # fmt: skip


@given(st.lists(st.sampled_from(_SIGN_FRAGMENTS), max_size=10).map("".join))
def test_signs_of_cpp_are_those_of_one_pattern(text: str) -> None:
    assert shows_cpp_signs(text) == shows(without_c_noise(text), _CPP_SIGNS)
