"""Locks by files in the data folder, and what is wrong when one cannot be had."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from codesearch.core.errors import ConfigurationError, UnwritableError


class _NamedLock(FileLock):
    """A lock whose failure says which file it is. Raises UnwritableError, and Timeout."""

    def acquire(self, *arguments: Any, **options: Any) -> Any:
        """Take the lock."""
        try:
            return super().acquire(*arguments, **options)
        except Timeout:
            raise
        except OSError as error:
            raise UnwritableError(
                f"The lock {self.lock_file} cannot be had: {error.strerror or error}. What only reads works; for this, "
                "make the data folder one that can be written."
            ) from error


def file_lock(path: Path, *, timeout_seconds: float = -1) -> FileLock:
    """Return a lock that processes on this machine take turns by, its folder made; -1 waits as long as it takes.

    Raises ConfigurationError where a file is in the place of the folder, or the reverse, UnwritableError where it
    cannot be made.
    """
    require_folder(path.parent)
    if path.is_dir():
        raise ConfigurationError(f"{path} is a folder where a lock file belongs: move it away and run this again.")
    return _NamedLock(path, timeout=timeout_seconds)


def source_lock(data_dir: Path, source_id: str, *, timeout_seconds: float = -1) -> FileLock:
    """Return the lock of one data source: who indexes it or removes it holds it."""
    return file_lock(data_dir / "locks" / f"{source_id}.lock", timeout_seconds=timeout_seconds)


def require_folder(path: Path) -> None:
    """Make a folder where there is none. Raises ConfigurationError that names what is in the way, UnwritableError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        wrong = next((place for place in (path, *path.parents) if place.exists() and not place.is_dir()), path)
        raise ConfigurationError(
            f"{wrong} is a file where a folder belongs: move it away and run this again."
        ) from error
    except OSError as error:
        raise UnwritableError(f"The folder {path} cannot be made: {error.strerror or error}.") from error


def delete_path(path: Path) -> None:
    """Delete a file, or a folder that is in its place; nothing there is no error. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
