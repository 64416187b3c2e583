"""How near two results of the same sums have to be, in whatever order and width a processor's kernels add them up."""

from __future__ import annotations

from typing import Any

import pytest

# Of values up to 100, some ten of the roundings that float32 makes.
RELATIVE, ABSOLUTE = 1e-4, 1e-4


def near(expected: Any) -> Any:
    """Return what equals `expected`, a number, a list or an array of them, but for roundings."""
    return pytest.approx(expected, rel=RELATIVE, abs=ABSOLUTE)
