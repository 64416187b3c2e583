"""The SQLite file of a catalog: made ready, read where it cannot be written, backed up, examined, restored."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing, suppress
from datetime import datetime, timezone
from pathlib import Path

from filelock import FileLock, Timeout

from codesearch.core.catalog.schema import index_runs, schema_version
from codesearch.core.errors import CatalogError

RESTORE_COMMAND = "codesearch doctor --restore-catalog"
_SIDE_FILES = ("-wal", "-shm")
_SIDE_FILES_BYTES = 128 * 1024
_OWNER_ONLY = 0o600
_BACKUP_TIMEOUT_SECONDS = 10.0
# Runs that a restored catalog does not know of may have left files under their numbers.
_RUN_IDS_LEFT_OUT = 1000


def backup_of(path: Path) -> Path:
    """Return where the backup of a catalog file lies: beside it."""
    return path.with_name(f"{path.name}.backup")


def prepare_file(path: Path) -> str | None:
    """Create the file where there is none, readable by its owner only; return why it cannot be written, None if it can.

    Raises CatalogError for what is no file, and for one that was lost or emptied while there is a backup of it.
    """
    side_folders = [name for name in _side_paths(path) if name.is_dir()]
    if path.is_dir() or side_folders:
        wrong = path if path.is_dir() else side_folders[0]
        raise CatalogError(describe_damage(path, f"{wrong.name} is a folder"))
    try:
        size = path.stat().st_size if path.exists() else None
        if not size and backup_of(path).is_file():
            raise CatalogError(_describe_loss(path, "missing" if size is None else "empty"))
        if size is None:
            path.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileExistsError):
                # SQLite gives its -wal and -shm files the mode of this one: key hashes are nobody else's business. Only
                # a new file is opened past SQLite: closing one takes this process's locks on it away from SQLite, and
                # others then delete the log that it writes to.
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _OWNER_ONLY))
    except OSError as error:
        raise CatalogError(f"Cannot open the catalog {path}: {error.strerror}.") from error
    if not os.access(path, os.R_OK):
        raise CatalogError(f"Cannot open the catalog {path}: it may not be read by this user.")
    if not is_writable(path):
        return "it is read-only"
    # Without room for its side files, SQLite could not even read.
    return "the disk is full" if not _side_paths(path)[1].exists() and is_disk_full(path) else None


def is_disk_full(path: Path) -> bool:
    """Say whether the disk has no room left for what SQLite writes beside the file."""
    return shutil.disk_usage(path.parent).free < _SIDE_FILES_BYTES


def is_writable(path: Path) -> bool:
    """Say whether SQLite can write to the file and beside it, where its log of writes lies."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def connect_for_reading(path: Path) -> sqlite3.Connection:
    """Open a catalog in a folder that cannot be written, as it is at this moment.

    While somebody else writes to it, the files beside it say so, and are read. Otherwise nobody changes it: a log that
    was left there, which cannot be worked in, is read with it from a copy in memory.
    """
    log, shared = _side_paths(path)
    quoted = path.absolute().as_uri()
    if shared.exists() or not log.exists() or not log.stat().st_size:
        mode = "mode=ro" if shared.exists() else "mode=ro&immutable=1"
        return sqlite3.connect(f"{quoted}?{mode}", uri=True, check_same_thread=False)
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        for original in (path, log):
            shutil.copyfile(original, copy.with_name(original.name))
        memory = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(copy)) as copied:
            copied.backup(memory)
    return memory


def connect_for_watching(path: Path) -> sqlite3.Connection:
    """Open a catalog that is there, for any thread, to be asked now and then whether others have changed it.

    It waits for no lock: who asks may be an event loop, and can read the catalog instead.
    """
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None, check_same_thread=False
    )


def back_up(connection: sqlite3.Connection, path: Path) -> None:
    """Write the catalog's backup, which appears whole or not at all. A damaged catalog leaves the old one.

    Raises OSError, sqlite3.Error, CatalogError.
    """
    backup = backup_of(path)
    unfinished = backup.with_name(f"{backup.name}.new")
    try:
        with FileLock(f"{backup}.lock", timeout=_BACKUP_TIMEOUT_SECONDS):
            problem = _check(connection)
            if problem:
                raise CatalogError(describe_damage(path, problem))
            unfinished.unlink(missing_ok=True)
            try:
                os.close(os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_RDWR, _OWNER_ONLY))
                connection.execute("VACUUM INTO ?", (str(unfinished),))
                with unfinished.open("rb") as file:
                    os.fsync(file.fileno())
                unfinished.replace(backup)
            finally:
                unfinished.unlink(missing_ok=True)
    except Timeout:
        return  # whoever holds the lock writes one at this moment


def find_problem(path: Path) -> str | None:
    """Return what is wrong with a catalog file, None when nothing is. Changes nothing."""
    for each in (path, *_side_paths(path)):
        if each.is_dir():
            return f"{each.name} is a folder"
    if not path.is_file():
        return "it is missing"
    if not path.stat().st_size:
        return "it is empty"
    try:
        with closing(sqlite3.connect(path) if is_writable(path) else connect_for_reading(path)) as connection:
            return _check(connection)
    except (sqlite3.Error, OSError, UnicodeError) as error:
        return str(error)


def describe_backup(path: Path) -> tuple[bool, str]:
    """Say whether nothing is wrong with the catalog file's backup, and of when it is or what is wrong with it."""
    backup = backup_of(path)
    if not backup.exists():
        return True, "none yet; the next command that changes the catalog writes one"
    wrong = find_problem(backup)
    return wrong is None, f"{backup}: {wrong or f'of {_age_of(backup)}'}"


def restore(path: Path) -> str:
    """Put the backup in the place of a damaged catalog, which is kept beside it; say in one line what was done.

    Raises CatalogError when there is no backup that could be used.
    """
    problem = find_problem(path)
    if problem is None:
        return f"The catalog {path} is in order; nothing was restored."
    backup = backup_of(path)
    wrong = find_problem(backup)
    if not path.exists() and not backup.exists():
        raise CatalogError(f"There is neither a catalog {path} nor a backup of one. Run `codesearch index SOURCE`.")
    if wrong is not None:
        raise CatalogError(f"The backup {backup} cannot be used: {wrong}. {_begin_anew(path)}")
    try:
        aside = _set_aside(path)
        unfinished = path.with_name(f"{path.name}.restoring")
        shutil.copyfile(backup, unfinished)
        unfinished.chmod(_OWNER_ONLY)
        with closing(sqlite3.connect(unfinished)) as connection, connection:
            connection.execute(
                "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = ?", (_RUN_IDS_LEFT_OUT, index_runs.name)
            )
        unfinished.replace(path)
    except (OSError, sqlite3.Error) as error:
        raise CatalogError(f"The catalog {path} cannot be restored from {backup}: {error}.") from error
    kept = f"; the damaged one is {aside}" if aside else ""
    return (
        f"Restored the catalog of {_age_of(backup)}{kept}. What changed since then is to be done again: a key that was "
        "revoked works again, see `codesearch key list`. Then restart services and run `codesearch index --all`."
    )


def describe_damage(path: Path, reason: str) -> str:
    """Return the one line for a damaged catalog: what is wrong with which file, and what to run."""
    remedy = f"Run `{RESTORE_COMMAND}`: it puts the backup of {_age_of(backup_of(path))} in its place."
    return f"The catalog {path} is damaged: {reason}. {remedy if backup_of(path).is_file() else _begin_anew(path)}"


def _describe_loss(path: Path, state: str) -> str:
    backup = backup_of(path)
    return (
        f"The catalog {path} is {state}. Run `{RESTORE_COMMAND}`: it puts the backup of {_age_of(backup)} in its "
        f"place. To begin anew, delete {backup}."
    )


def _begin_anew(path: Path) -> str:
    return (
        f"Move {path.name}* in {path.parent} away and run `codesearch index SOURCE` for each source: ids and indexes "
        "stay, workspaces and keys have to be made again."
    )


def _age_of(backup: Path) -> str:
    with suppress(OSError):
        written = datetime.fromtimestamp(backup.stat().st_mtime, timezone.utc)
        return f"{written:%Y-%m-%d %H:%M} UTC"
    return "an unknown time"


def _check(connection: sqlite3.Connection) -> str | None:
    found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(3)")]
    if found != ["ok"]:
        return " ".join("; ".join(found).split())
    tables = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (schema_version.name,)).fetchone()
    return None if tables else "it has no tables of codesearch"


def _set_aside(path: Path) -> Path | None:
    """Rename what is there of the catalog and its side files; return the catalog's new name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for original in (path, *_side_paths(path)):
        if original.exists():
            original.rename(original.with_name(original.name.replace(path.name, aside.name, 1)))
    return aside if aside.exists() else None


def _side_paths(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in _SIDE_FILES]


def enable_write_ahead_log(connection: sqlite3.Connection, timeout_seconds: float) -> None:
    """Let readers and a writer work side by side; the file remembers it. Raises sqlite3.Error.

    SQLite does not wait for its lock here when several processes create the file at once, hence the loop.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
