"""What a type builds on, by the signatures that real trees give."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.tools.definitions import list_definitions
from codesearch.tools.file_text import read_file_text
from codesearch.tools.inheritance import bases_of
from codesearch.tools.signatures import read_signature
from tests.unit.tools.indexed_files import index_texts


def bases(folder: Path, path: str, text: str, language: str) -> dict[str, list[str]]:
    (segment,) = index_texts(folder, {path: text}).segments
    whole = read_file_text(segment, 0)
    assert whole.language == language
    return {
        f"{item.kind} {item.symbol}": bases_of(item.kind, item.symbol, read_signature(whole, item), language)
        for item in list_definitions(segment, 0)
    }


@pytest.mark.parametrize(
    ("path", "language", "text", "expected"),
    [
        ("a.py", "python", "class A(Base, mixins.Other[int], metaclass=Meta):\n    x = 1\n", ["Base", "Other"]),
        ("a.py", "python", "class A:\n    x: int = 1\n", []),
        ("A.java", "java", "class A<T extends C> extends p.Base<T> implements One, Two {\n}\n", ["Base", "One", "Two"]),
        ("A.java", "java", '@X("A")\nclass A\n  extends Base\n  implements One,\n  Two {\n}\n', ["Base", "One", "Two"]),
        ("a.ts", "typescript", "export class A<T> extends Base<T> implements One {\n}\n", ["Base", "One"]),
        ("a.ts", "typescript", "interface A extends One, Two {\n  x: number\n}\n", ["One", "Two"]),
        ("a.cs", "csharp", "class A<T> : Base, IOne<T> where T : class\n{\n}\n", ["Base", "IOne"]),
        ("a.cs", "csharp", "record A(int X) : Base(X);\n", ["Base"]),
        ("a.cpp", "cpp", "class A : public ns::Base, private Other {\n  int x;\n};\n", ["Base", "Other"]),
        ("a.kt", "kotlin", "class A(val x: Int) : Base(x), One {\n}\n", ["Base", "One"]),
        ("a.swift", "swift", "class A: Base, One {\n  var x = 1\n}\n", ["Base", "One"]),
        ("a.rb", "ruby", "class A < Base::Inner\n  def x; end\nend\n", ["Inner"]),
        ("a.php", "php", "<?php\nclass A extends Base implements One {\n}\n", ["Base", "One"]),
        ("a.scala", "scala", "class A(x: Int) extends Base(x) with One {\n}\n", ["Base", "One"]),
        ("a.dart", "dart", "class A extends Base with One implements Two {\n}\n", ["Base", "One", "Two"]),
    ],
)  # fmt: skip
def test_bases_of_a_type(tmp_path: Path, path: str, language: str, text: str, expected: list[str]) -> None:
    found = bases(tmp_path, path, text, language)
    assert [value for key, value in found.items() if key.endswith(" A")] == [expected]


def test_an_impl_block_builds_on_its_trait(tmp_path: Path) -> None:
    found = bases(tmp_path, "a.rs", "struct A;\nimpl<T> fmt::Display<T> for A {\n    fn fmt(&self) {}\n}\n", "rust")
    assert ["Display"] in found.values()


def test_a_function_builds_on_nothing(tmp_path: Path) -> None:
    assert bases(tmp_path, "a.py", "def f(x: Base) -> Base:\n    return x\n", "python") == {"function f": []}
