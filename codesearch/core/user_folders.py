"""Where a person's own configuration and data lie, outside of every repository; XDG_ variables count (platformdirs)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from codesearch.core.errors import ConfigurationError

_APPLICATION = "codesearch"


def find_config_folder() -> Path | None:
    """Return the folder of the user's own configuration; None for a user without a home."""
    from platformdirs import user_config_dir

    return _absolute(user_config_dir)


def find_data_folder() -> Path:
    """Return the user's one data folder. Raises ConfigurationError for a user without a home."""
    from platformdirs import user_data_dir

    folder = _absolute(user_data_dir)
    if folder is None:
        raise ConfigurationError("There is no home folder to keep data in: set CODESEARCH_DATA_DIR to a folder.")
    return folder


def _absolute(find: Callable[..., str]) -> Path | None:
    try:
        folder = Path(find(_APPLICATION, appauthor=False))
    except RuntimeError:
        return None
    # Otherwise the place would depend on the current folder, which may be a stranger's.
    return folder if folder.is_absolute() else None
