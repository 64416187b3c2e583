"""Rules that make texts of any size in awkward shapes, the same ones for every language and format alike.

A shape is a piece that is repeated until the size is reached, in a frame where there is one: long runs of one operator,
brackets that open and never close, nested definitions, comments and strings without an end, blanks. None of them is
made for a language, and which of them is hard for whom is for the benchmark to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

_OPERATORS = "+ - * / % < > = ! & | ^ ~ ? : ; , . @ # $ \\ ` :: -> => .. && || << >> == ** // -- ++ <- |> ?: ??".split()
_OPENERS = ["(", "[", "{", "<", "((", "({", "[{", "(\n", "{\n", "do\n", "begin\n", "then ", "let ", "where\n"]
_PAIRS = [("(", ")"), ("[", "]"), ("{", "}"), ("<", ">"), ("{\n", "}\n"), ("(\n", ")\n"), ("begin\n", "end\n")]
_QUOTES = ['"', "'", "`", '"""', "'''", "/*", "//", "#", "--", "(*", "{-", "#|", "<<", "<!--", "%", "[[", "--[["]
_HEADS = [
    "class a {\n", "class a:\n", "class a\n", "class A(", "struct a {\n", "module a\n", "namespace a {\n",
    "interface a {\n", "enum a {\n", "object a {\n", "type a = ", "fn a() {\n", "func a() {\n", "function a() {\n",
    "function a()\n", "def a():\n", "def a\n", "(define (a) ", "void a() {\n", "int a(int b) {\n", "let a = ",
    "var a = ", "val a = ", "if a {\n", "if (a) {\n", "if a then\n", "for a in b {\n", "case a of\n", "switch (a) {\n",
    "match a {\n", "try {\n", "#if a\n", "#ifdef A_B\n", "template <", "@a(", "public static ", "return ", "await ",
    "not ", "lambda a: ", "\\a -> ", "a => ", "new A(", "import a\n", "A_MACRO(a) ",
]  # fmt: skip
_REPEATED = [
    "a ", "a\n", "a.", "a(", "a[", "a,", "a, ", "a = ", "a: ", "a + ", "a < b, ", "a<", "a(b, c); ", "a(b)\n", "1, ",
    '"a", ', "'a' ", "a = 1\n", "a = 1; ", "a { b }\n", "a: b\n", "- a\n", "# a\n", "// a\n", "/* a */\n", "/* a */ ",
    "-- a\n", "; a\n", '"""a"""\n', "(a) ", "[a] ", "{a} ", "<a>", "</a>", "<a b='c'>\n", "a b\n\n", "\n", " ", "\t",
    "\r\n", "}\n", ")\n", "]\n", "} else {\n", "end\n", "\\\n", "\\a", "é", "日", "\U0001f600", "\x0c", "=\n", "==\n",
    "@a\n", "#!a\n", "$a ", "${a} ", "#{a} ", "%{a} ", "A_B(c)\n", "A_B ", "| a | b |\n", "* ", "a::b::", "a->", "'a ",
    "a? ", "a ? b : ", "a if b else ", "a and ", "a -> ", "a;", ";;", "0", "0x", "1.", "1e", "{}", "[]", "()", "(),",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shape:
    """A shape by its name, and what makes a text of about so many characters in it."""

    name: str
    make: Callable[[int], str]


def all_shapes() -> list[Shape]:
    """Return every shape, always in the same order."""
    return [
        *(Shape(f"run of {_shown(piece)}", _repeat(piece)) for piece in _OPERATORS),
        *(Shape(f"operands between {_shown(piece)}", _repeat(f"a {piece} ")) for piece in _OPERATORS),
        *(Shape(f"a name between {_shown(piece)}", _repeat(f"a{piece}")) for piece in _OPERATORS),
        *(Shape(f"open {_shown(piece)}", _repeat(piece)) for piece in _OPENERS),
        *(Shape(f"nested {_shown(left + right)}", _nest(left, right)) for left, right in _PAIRS),
        *(Shape(f"names nested in {_shown(left + right)}", _nest(f"a{left}", right)) for left, right in _PAIRS),
        *(Shape(f"a list in {_shown(left + right)}", _frame(f"a = {left}", "b, ", right)) for left, right in _PAIRS),
        *(Shape(f"{_shown(quote)} without an end", _frame(f"a = {quote}", "b c\n", "")) for quote in _QUOTES),
        *(Shape(f"run of {_shown(quote)}", _repeat(f"{quote} ")) for quote in _QUOTES),
        *(Shape(f"heads {_shown(head)}", _repeat(head)) for head in _HEADS),
        *(Shape(f"heads {_shown(head)} one deeper each", _indent(head)) for head in _HEADS),
        *(Shape(f"heads {_shown(head)} closed with }}", _nest(head, "}\n")) for head in _HEADS),
        *(Shape(f"heads {_shown(head)} side by side", _repeat(f"{head.rstrip()} b }}\n")) for head in _HEADS),
        *(Shape(f"a name between {_shown(piece)} again and again", _repeat(piece)) for piece in _REPEATED),
        *(Shape(f"{_shown(head)} and blanks before its end", _frame(head, " ", "}")) for head in _HEADS[:20]),
        *(Shape(f"{_shown(head)} and empty lines before its end", _frame(head, "\n", "}")) for head in _HEADS[:20]),
        Shape("one word", _repeat("a")),
        Shape("words that differ", lambda size: " ".join(f"a{number}" for number in range(size // 6))),
        Shape("lines that differ", lambda size: "\n".join(f"a{number} = {number}" for number in range(size // 13))),
    ]


def _shown(piece: str) -> str:
    return ascii(piece)[1:-1].replace("|", "/").replace("`", "backtick")


def _repeat(piece: str) -> Callable[[int], str]:
    return lambda size: piece * max(1, size // len(piece))


def _nest(left: str, right: str) -> Callable[[int], str]:
    def make(size: int) -> str:
        depth = max(1, size // (len(left) + len(right)))
        return left * depth + right * depth

    return make


def _frame(first: str, piece: str, last: str) -> Callable[[int], str]:
    return lambda size: first + piece * max(1, (size - len(first) - len(last)) // len(piece)) + last


def _indent(head: str) -> Callable[[int], str]:
    """Return heads each of which stands one blank further right: the text grows with the square of their number."""

    def lines(size: int) -> Iterator[str]:
        depth = 0
        while size > 0:
            line = " " * depth + head.rstrip("\n") + "\n"
            yield line
            size -= len(line)
            depth += 1

    return lambda size: "".join(lines(size))
