"""Where grammars come from: all of them load, none before it is asked for, and what is wrong with a package is said."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from codesearch.core.errors import ConfigurationError
from indexer.chunking import unused_grammars
from indexer.chunking.grammars import BUNDLE, PACKAGES, GrammarPackage, grammar_of
from indexer.chunking.languages.table import all_languages
from indexer.chunking.schemas.finding import SYNTAXES

_ROOT = Path(__file__).parents[4]
_load = grammar_of.__wrapped__


def test_the_table_has_the_grammars_that_languages_ask_for_and_they_load() -> None:
    languages = [*all_languages(), *SYNTAXES.values()]
    assert set(PACKAGES) == {language.grammar for language in languages if language.grammar}
    for name in PACKAGES:
        assert grammar_of(name).node_kind_count > 1, name


def test_the_packages_are_dependencies_in_these_versions() -> None:
    dependencies = (_ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for package in set(PACKAGES.values()):
        assert f'"{package.name}{package.versions}",' in dependencies


def test_a_grammar_that_nobody_asks_for_is_not_loaded() -> None:
    code = (
        "import sys\n"
        "import codesearch.cli.main, indexer.chunking.chunker\n"
        "from indexer.chunking.grammars import PACKAGES, grammar_of\n"
        "modules = {package.module for package in PACKAGES.values()}\n"
        "print(sorted(modules & set(sys.modules)))\n"
        "grammar_of('swift')\n"
        "print(sorted(modules & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=_ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "['tree_sitter_swift']"]


def test_a_missing_package_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tree_sitter_swift", None)
    with pytest.raises(ConfigurationError) as raised:
        _load("swift")
    assert raised.value.message.startswith("no grammar for swift: ")
    assert raised.value.message.endswith("pip install --force-reinstall --no-deps 'tree-sitter-swift>=0.7.4,<1'")
    absent = GrammarPackage("no-such-package-of-grammars", ">=1", "no_such_package_of_grammars")
    monkeypatch.setattr("indexer.chunking.grammars.PACKAGES", {"swift": absent})
    with pytest.raises(ConfigurationError, match="no-such-package-of-grammars is not installed; run: pip install"):
        _load("swift")


def test_a_bundle_without_the_grammar_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    without = ModuleType(BUNDLE.module)
    monkeypatch.setitem(sys.modules, BUNDLE.module, without)
    with pytest.raises(ConfigurationError, match=r"tree-sitter-language-pack .* does not have it; run: pip install"):
        _load("python")
    monkeypatch.undo()
    monkeypatch.setattr("indexer.chunking.grammars.PACKAGES", {"klingon": BUNDLE})
    with pytest.raises(ConfigurationError, match=r"no grammar for klingon: tree-sitter-language-pack .* run: pip "):
        _load("klingon")


def test_a_grammar_in_a_format_of_another_time_is_named_with_both_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = ModuleType("tree_sitter_swift")
    buffer = ctypes.create_string_buffer((99).to_bytes(4, sys.byteorder), 1024)
    make_capsule = ctypes.pythonapi.PyCapsule_New
    make_capsule.restype = ctypes.py_object
    make_capsule.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)
    newer.__dict__["language"] = lambda: make_capsule(ctypes.addressof(buffer), b"tree_sitter.Language", None)
    monkeypatch.setitem(sys.modules, "tree_sitter_swift", newer)
    with pytest.raises(ConfigurationError) as raised:
        _load("swift")
    assert "does not fit tree-sitter 0." in raised.value.message
    assert "pip install --upgrade tree-sitter 'tree-sitter-swift>=0.7.4,<1'" in raised.value.message


def test_only_grammars_that_no_language_uses_are_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    installed = unused_grammars.bundle_folder()
    assert installed is not None
    used = {name for name, package in PACKAGES.items() if package is BUNDLE}
    for name in {*used, "cobol", "swift", "verilog"}:
        (tmp_path / f"{name}.abi3.so").write_bytes(b"x" * 1000)
    (tmp_path / "README.md").touch()
    monkeypatch.setattr(unused_grammars, "bundle_folder", lambda: tmp_path)
    assert unused_grammars.main([]) == 0
    assert capsys.readouterr().out == "tree-sitter-language-pack: 3 unused grammars, 0 MB\n"
    assert len(list(tmp_path.iterdir())) == len(used) + 4
    assert unused_grammars.main(["--delete"]) == 0
    assert {file.name.partition(".")[0] for file in tmp_path.iterdir()} == used | {"README"}
    # The names are those of the files that are really there.
    assert used <= {file.name.partition(".")[0] for file in installed.iterdir()}


def test_a_bundle_that_is_not_there_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(unused_grammars, "bundle_folder", lambda: None)
    assert unused_grammars.main(["--delete"]) == 1
    assert capsys.readouterr().err == "tree-sitter-language-pack is not installed here\n"
