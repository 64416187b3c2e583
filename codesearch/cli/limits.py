"""What the system must grant a process before a command begins: open files, address space; asked for where it may be.

A library that is refused either ends the process or fails in words of its own, in the middle of the work.
"""

from __future__ import annotations

import errno
import os
import sys

from codesearch.core.errors import ConfigurationError

# What indexing was seen to hold open with two workers is 41, of many data sources; each worker more holds two.
INDEX_OPEN_FILES = 64
OPEN_FILES_PER_WORKER = 4
# LanceDB maps and reserves far more than it uses, a part of it for each thread, of which there is one a core.
INDEX_ADDRESS_SPACE_MB = 3_072
ADDRESS_SPACE_MB_PER_CORE = 256
SEARCH_OPEN_FILES = 24
SEARCH_ADDRESS_SPACE_MB = 512
WANTED_OPEN_FILES = 4_096


def require_room_to_index(workers: int) -> None:
    """Raise ConfigurationError when the limits of this process are too tight to index with so many workers."""
    cores = os.cpu_count() or 1
    files = INDEX_OPEN_FILES + OPEN_FILES_PER_WORKER * (workers or cores)
    _require("Indexing", files, INDEX_ADDRESS_SPACE_MB + ADDRESS_SPACE_MB_PER_CORE * cores)


def require_room_to_search() -> None:
    """Raise ConfigurationError when the limits of this process are too tight to answer queries."""
    _require("Searching", SEARCH_OPEN_FILES, SEARCH_ADDRESS_SPACE_MB)


def explain_refusal(error: BaseException) -> str | None:
    """Say in one line what the system refused, and what to do; None for any other error."""
    if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return (
            "There is not enough memory, or the limit of this process is too low (`ulimit -v`). Free some, or raise it."
        )
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return "Too many files are open. Raise the limit (`ulimit -n 1024`) and run it again."
    return None


def _require(task: str, open_files: int, address_space_mb: int) -> None:
    if sys.platform == "win32":
        return
    import resource

    files = _raise_limit(resource.RLIMIT_NOFILE, max(open_files, WANTED_OPEN_FILES))
    if files is not None and files < open_files:
        raise ConfigurationError(
            f"{task} needs {open_files} open files, this process may have {files}. Raise the limit: `ulimit -n 1024`."
        )
    space = _raise_limit(resource.RLIMIT_AS, address_space_mb << 20)
    if space is not None and space < address_space_mb << 20:
        raise ConfigurationError(
            f"{task} needs {address_space_mb:,} MB of address space, this process may have {space >> 20:,}; most of "
            "it is never used. Raise the limit: `ulimit -v unlimited`."
        )


def _raise_limit(kind: int, wanted: int) -> int | None:
    """Raise a limit to what is wanted, or as far as it may be; return it, None for none."""
    import resource

    soft, hard = resource.getrlimit(kind)
    if soft == resource.RLIM_INFINITY:
        return None
    if soft < wanted:
        higher = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        try:
            resource.setrlimit(kind, (max(soft, higher), hard))
        except (OSError, ValueError):
            return soft
        soft = max(soft, higher)
    return soft
