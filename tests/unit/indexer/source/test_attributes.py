"""What .gitattributes and .editorconfig files say of a path."""

from __future__ import annotations

import pytest

from indexer.source.attributes import ENCODING, GENERATED, VENDORED, Attributes, EditorConfigs

ROOT = """\
# who wrote what
*.js linguist-vendored
api/*.py   linguist-generated=true text eol=lf
api/own.py -linguist-generated
lib/** linguist-vendored=false
*.txt working-tree-encoding=UTF-16LE-BOM text
"two words.py" linguist-generated
[attr]made linguist-generated -diff
out/** made
old/* linguist-generated
old/kept.py !linguist-generated
*.dat linguist-documentation export-ignore binary
!no.py linguist-generated
folder/ linguist-vendored
tab.py\tlinguist-generated
"""
NESTED = "*.js -linguist-vendored\n/gen.py linguist-generated\n"


@pytest.mark.parametrize(
    ("path", "attribute", "value"),
    [
        ("a/b.js", VENDORED, True),
        ("web/b.js", VENDORED, False),
        ("web/gen.py", GENERATED, True),
        ("web/deep/gen.py", GENERATED, None),
        ("api/x.py", GENERATED, True),
        ("api/own.py", GENERATED, False),
        ("lib/a/b.js", VENDORED, False),
        ("a.txt", ENCODING, "UTF-16LE-BOM"),
        ("two words.py", GENERATED, True),
        ("out/a/b.py", GENERATED, True),
        ("old/kept.py", GENERATED, None),
        ("old/x.py", GENERATED, True),
        ("x.dat", VENDORED, None),
        ("no.py", GENERATED, None),
        ("folder/x.py", VENDORED, None),
        ("tab.py", GENERATED, True),
        ("main.py", GENERATED, None),
    ],
)
def test_attributes(path: str, attribute: str, value: str | bool | None) -> None:
    assert Attributes({"": ROOT, "web/": NESTED}).find(path, attribute) == value


def test_no_attributes() -> None:
    assert not Attributes({})
    assert not Attributes({"": "* text=auto\n*.png binary\n"})


EDITOR = """\
root = true

[*]
indent_style = space
charset = utf-8

[*.{cs,vb}]
charset = latin1

[legacy/**.pas]
charset = windows-1251
[Makefile]
charset = koi8-r
"""


@pytest.mark.parametrize(
    ("path", "charset"),
    [
        ("a/b.py", "utf-8"),
        ("a/b.cs", "latin1"),
        ("b.vb", "latin1"),
        ("legacy/a/b.pas", "windows-1251"),
        ("legacy/b.pas", "windows-1251"),
        ("sub/Makefile", "koi8-r"),
        ("sub/a.cs", "shift_jis"),
        ("sub/plain.cs/x.py", "utf-8"),
        ("alone/a.cs", None),
        ("alone/a.bat", "cp866"),
    ],
)
def test_charsets(path: str, charset: str | None) -> None:
    configs = EditorConfigs(
        {"": EDITOR, "sub/": "[*.cs]\ncharset = shift_jis\n", "alone/": "root=true\n[*.bat]\ncharset=CP866\n"}
    )
    assert configs.find_charset(path) == charset


def test_braces_are_bounded() -> None:
    section = "{a,b}" * 40
    assert EditorConfigs({"": f"[{section}]\ncharset = latin1\n"}).find_charset("ab") is None
