"""Tells by the comment at their head the files that a tool wrote. walk.py asks here for every file that it decoded.

A sentence of that comment has to say it of this file: one that speaks of other files, or of what this one generates,
does not count.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

HEAD_LINES = 40
HEAD_CHARACTERS = 6000

_LINE_COMMENT = re.compile(
    r"(?://+[!/]*|#+!?|--+|;+|%+|'+|\.\.|dnl\b|@?rem\b|/\*+!?|\*+|<!--+|\{-+|\(\*+)\s*", re.IGNORECASE
)
_BLOCKS = (
    ("/*", "*/"),
    ("<!--", "-->"),
    ("{-", "-}"),
    ("(*", "*)"),
    ('"""', '"""'),
    ("'''", "'''"),
    ("<#", "#>"),
    ("=begin", "=end"),
)
# Lines that may stand before or between the head's comments.
_PREAMBLE = re.compile(
    r"<\?(?:php|xml|hh)\b.*|['\"]use strict['\"];?|@charset .*|#!.*|<!doctype .*|#pragma once.*", re.IGNORECASE
)
_DIRECTIVE = re.compile(r"#\s*(?:line|define|undef|include|if|ifdef|ifndef|else|endif|pragma)\b")
_PREPROCESSED = frozenset({"c", "h", "cc", "cpp", "cxx", "hh", "hpp", "hxx", "l", "y", "m", "mm", "cu", "cs", "inc"})
_HEADINGS = frozenset({"md", "markdown", "mdx"})

# Nearly every file has none of these words at its head, which one search of each tells.
_WORDS = (
    "generated", "signedsource<<", "made by gnu bison", "$antlr", "produced by", "meta object code", "object code",
    "generation: standard", "extracted autoloads",
)  # fmt: skip

_AUTO = r"(?:(?:auto|automatically|automatic|machine|programmatically)[- ]?)"
_THING = (
    r"(?:file|code|module|class|source|document|header|page|script|package|program|parser|lexer|scanner|interface|unit"
    r"|stub|proxy|schema|makefile|binding|wrapper|grammar|table|type|enum|component|template|project|configuration)s?"
)
# What may stand between "this file" and "generated": nothing that takes the sentence elsewhere.
_LINK = (
    r"(?:,? (?:is|was|are|were|has been|have been|gets|got|being|contains|holds|consists of))?"
    r"(?: (?:an?|the|only|all|entirely|fully|completely|100%))*"
)
_MAKER = r"(?:by|from|using|with|via|through|out of|on \d)\b"
_NOTE = r"(?:(?:note|warning|attention|important|caution|notice|info|nb|careful|please note)\b\W*(?:that )?)*"

_OF_THIS = rf"(?:this|the(?: following| present| current)?) (?:(?!{_THING}\b)[\w+#.]+ ){{0,3}}?{_THING}(?: {_THING})?"
_NAMED = r"(?: [\"'`]?[\w./-]+\.\w+[\"'`]?)?"

# A sentence that says of this file that a tool wrote it.
_THIS_FILE = tuple(
    re.compile(f"^{_NOTE}{pattern}", re.IGNORECASE)
    for pattern in (
        rf"{_OF_THIS}{_NAMED}{_LINK} {_AUTO}@?generated\b(?! (?:keys?|ids?|names?|files|clients?|values?))",
        rf"{_OF_THIS}{_NAMED}(?:,? (?:is|was|are|were|has been|have been))(?: (?:an?|the))? @?generated(?: {_THING})?"
        rf"(?: automatically)?(?:,? {_MAKER}|\W*$|\W+(?:do not|don't|please))",
        rf"{_OF_THIS}{_LINK} generated automatically\b",
        r"this always generated file\b",
        rf"this is (?:an?|the) {_AUTO}?generated {_THING}\b",
        rf"(?:it|this) (?:is|was|has been) (?:{_AUTO}?generated|generated automatically) {_MAKER}",
        rf"[\w./-]+\.\w+:? (?:(?:is|was) )?{_AUTO}?generated {_MAKER}",
        r"code generated\b.*\bdo not edit\b",
        r"code generated (?:by|for|from)\b",
        r"\W*@generated\b",
        r"<auto-?generated\b",
        r".*signedsource<<",
    )
)
# A sentence without a subject speaks of the file that it heads.
_BARE_AUTO = re.compile(
    rf"^{_NOTE}\W*{_AUTO}@?generated(?:\W*$|\s*[.:!,;-]|\s+{_MAKER}"
    rf"|\s+(?:{_THING}\b)?(?:\W*$|\s*[.:!;,-]|\s+(?:{_MAKER}|do not|don't)))",
    re.IGNORECASE,
)
_BARE = re.compile(rf"^{_NOTE}\W*generated(?: (?:file|code|source|automatically))?\b(?P<rest>.*)", re.IGNORECASE)
_PRODUCT = re.compile(
    r"^(?:(?:an?|the) )?(?:[\w+#-]+ ){0,4}?(?:scanner|parser|lexer|code|bindings?|wrapper|header|stubs?|interface"
    r"|implementation|form|source|table|gui|class)\b,? (?:was |is )?(?:generated|made|produced|created|written) "
    r"(?:by|with|from|using) (?:the )?[\w+#./-]+(?: [\w+#./(),-]+){0,5}\W*$",
    re.IGNORECASE,
)
_TOOLS = re.compile(
    r"\b(?:antlr\w*|bison|byacc|flex|re2c|ragel|jflex|javacc|jjtree|cup|lemon|gperf|peg\.?js|peggy|happy|alex|bnfc|menhir"
    r"|protobuf|protocol buffer|protoc[\w-]*|grpc|thrift|flatbuffers|flatc|cap'?n proto|capnpc?|avro|swig|cython"
    r"|f2py|cffi|pybind\w*"
    r"|swagger[\w -]*|openapi[\w -]*|nswag\w*|autorest|kiota|graphql[\w-]*|apollo|prisma|sqlc|sqlboiler|jooq|mybatis"
    r"|wsdl2\w+|wsimport|jaxb|jax-ws|xjc|xsd\w*|gsoap|soapcpp2|rpcgen|omniidl|midl|idl\w*|gdbus-codegen|qdbusxml2cpp"
    r"|wayland-scanner|glib-\w+|valac?|moc|uic|rcc|qt\w*|pyqt\w*|pyside\w*|pyuic\w*|wxformbuilder|wxglade|fluid|glade"
    r"|bindgen|rust-bindgen|cbindgen|coffeescript|livescript|haxe|emscripten|autoconf|automake|aclocal|autoheader|cmake"
    r"|configure|bindata|stringer|mockgen|mockery|easyjson|ent|wire|freezed|json_serializable|roxygen2?"
    r"|compileattributes|extutils::\w+|xsubpp|matlab coder|simulink|verilator|chisel|quartus|vivado|t4"
    r"|resxfilecodegenerator|xtext|modello|maven|gradle)\b",
    re.IGNORECASE,
)
# These say it of a file by being there: what the tool itself writes.
_SIGNATURES = re.compile(
    r"^(?:an? bison parser, made by|bison (?:implementation|interface) for"
    r"|skeleton (?:implementation|interface) for bison"
    r"|\$antlr\b|generated from .*\bby antlr|meta object code from reading|(?:resource|ui) object code"
    r"|form (?:implementation )?generated from reading ui|created by: the (?:qt meta object|resource) compiler"
    r"|megafunction wizard|generation: standard|\S+ --- automatically extracted autoloads|cmake generated file)",
    re.IGNORECASE,
)
# Known to be edited by hand after a tool began them.
_EDITED = re.compile(
    r"\bgenerated by (?:django|hand|cargo|us)\b|\bby hand\b(?<!edit by hand)(?<!modify by hand)", re.IGNORECASE
)
_EVIDENCE = re.compile(r"\d+\.\d+|https?://")
_HANDS_OFF = re.compile(
    r"\b(?:do not|don't|never|not to be|should not be|must not be) (?:\w+ )?"
    r"(?:edit|edited|modify|modified|change|changed|touch|touched)\b"
    r"|\bmanual edits\b|\b(?:changes|edits|modifications)\b.{0,40}\b(?:lost|overwritten)\b",
    re.IGNORECASE,
)
_HANDS_OFF_THIS = re.compile(
    rf"\b(?:do not|don't|never) (?:\w+ )?(?:edit|modify|change|touch) this (?:\w+ )?{_THING}\b", re.IGNORECASE
)
_ABOUT_IT = re.compile(rf"^(?:it|this|{_AUTO}|generated)\b.*\bgenerated\b", re.IGNORECASE)
# How many sentences "generated" and "do not edit" may stand apart and still speak of the same file.
_HANDS_OFF_SENTENCES = 2
# A sentence with a placeholder is the generator's template, not its output.
_PLACEHOLDER = re.compile(r"\$\{|\{\{|<%|#\{|%s\b|\{[a-z_][\w.]*\}")
_ANNOTATION = re.compile(r"^@(?:javax?\.annotation\.(?:processing\.)?|jakarta\.annotation\.)?Generated\(", re.MULTILINE)

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=\S)")
_CLOSED = re.compile(r"[.:!?*=;,-]$")
_OPENS = re.compile(r"[A-Z@<$*]")


def find_generated_marker(text: str, extension: str) -> str | None:
    """Return the sentence at the file's head that says it was generated; None when there is none.

    Only the comments before the first line of code are read, so a generator that holds such a line in a template stays.
    """
    head = text[:HEAD_CHARACTERS]
    lowered = head.lower()
    if not any(word in lowered for word in _WORDS):
        return None
    if extension in _ANNOTATED and (found := _ANNOTATION.search(head)):
        return found.group()
    sentences = _split_sentences(_head_comments(head, extension))
    for number, sentence in enumerate(sentences):
        if not _PLACEHOLDER.search(sentence) and _says_generated(sentences, number):
            return sentence
    return None


_ANNOTATED = frozenset({"java", "kt", "scala", "groovy"})


def _says_generated(sentences: Sequence[str], number: int) -> bool:
    sentence = sentences[number]
    if _EDITED.search(sentence) and not _HANDS_OFF.search(sentence):
        return False
    if (
        _SIGNATURES.match(sentence)
        or any(pattern.match(sentence) for pattern in _THIS_FILE)
        or _BARE_AUTO.match(sentence)
    ):
        return True
    near = sentences[max(0, number - 1) : number + _HANDS_OFF_SENTENCES]
    if bare := _BARE.match(sentence):
        rest = bare["rest"].strip()
        if not rest or not re.match(r"[\w\"'`]", rest) or re.match(_MAKER, rest, re.IGNORECASE):
            is_named = bool(_EVIDENCE.search(sentence) or _TOOLS.search(sentence))
            return is_named or any(_HANDS_OFF.search(other) for other in near)
    if _PRODUCT.match(sentence):
        return bool(_EVIDENCE.search(sentence) or _TOOLS.search(sentence))
    return bool(_HANDS_OFF_THIS.search(sentence)) and any(_ABOUT_IT.match(other) for other in near)


def _split_sentences(comments: Sequence[str]) -> list[str]:
    """Join the lines that belong together, and cut them into sentences."""
    sentences: list[str] = []
    current = ""
    for line in (*comments, ""):
        # A line of its own: behind a blank one or a sign that closes, or where a short line is followed by a capital.
        starts_anew = not line or not current or _CLOSED.search(current) or _OPENS.match(line)
        if starts_anew and current:
            sentences += _SENTENCE_END.split(current)
            current = ""
        current = f"{current} {line}".strip() if line else current
    return [sentence.strip() for sentence in sentences if sentence.strip()]


def _head_comments(head: str, extension: str) -> list[str]:
    """Return the text of the comment lines before the first code, without their marks."""
    comments: list[str] = []
    closing: str | None = None
    for raw in head.splitlines()[:HEAD_LINES]:
        line = raw.strip()
        if closing is not None:
            comments.append(line.split(closing, 1)[0].lstrip("*#; \t").rstrip())
            closing = None if closing in line else closing
            continue
        if not line or _PREAMBLE.fullmatch(line) or (extension in _PREPROCESSED and _DIRECTIVE.match(line)):
            comments.append("")
            continue
        if extension in _HEADINGS and not line.startswith("<!--"):
            break
        block = next(((start, end) for start, end in _BLOCKS if line.startswith(start)), None)
        if block is not None:
            start, end = block
            rest = line[len(start) :]
            closing = None if end in rest else end
            comments.append(rest.split(end, 1)[0].strip("*!- \t"))
        elif (comment := _LINE_COMMENT.match(line)) is not None:
            comments.append(line[comment.end() :].rstrip("*/- "))
        else:
            break
    return comments
