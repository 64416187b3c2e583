"""File names and extensions, as index, conditions and records share them."""

from __future__ import annotations

import pytest

from codesearch.core.paths import file_extension_of, file_name_of


@pytest.mark.parametrize(
    ("path", "extension"),
    [
        ("src/A.CS", ".cs"),
        ("a.tar.gz", ".gz"),
        ("src.d/Makefile", None),
        (".gitignore", None),
        ("conf/.env.local", ".local"),
        ("notes.", None),
        ("..hidden", None),
        ("Mr. Smith", None),
        ("a b.md", ".md"),
        ("", None),
    ],
)
def test_file_extension_of(path: str, extension: str | None) -> None:
    assert file_extension_of(path) == extension


def test_file_name_of() -> None:
    assert file_name_of("a/b/c.py") == "c.py"
    assert file_name_of("c.py") == "c.py"
