"""The table of Starlark."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, found_in

STARLARK = """\
load("//x:y.bzl", "z")
A = 1
def _impl(ctx):
    \"\"\"d\"\"\"
    return []
rule_x = rule(implementation = _impl)
cc_library(
    name = "kiosk",
    srcs = ["a.cc"],
)
[cc_test(name = "t%s" % i) for i in range(3)]
"""


def test_finds_functions_values_and_targets() -> None:
    expected: Found = [
        ("A", "constant", 2, 2),
        ("_impl", "function", 3, 5),
        ("rule_x", "variable", 6, 6),
        ("kiosk", "target", 7, 10),
    ]
    assert found_in("defs.bzl", STARLARK) == expected


def test_build_files_hold_targets() -> None:
    text = '# Lamps.\nload("//lamps:defs.bzl", "lamp")\n\nlamp(\n    name = "hall",\n)\n'
    assert found_in("hall/BUILD", text) == [("hall", "target", 4, 6)]
    assert found_in("hall/MODULE.bazel", text) == [("hall", "target", 4, 6)]
