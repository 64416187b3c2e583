"""The table of CMake."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

CMAKE = """\
cmake_minimum_required(VERSION 3.1)
project(shop CXX)
# adds
function(add_lamp name)
  add_library(${name} x.cc)
endfunction()
macro(warn)
  message(1)
endmacro()
add_executable(shop main.cc)
if(WIN32)
  add_library(win STATIC w.cc)
  function(inner)
  endfunction()
endif()
"""


def test_finds_functions_macros_and_targets() -> None:
    expected: Found = [
        ("add_lamp", "function", 3, 6),
        ("warn", "macro", 7, 9),
        ("shop", "target", 10, 10),
        ("win", "target", 12, 12),
        ("inner", "function", 13, 14),
    ]
    assert found_in("CMakeLists.txt", CMAKE) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("CMakeLists.txt", CMAKE, "add_lamp") == "# adds"
