"""Which table reads which file, and what every table has to keep to."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from indexer.chunking import languages
from indexer.chunking.grammars import grammar_of
from indexer.chunking.languages.rules import Language
from indexer.chunking.languages.table import all_languages, keys_of, language_name_of, language_of

_LANGUAGES = all_languages()
_WITH_GRAMMAR = [language for language in _LANGUAGES if language.grammar]
_FOLDER = Path(languages.__path__[0])


def _module(path: Path) -> ModuleType:
    return import_module(f"{languages.__name__}.{path.stem}")


@pytest.mark.parametrize("language", _WITH_GRAMMAR, ids=lambda language: language.name)
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
    "zig": frozenset({"ContainerDeclAuto"}),
}


def test_a_language_is_read_in_one_way() -> None:
    for language in _LANGUAGES:
        ways = [bool(language.grammar), language.lines is not None, language.reader is not None]
        assert ways.count(True) == 1, language.name
        assert bool(language.grammar) == bool(language.rules), language.name


def test_no_two_tables_claim_the_same_files() -> None:
    claimed: dict[str, str] = {}
    for language in _LANGUAGES:
        for key in keys_of(language):
            assert claimed.setdefault(key, language.grammar) == language.grammar, key


def test_keys_are_written_as_they_are_looked_up() -> None:
    for language in _LANGUAGES:
        for extension in language.extensions:
            assert extension.startswith(".")
            assert extension == extension.lower() or extension == ".C"
        assert all(name == name.lower() for name in language.filenames)


def test_each_module_holds_at_most_one_language_and_bears_its_name() -> None:
    found: list[str] = []
    for path in _FOLDER.glob("*.py"):
        held = {name: value for name, value in vars(_module(path)).items() if isinstance(value, Language)}
        assert list(held) in ([], ["LANGUAGE"]), path.stem
        for language in held.values():
            # The interface files of OCaml have a grammar of their own.
            assert path.stem in (language.name.replace("-", "_"), language.grammar)
            found.append(language.grammar)
    assert sorted(found) == sorted(language.grammar for language in _LANGUAGES)


def test_each_language_has_a_test_module() -> None:
    modules = {path.stem for path in _FOLDER.glob("*.py") if hasattr(_module(path), "LANGUAGE")}
    tested = {path.stem.removeprefix("test_") for path in Path(__file__).parent.glob("test_*.py")}
    assert tested == modules | {"table"}


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
        ("de.ts", '<?xml version="1.0"?><TS>', "xml"),
        ("a.inc", "<?php f();", "php"),
        ("a.inc", "mov ax, 1", "assembly"),
        ("A.C", "namespace a { }", "cpp"),
        ("a.C", "", "cpp"),
        ("A.C", "int a;", "c"),
        ("a.h", "// -*- C++ -*-\nint a;", "cpp"),
        ("a.h", "/* -*- Mode: C; tab-width: 4 -*- */\nnamespace a { }", "cpp"),
        ("a.js", "// -*- Mode: Java -*-\nlet a = 1", "javascript"),
        ("run.cgi", "#!/usr/bin/python3\nprint(1)\n", "python"),
        ("run.t", "#!/bin/sh\necho ok\n", "bash"),
        ("bin/run", "#!/usr/bin/awk -f\n", "awk"),
        ("bin/run", "# vim: ft=perl\n", "perl"),
        ("bin/run", "# vim: ft=nothing\n", None),
        ("bin/run", '#!/bin/sh\nexec tclsh "$0" "$@"\n', "tcl"),
        ("bin/run", '#!/bin/sh\nexec setsid "$0" "$@"\n', "bash"),
        ("README.md", "", "markdown"),
        ("Dockerfile.dev", "", "dockerfile"),
        ("x.unknown", "", None),
    ],
)
def test_language_names(path: str, text: str, name: str | None) -> None:
    assert language_name_of(path, text) == name


def test_interpreters_name_scripts_without_an_extension() -> None:
    expected = {"perl": "perl", "Rscript": "r", "bash": "bash", "luajit": "lua", "julia": "julia"}
    for interpreter, name in expected.items():
        language = language_of("bin/run", f"#!/usr/bin/env {interpreter}\n")
        assert language is not None
        assert language.name == name
