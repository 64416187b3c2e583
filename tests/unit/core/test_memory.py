"""Memory that is given back: where the C library can, and without harm anywhere."""

from __future__ import annotations

import platform
import sys

import pytest

from codesearch.core import memory


def test_memory_is_given_back_where_the_library_can() -> None:
    memory.give_back_memory()
    if sys.platform == "linux":
        assert (memory._find_trim() is not None) == (platform.libc_ver()[0] == "glibc")


def test_a_library_that_cannot_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_find_trim", lambda: None)
    memory.give_back_memory()
