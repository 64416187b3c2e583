"""A signature is the head of a definition on one line, without what stands above it and without its body."""

from __future__ import annotations

from pathlib import Path

import pytest

from codesearch.tools.definitions import list_definitions
from codesearch.tools.file_text import read_file_text
from codesearch.tools.signatures import MAX_SIGNATURE_LENGTH, read_signature
from tests.unit.tools.indexed_files import index_texts


def signatures(folder: Path, path: str, text: str) -> dict[str, str]:
    (segment,) = index_texts(folder, {path: text}).segments
    whole = read_file_text(segment, 0)
    return {item.symbol: read_signature(whole, item) for item in list_definitions(segment, 0)}


@pytest.mark.parametrize(
    ("path", "text", "symbol", "expected"),
    [
        ("a.py", "# f is good\n@wraps(f)\ndef f(x: int) -> int:\n    return x\n", "f", "def f(x: int) -> int:"),
        ("a.py", "async def f(\n    x: int,\n    y: dict[str, int],\n) -> int:\n    pass\n", "f",
         "async def f( x: int, y: dict[str, int], ) -> int:"),
        ("a.go", "// Add adds.\nfunc Add(a, b int) int {\n\treturn a + b\n}\n", "Add", "func Add(a, b int) int"),
        ("a.js", "function f({ a, b }) {\n  return a;\n}\n", "f", "function f({ a, b })"),
        ("a.c", "/* add is\n * add */\nstatic int\nadd(int a,\n    int b)\n{\n  return a + b;\n}\n", "add",
         "add(int a, int b)"),
        ("a.rs", "#[derive(Clone)]\npub struct Add<T>\nwhere\n    T: Copy,\n{\n    x: T,\n}\n", "Add",
         "pub struct Add<T> where T: Copy,"),
        ("a.m", "@implementation Add\n- (int)add {\n  return 1;\n}\n@end\n", "Add", "@implementation Add"),
        ("a.md", "# Title\n\nText.\n", None, ""),
    ],
)  # fmt: skip
def test_the_head_alone(tmp_path: Path, path: str, text: str, symbol: str | None, expected: str) -> None:
    found = signatures(tmp_path, path, text)
    assert found == {} if symbol is None else found[symbol] == expected


def test_a_long_head_is_cut(tmp_path: Path) -> None:
    found = signatures(tmp_path, "a.py", f"def f({', '.join(f'name_{n}=None' for n in range(99))}):\n    pass\n")
    assert len(found["f"]) == MAX_SIGNATURE_LENGTH
