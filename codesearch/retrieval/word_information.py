"""How much a word tells: less, the more of all software says it. `file` stands everywhere, `passport` hardly."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from codesearch.core.errors import ConfigurationError
from codesearch.core.index.array_file import DamagedFileError, map_arrays

_FILE = Path(__file__).with_name("word_information.bin")
# Added to the share of rows that have a word, so that one that nobody has tells no more than MOST.
LEAST_SHARE: Final = 1e-4
MOST: Final = -float(np.log(LEAST_SHARE))
# The table's numbers are shares of MOST, in so many steps.
STEPS: Final = 255


@lru_cache(maxsize=1)
def load_word_information() -> tuple[NDArray[np.uint32], NDArray[np.uint8]]:
    """Map the table that training/word_information.py made. Raises ConfigurationError when it is damaged."""
    try:
        arrays, _ = map_arrays(_FILE)
        return arrays["terms"], arrays["information"]
    except (OSError, DamagedFileError, KeyError) as error:
        raise ConfigurationError(
            f"The table of what words tell {_FILE} is damaged: {error}. Install codesearch again."
        ) from error


def measure_information(terms: NDArray[np.uint32]) -> NDArray[np.float32]:
    """Return -log of the share of rows that have each term in repositories of all kinds, (t,), at most MOST."""
    known, information = load_word_information()
    places = np.minimum(known.searchsorted(terms), len(known) - 1)
    shares = np.where(known[places] == terms, information[places] / STEPS, 1.0)
    measured: NDArray[np.float32] = (MOST * shares).astype(np.float32)
    return measured
