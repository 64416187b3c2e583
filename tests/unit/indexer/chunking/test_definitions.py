"""The finder's rules on comments, wrappers, nesting, errors and signatures."""

from __future__ import annotations

import pytest

from tests.unit.indexer.chunking.definition_finding import definitions_of


def lines_of(path: str, text: str) -> list[tuple[int, int, str]]:
    return [(found.start_line, found.end_line, found.symbol) for found in definitions_of(path, text)]


def test_comments_directly_above_belong_to_the_definition() -> None:
    text = "x()  // not mine\n\n// apart\n\n// one\n// two\nfunction f() {}\ng() // behind\nfunction h() {}\n"
    assert lines_of("a.js", text) == [(5, 7, "f"), (9, 9, "h")]


def test_wrapped_definitions_take_the_wrappers_lines() -> None:
    text = "/** Doc. */\nexport default class A {\n  @dec\n  run() {}\n}\n"
    assert lines_of("a.ts", text) == [(1, 5, "A"), (3, 4, "A.run")]


def test_nested_functions_are_found_with_their_owners() -> None:
    text = "def a():\n    LOCAL = 1\n    # Helps.\n    def b():\n        class C:\n            def d(self): ...\n"
    assert lines_of("a.py", text) == [(1, 6, "a"), (3, 6, "a.b"), (5, 6, "a.b.C"), (6, 6, "a.b.C.d")]


def test_a_qualified_name_has_the_innermost_owners_alone() -> None:
    levels = 200
    text = "".join(f"namespace n{level} {{\n" for level in range(levels)) + "void f() {}\n" + "}\n" * levels
    names = [found[2].split(".") for found in lines_of("a.cpp", text)]
    assert max(map(len, names)) == 33
    assert [f"n{level}" for level in range(levels - 32, levels)] + ["f"] in names


def test_a_comment_between_head_and_body_is_no_part_of_the_signature() -> None:
    (found,) = definitions_of("a.c", "int f(int a)\n/* Why. */\n// And how.\n{\n  return a;\n}\n")
    assert found.signature == "int f(int a)"


def test_functions_inside_expressions_are_found() -> None:
    text = "(function () {\n  function inner() {}\n  class K { m() {} }\n})();\n"
    assert [found[2] for found in lines_of("a.js", text)] == ["inner", "K", "K.m"]


def test_definitions_inside_errors_are_found() -> None:
    text = "class A {\n  void ok() { }\n  void bad( { ;\n  void after() { }\n}\nclass B { void c() { } }\n"
    symbols = {found[2].rsplit(".", 1)[-1] for found in lines_of("A.java", text)}
    assert {"ok", "after", "B", "c"} <= symbols


def test_signatures_are_one_short_line() -> None:
    arguments = ",\n".join(f"        argument{i}: int" for i in range(60))
    (found,) = definitions_of("a.py", f"def f(\n{arguments}\n) -> int:\n    return 1\n")
    assert found.signature.startswith("def f( argument0: int, argument1: int")
    assert len(found.signature) <= 300
    assert "\n" not in found.signature


@pytest.mark.parametrize(
    ("path", "text", "signature"),
    [
        ("a.py", "def f(a):\n    # Why.\n    # And how.\n    return a\n", "def f(a):"),
        ("a.ts", "class A {\n  run(a: B): C // why\n  {\n    return a\n  }\n}\n", "run(a: B): C"),
        ("a.go", "func f(a int /* metres */) int { // why\n\treturn a\n}\n", "func f(a int /* metres */) int"),
        ("a.c", "int f(int a)\n/* K&R would */\n{\n  return a;\n}\n", "int f(int a)"),
    ],
)
def test_a_comment_before_the_body_is_no_part_of_the_signature(path: str, text: str, signature: str) -> None:
    assert definitions_of(path, text)[-1].signature == signature
