"""Whole numbers in as few bytes as all of an array's fit in. Pure."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_UNSIGNED: Final = (np.uint8, np.uint16, np.uint32)


def narrow(values: NDArray[np.integer[Any]]) -> NDArray[np.integer[Any]]:
    """Return an array of numbers from 0 on, as they are, in the smallest unsigned type that has room for all of them.

    Empty ones take a byte each; what needs more than four stays as it is.
    """
    highest = int(values.max()) if len(values) else 0
    for width in _UNSIGNED:
        if highest <= np.iinfo(width).max:
            return values.astype(width)
    return values
