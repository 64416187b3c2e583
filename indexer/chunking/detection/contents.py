"""Endings and names that several languages share, and how a text tells which of them it is in.

Each has an ordered list of clues: the first that the text's head shows decides, the default holds without any.
"""

from __future__ import annotations

from collections.abc import Mapping

from indexer.chunking.detection.clues import (
    ASSEMBLY,
    C_CODE,
    C_DIRECTIVE,
    FORTRAN,
    GLSL,
    MAKE_RULE,
    MUMPS,
    PASCAL,
    PERL,
    PROLOG,
    RAKU,
    VISUAL_BASIC,
    Tell,
    first_of,
    pattern,
    shows,
    shows_cpp,
    shows_objective_c,
    without_c_noise,
)


def tell_header(text: str) -> str:
    """Tell C, C++ and Objective-C apart."""
    if shows_objective_c(text):
        return "objective-c"
    return "cpp" if shows_cpp(text) else "c"


def _tell_m(text: str) -> str:
    if shows_objective_c(text) or shows(text, r"^[-+][ \t]*\([^)\n]+\)[ \t]*\w"):
        return "objective-c"
    told = first_of(
        ("mercury", r"^:-[ \t]*module\b"),
        ("mathematica", r"\A\s*\(\*|\bBeginPackage\[|^\w+\[[^\n\]]*_[^\n\]]*\][ \t]*:="),
        ("limbo", r"^\w+[ \t]*:[ \t]*module[ \t]*\{"),
        ("matlab", r"^[ \t]*(?:function\b|classdef\b|%|end(?:function)?[ \t]*;?[ \t]*$)"),
        ("mumps", MUMPS),
        default=None,
    )(text)
    return told or ("objective-c" if shows(text, C_CODE) else "matlab")


def _tell_inc(text: str) -> str | None:
    told = first_of(
        ("php", r"<\?(?:php\b|=)|\A\s*<\?(?!xml)"),
        (
            "bitbake",
            r"^(?:inherit|require)[ \t]+[\w.$/-]+[ \t]*$"
            r"|^(?:SRC_URI|DEPENDS|LICENSE|PV|PR|SUMMARY|FILES|RDEPENDS)\S*\s*[?:+.]*=",
        ),
        ("html", r"\A\s*<(?:!--|!DOCTYPE|[a-zA-Z])"),
        default=None,
    )(text)
    if told is not None:
        return told
    if shows(text, PASCAL) and not shows(text, C_DIRECTIVE):
        return "pascal"
    instructions = len(pattern(ASSEMBLY).findall(text))
    if instructions > len(pattern(r"[;{}][ \t\r]*$").findall(text)):
        return "assembly"
    if shows(text, FORTRAN):
        return "fortran"
    ends_statements = shows(text, r"[;{}][ \t\r]*$")
    rules = r"^[ \t]*(?:[\w-]+[ \t]*[:?+]?=[^=\n]|-?include[ \t]+[\w$./]|[\w.%/-]+[ \t]*:(?![:=])[^\n]*$)"
    if not ends_statements and shows(text, rules):
        return "makefile"
    is_c = ends_statements or shows(text, C_CODE) or shows(text, r"^[ \t]*(?://|/\*)|[,)][ \t\r]*$")
    return tell_header(text) if is_c else None


def _tell_cl(text: str) -> str:
    if shows(text, r"^\((?:[\w:-]*def[\w-]*|in-package|cl:|eval-when|declaim|load|require|use-package|ql:)"):
        return "commonlisp"
    bare = without_c_noise(text)
    if "}" in bare and shows(bare, r"^[ \t]*class[ \t]+[A-Z]\w*(?:[ \t]+inherits[ \t]+\w+)?[ \t]*\{"):
        return "cool"
    return "commonlisp" if shows(text, r"\A\s*(?:[(;]|#\|)") else "opencl"


def _tell_cls(text: str) -> str | None:
    told = first_of(
        ("visualbasic", r"(?i)^VERSION[ \t]+\d+\.\d+[ \t]+CLASS|^[ \t]*Attribute[ \t]+VB_"),
        ("latex", r"^[ \t]*\\(?:NeedsTeXFormat|Provides(?:Expl)?Class|LoadClass|DeclareOption|RequirePackage)\b"),
        ("objectscript", r"^Class[ \t]+[%\w.]+[ \t]*(?:Extends\b|\[|$|\{)"),
        ("openedge", r"(?i)^[ \t]*(?:end[ \t]+(?:class|interface|method)\.|using[ \t]+[\w.*]+\.[ \t]*$)"),
        default=None,
    )(text)
    if told is not None:
        return told
    bare = without_c_noise(text)
    if "{" in bare and shows(bare, r"(?i)\b(?:class|interface|enum)[ \t\r\n]+\w+[^\n;]*(?:\{|$)"):
        return "apex"
    return first_of(("visualbasic", VISUAL_BASIC), ("latex", r"^[ \t]*(?:%|\\[a-zA-Z@]+)"), default=None)(text)


_tell_v = first_of(
    (
        "vlang",
        r"^(?:pub[ \t]+)?fn[ \t]+(?:\([^)\n]*\)[ \t]*)?\w[^\n]*\{"
        r"|^(?:pub[ \t]+)?(?:struct|enum|interface)[ \t]+\w+[ \t]*\{",
    ),
    (
        "coq",
        r"^[ \t]*(?:(?:From\s+[\w.]+\s+)?Require(?:\s+(?:Import|Export))?\s+\w|(?:Lemma|Theorem|Fixpoint|CoFixpoint"
        r"|Inductive|CoInductive|Corollary|Proposition|Example|Ltac|Notation|Hypothesis|Axiom|Variable|Definition"
        r"|Record|Instance)\s+\S|(?:Proof|Qed|Defined|Admitted)\.)",
    ),
    default="verilog",
)


def _tell_fs(text: str) -> str:
    if shows(text, r"^: [^ \n]+|^\\ [^\n]*$"):
        return "forth"
    bare = without_c_noise(text)
    if shows(bare, r"^[ \t]*(?:#light|module|namespace|open|type|let|\[<)\b"):
        return "fsharp"
    return "glsl" if shows(bare, GLSL) else "fsharp"


def _tell_pp(text: str) -> str:
    is_unit = shows(text, r"(?i)^[ \t]*(?:unit|program|library)\s+[\w.]+[ \t]*(?:\([^)\n]*\))?[ \t]*;")
    if not is_unit and shows(text, r"^[ \t]*(?:class|define|node)[ \t]+[\w:'\"./-]+[^\n;]*(?:\{|\(|$)"):
        return "puppet"
    return "pascal" if shows(text, PASCAL) else "puppet"


def _tell_sc(text: str) -> str:
    return (
        first_of(
            (
                "scala",
                r"^[ \t]*(?:package|import)[ \t]+[\w.{]+|\bdef[ \t]+\w|^//>[ \t]*using\b"
                r"|^[ \t]*(?:case[ \t]+)?(?:object|class|trait|val|given|enum)[ \t]+\w",
            ),
            (
                "supercollider",
                r"\bSynthDef\s*\(|^[ \t]*~\w+\s*=|^[ \t]*(?:\+[ \t]*)?[A-Z]\w*(?:[ \t]*:[ \t]*[A-Z]\w*)?[ \t]*\{"
                r"|\{[ \t]*(?:\|\w|arg\s)|\.(?:ar|kr)\(|^[ \t]*var\s+[<>]?\w",
            ),
            default=None,
        )(text)
        or "scala"
    )


def _tell_ml(text: str) -> str:
    is_standard = shows(text, r"^[ \t]*(?:structure|functor|signature)[ \t]+\w+")
    ocaml = r"\blet[ \t]+(?:rec|open|\w+[^\n]*=)|^[ \t]*(?:module|open|external|class)\b|->|\bmatch\b"
    if not is_standard and shows(text, ocaml):
        return "ocaml"
    return "standard-ml" if is_standard or shows(text, r"^[ \t]*(?:fun|datatype)[ \t]+\w|=>") else "ocaml"


_BUILD_CALL = r"^(?:load|package|workspace|module|[a-z]\w*)\(\s*(?:$|[\"'#a-z])"
_tell_build = first_of(("starlark", _BUILD_CALL), default=None)
_tell_perl_script = first_of(("perl", PERL), default=None)
_tell_forth = first_of(("forth", r"^: [^ \n]+"), default="fortran")

BY_ENDING: Mapping[str, Tell] = {
    ".bas": first_of(("basic", r"\A\s*\d+[ \t]+\w"), default="visualbasic"),
    ".bb": first_of(("clojure", r"^[ \t]*\((?:ns|def\w*|require|let|println|comment)\b|\A\s*;;"), default="bitbake"),
    ".cgi": _tell_perl_script,
    ".cl": _tell_cl,
    ".cls": _tell_cls,
    ".d": first_of(
        (
            "dtrace",
            r"\A#![^\n]*dtrace|^(?:BEGIN|END|ERROR)[ \t]*$|^\w*:[\w.$*]*:[\w.*`]*:[\w-]*|^#pragma[ \t]+D[ \t]"
            r"|^provider[ \t]+\w+[ \t]*\{",
        ),
        ("makefile", MAKE_RULE),
        default="d",
    ),
    ".f": _tell_forth,
    ".for": _tell_forth,
    ".fcgi": _tell_perl_script,
    ".frag": first_of(
        ("javascript", r"^[ \t]*\(?function\b|^[ \t]*(?:var|let)[ \t]+\w+[ \t]*=|<script"), default="glsl"
    ),
    ".frm": first_of(("visualbasic", VISUAL_BASIC), default=None),
    ".fs": _tell_fs,
    ".gd": first_of(("gap", r"^[ \t]*(?:Declare|Bind|Install)[A-Z]\w+[ \t]*\("), default="gdscript"),
    ".gs": first_of(
        ("glsl", r"^[ \t]*#version[ \t]+\d|^[ \t]*layout[ \t]*\("), ("gosu", r"^uses[ \t]+[\w.]+"), default="javascript"
    ),
    ".h": tell_header,
    ".inc": _tell_inc,
    ".m": _tell_m,
    ".ml": _tell_ml,
    ".mm": first_of(("xml", r"\A\s*<"), default="objective-c"),
    ".p": first_of(("pascal", PASCAL), default=None),
    ".pl": first_of(("raku", RAKU), ("prolog", r"^:-[ \t]*\w"), ("perl", PERL), ("prolog", PROLOG), default="perl"),
    ".pm": first_of(("raku", RAKU), ("c", r"\A\s*/\*[ \t]*XPM"), default="perl"),
    ".pp": _tell_pp,
    ".pro": first_of(
        ("proguard", r"^-(?:keep\w*|dontwarn|include|optimizations)\b"),
        ("prolog", PROLOG),
        ("idl", r"(?i)^[ \t]*(?:pro|function)[ \t]+\w+|^[ \t]*compile_opt\b"),
        default="qmake",
    ),
    ".r": first_of(
        ("rebol", r"(?i)\A(?:[ \t]*[#;][^\n]*\n|[ \t\r]*\n)*[ \t]*rebol[ \t]*\["),
        ("rez", r"#include[ \t]+[\"<](?:Types|Carbon/Carbon)\.r|^(?:resource|data|type)[ \t]+'[^'\n]{4}'"),
        default="r",
    ),
    ".rs": first_of(("xml", r"\A\s*<\?xml"), ("renderscript", r"^[ \t]*#pragma[ \t]+(?:rs|version)\b"), default="rust"),
    ".sc": _tell_sc,
    ".t": first_of(
        ("cram", r"^  \$ [^\n]"),
        ("raku", r"^[ \t]*use[ \t]+v6\b"),
        ("perl", PERL),
        ("turing", r"^[ \t]*%[ \t]|^[ \t]*(?:proc|procedure|fcn)[ \t]+\w"),
        default="perl",
    ),
    ".ts": first_of(("xml", r"\A\s*<(?:\?xml|!DOCTYPE|TS\b)"), default="typescript"),
    ".tsx": first_of(("xml", r"\A\s*<\?xml"), default="tsx"),
    ".v": lambda text: _tell_v(without_c_noise(text)),
}
BY_NAME: Mapping[str, Tell] = {
    # `build` is as often a shell script, which its first line says.
    "build": _tell_build,
    "targets": _tell_build,
    "workspace": _tell_build,
}
