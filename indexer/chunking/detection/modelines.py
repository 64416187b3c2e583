"""What editors are told about a file's language: Emacs' `-*- mode -*-` and Vim's `vim: ft=`."""

from __future__ import annotations

import re
from functools import cache

_LOOKED_AT_LINES = 5
_EDGE_CHARACTERS = 2000
_EMACS_NAMED = r"-\*-(?:.*[ \t;])?mode[ \t]*:[ \t]*([A-Za-z][\w+#.-]*?)(?:-mode)?[ \t]*(?:;.*)?-\*-"
_EMACS_ALONE = r"-\*-[ \t]*([A-Za-z][\w+#.-]*?)(?:-mode)?[ \t]*-\*-"
_VIM = r"(?:^|[ \t])(?:vim?|Vim|ex)(?:[<=>]?\d+)?:.*?\b(?:ft|filetype|syntax|syn)[ \t]*=[ \t]*(\w+)"
# What editors call the languages that are named otherwise here.
_NAMES = {
    "asm": "assembly",
    "c++": "cpp",
    "caml": "ocaml",
    "common-lisp": "commonlisp",
    "conf": "ini",
    "cperl": "perl",
    "cs": "csharp",
    "delphi": "pascal",
    "dosini": "ini",
    "elisp": "emacs-lisp",
    "f90": "fortran",
    "gnumakefile": "makefile",
    "js": "javascript",
    "js2": "javascript",
    "ksh": "bash",
    "lisp": "commonlisp",
    "make": "makefile",
    "masm": "assembly",
    "nasm": "assembly",
    "nxml": "xml",
    "objc": "objective-c",
    "objcpp": "objective-c",
    "octave": "matlab",
    "opascal": "pascal",
    "perl6": "raku",
    "py": "python",
    "sclang": "supercollider",
    "sh": "bash",
    "shell": "bash",
    "shell-script": "bash",
    "tuareg": "ocaml",
    "vb": "visualbasic",
    "zsh": "bash",
}


@cache
def _pattern(source: str, flags: int) -> re.Pattern[str]:
    return re.compile(source, flags)


def modeline_of(text: str) -> str | None:
    """Return the language that the first or last lines of a text tell an editor, None where they tell none."""
    if "-*-" not in text[:_EDGE_CHARACTERS] and not _may_hold_vim(text):
        return None
    first = text[:_EDGE_CHARACTERS].split("\n")[:_LOOKED_AT_LINES]
    last = text[-_EDGE_CHARACTERS:].split("\n")[-_LOOKED_AT_LINES:]
    for line in first:
        if "-*-" in line:
            found = _pattern(_EMACS_NAMED, re.IGNORECASE).search(line) or _pattern(_EMACS_ALONE, 0).search(line)
            if found is not None:
                return _named(found[1])
    for line in (*first, *last):
        if "=" in line and (found := _pattern(_VIM, 0).search(line[:400])) is not None:
            return _named(found[1])
    return None


def _may_hold_vim(text: str) -> bool:
    edges = text[:_EDGE_CHARACTERS] + text[-_EDGE_CHARACTERS:]
    return "vim" in edges or "Vim" in edges or "vi:" in edges or "ex:" in edges


def _named(word: str) -> str:
    name = word.lower()
    return _NAMES.get(name, name)
