"""Every table fits its grammar, and the finder's rules on comments, wrappers, names and errors."""

from __future__ import annotations

import pytest

from indexer.chunking.languages.rules import Language
from indexer.chunking.languages.table import all_languages, language_name_of
from indexer.chunking.parsing import grammar_of
from tests.unit.indexer.chunking.definition_finding import definitions_of

_LANGUAGES = all_languages()


def lines_of(path: str, text: str) -> list[tuple[int, int, str]]:
    return [(found.start_line, found.end_line, found.symbol) for found in definitions_of(path, text)]


@pytest.mark.parametrize("language", _LANGUAGES, ids=lambda language: language.name)
def test_tables_name_only_nodes_of_their_grammar(language: Language) -> None:
    grammar = grammar_of(language.grammar)
    named = {*language.rules, *language.wrappers, *language.comments, *language.attached, *language.descend}
    default_comments = {"comment", "line_comment", "block_comment"}
    unknown = {name for name in named - default_comments if not grammar.id_for_node_kind(name, True)}
    allowed = _NODES_OF_OTHER_GRAMMAR_VERSIONS.get(language.name, frozenset())
    assert unknown <= allowed


# Grammars rename nodes between releases; the tables know both names.
_NODES_OF_OTHER_GRAMMAR_VERSIONS = {
    "go": frozenset({"method_spec"}),
    "csharp": frozenset({"record_struct_declaration"}),
    "fsharp": frozenset({"xml_doc"}),
    "objective-c": frozenset({"category_interface", "category_implementation"}),
    "sql": frozenset({"create_procedure", "create_policy"}),
    "zig": frozenset({"ContainerDeclAuto"}),
}


def test_no_two_languages_share_an_extension() -> None:
    seen: dict[str, str] = {}
    for language in _LANGUAGES:
        for extension in language.extensions:
            assert extension == extension.lower() or extension == ".C"
            assert extension.startswith(".")
            other = seen.setdefault(extension, language.name)
            assert other == language.name, extension


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [
        ("a/b.py", "", "python"),
        ("a/B.PY", "", "python"),
        ("Rakefile", "", "ruby"),
        ("bin/run", "#!/usr/bin/env python3\n", "python"),
        ("bin/run", "#!/usr/bin/env -S node --harmony\n", "javascript"),
        ("bin/run", "#!/usr/bin/python3.11 -u\n", "python"),
        ("bin/run", "#!/usr/bin/env bash\n", "bash"),
        ("bin/run", "plain text", None),
        ("a.h", "struct a { int b; };", "c"),
        ("a.h", "/* class of its own: std::string */ int a;", "c"),
        ("a.h", "namespace a { }", "cpp"),
        ("a.h", "#include <vector>\nclass A {\n public:\n};", "cpp"),
        ("a.h", "@interface A : B\n@end", "objective-c"),
        ("a.tsx", "", "tsx"),
        ("de.ts", '<?xml version="1.0"?><TS>', None),
        ("a.inc", "<?php f();", "php"),
        ("a.inc", "mov ax, 1", None),
        ("README.md", "", "markdown"),
        ("Dockerfile.dev", "", "dockerfile"),
        ("x.unknown", "", None),
    ],
)
def test_language_names(path: str, text: str, name: str | None) -> None:
    assert language_name_of(path, text) == name


def test_comments_directly_above_belong_to_the_definition() -> None:
    text = "x()  // not mine\n\n// apart\n\n// one\n// two\nfunction f() {}\ng() // behind\nfunction h() {}\n"
    assert lines_of("a.js", text) == [(5, 7, "f"), (9, 9, "h")]


def test_wrapped_definitions_take_the_wrappers_lines() -> None:
    text = "/** Doc. */\nexport default class A {\n  @dec\n  run() {}\n}\n"
    assert lines_of("a.ts", text) == [(1, 5, "A"), (3, 4, "A.run")]


def test_nested_functions_are_found_with_their_owners() -> None:
    text = "def a():\n    LOCAL = 1\n    # Helps.\n    def b():\n        class C:\n            def d(self): ...\n"
    assert lines_of("a.py", text) == [(1, 6, "a"), (3, 6, "a.b"), (5, 6, "a.b.C"), (6, 6, "a.b.C.d")]


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
