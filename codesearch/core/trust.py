"""The list of folders whose codesearch.toml or .codesearch count, kept in the user's own configuration folder.

Trust is bound to the resolved path, for codesearch.toml also to its content, for .codesearch to a secret that lies in
it: whatever takes the place of either later needs trust of its own. docs/threats.md says what this is for.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from codesearch.core.errors import ConfigurationError
from codesearch.core.ownership import OTHERS_MAY_ANYTHING, check_owned_folder, read_owned_file

CONFIG_FILE = "codesearch.toml"
DATA_FOLDER = ".codesearch"
TRUST_LIST = "trusted.json"
# Lies in a trusted .codesearch and holds a secret that only its copy there and the trust list's hash know.
TRUST_MARK = "trust"
_FORMAT = 1
_FIRST_SETTINGS = """\
# Settings of codesearch for commands that are started in this folder. Names and meanings: docs/configuration.md.
# After a change run `codesearch trust` here: only what was trusted counts.
# data_dir = ".codesearch"
"""


@dataclass(frozen=True, slots=True)
class Trust:
    """What of a folder counts: the SHA-256 of its codesearch.toml, and of the secret in its .codesearch."""

    settings_hash: str | None
    mark_hash: str | None
    trusted_at: str


def read_trust_list(config_folder: Path | None) -> dict[str, Trust]:
    """Return the trusted folders by resolved path. Raises ConfigurationError for a list that cannot be relied on."""
    path = None if config_folder is None else config_folder / TRUST_LIST
    content = None if path is None else read_owned_file(path, refuse_writable=True)
    if content is None:
        return {}
    try:
        value = json.loads(content)
        if value["version"] != _FORMAT:
            raise ConfigurationError(f"The list of trusted folders {path} was written by a newer codesearch.")
        return {folder: Trust(**entry) for folder, entry in value["folders"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f"The list of trusted folders {path} is damaged; move it away and run `codesearch trust` for each again."
        ) from error


def trust_folder(config_folder: Path | None, folder: Path) -> Trust:
    """Make the codesearch.toml and .codesearch of a resolved folder count, as they are now; return what does.

    .codesearch becomes readable by its owner only. Raises ConfigurationError when there is neither, when one cannot be
    relied on, and when the list cannot be written.
    """
    settings = read_owned_file(folder / CONFIG_FILE, refuse_writable=False)
    data_folder = folder / DATA_FOLDER
    # Who could write it until now could have put a key of theirs into its catalog.
    has_data = check_owned_folder(data_folder, refuse_writable=False)
    if settings is None and not has_data:
        raise ConfigurationError(
            f"There is neither {CONFIG_FILE} nor {DATA_FOLDER} in {folder}; `codesearch init` makes them."
        )
    try:
        mark = _renew_mark(data_folder) if has_data else None
    except OSError as error:
        raise ConfigurationError(
            f"{data_folder} cannot be written, so that nothing can vouch for it: {error.strerror}. "
            "Set CODESEARCH_DATA_DIR to it instead."
        ) from error
    trust = Trust(
        settings_hash=None if settings is None else _hash(settings),
        mark_hash=None if mark is None else _hash(mark),
        trusted_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
    )
    with _changing(config_folder) as folders:
        folders[str(folder)] = trust
    return trust


def make_trusted_folder(config_folder: Path | None, folder: Path) -> Trust:
    """Make codesearch.toml and .codesearch in a resolved folder, where they are missing, and trust them.

    Raises ConfigurationError when one is there that was not trusted before: somebody else may have made it.
    """
    trust = read_trust_list(config_folder).get(str(folder))
    settings, data_folder = folder / CONFIG_FILE, folder / DATA_FOLDER
    content = read_owned_file(settings, refuse_writable=False)
    has_data = check_owned_folder(data_folder, refuse_writable=False)
    foreign = [
        name
        for name, is_foreign in (
            (CONFIG_FILE, content is not None and not is_trusted_settings(trust, content)),
            (DATA_FOLDER, has_data and not is_trusted_data(trust, data_folder)),
        )
        if is_foreign
    ]
    if foreign:
        raise ConfigurationError(
            f"{folder} already has a {' and a '.join(foreign)}; look at it, then run `codesearch trust` there."
        )
    try:
        if content is None:
            write_private_file(settings, _FIRST_SETTINGS.encode())
        if not has_data:
            data_folder.mkdir(mode=0o700)
            # What is indexed, and key hashes, are not to be committed by accident.
            (data_folder / ".gitignore").write_text("*\n", encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be written: {error.strerror}.") from error
    return trust_folder(config_folder, folder)


def forget_folder(config_folder: Path | None, folder: Path) -> bool:
    """Take a folder from the list; False when it was not on it. Raises ConfigurationError."""
    with _changing(config_folder) as folders:
        return folders.pop(str(folder), None) is not None


def is_trusted_settings(trust: Trust | None, settings: bytes) -> bool:
    """Say whether this content of codesearch.toml is what was trusted."""
    return bool(trust and trust.settings_hash) and _is_hash_of(trust, "settings_hash", settings)


def is_trusted_data(trust: Trust | None, data_folder: Path) -> bool:
    """Say whether this .codesearch is the one that was trusted, and nobody else may write it.

    Raises ConfigurationError for one that was, but cannot be relied on any more.
    """
    if trust is None or trust.mark_hash is None:
        return False
    check_owned_folder(data_folder, refuse_writable=True)
    mark = read_owned_file(data_folder / TRUST_MARK, refuse_writable=True)
    return mark is not None and _is_hash_of(trust, "mark_hash", mark)


def _is_hash_of(trust: Trust | None, name: str, content: bytes) -> bool:
    return hmac.compare_digest(str(getattr(trust, name)), _hash(content))


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _renew_mark(data_folder: Path) -> bytes:
    """Close the folder to others and put a new secret into it."""
    if data_folder.stat().st_mode & OTHERS_MAY_ANYTHING:
        data_folder.chmod(0o700)
    mark = secrets.token_hex(32).encode()
    write_private_file(data_folder / TRUST_MARK, mark)
    return mark


def write_private_file(path: Path, content: bytes) -> None:
    """Write a file that only its owner can read, whole or not at all; a link in its place is replaced, not followed."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


@contextmanager
def _changing(config_folder: Path | None) -> Iterator[dict[str, Trust]]:
    """Yield the list to be changed, and write it; writers take turns."""
    from filelock import FileLock

    if config_folder is None:
        raise ConfigurationError("There is no home folder to keep the list of trusted folders in: set XDG_CONFIG_HOME.")
    path = config_folder / TRUST_LIST
    try:
        config_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with FileLock(path.with_suffix(".lock"), mode=0o600):
            folders = read_trust_list(config_folder)
            before = dict(folders)
            yield folders
            if folders == before:
                return
            entries = {folder: asdict(folders[folder]) for folder in sorted(folders)}
            write_private_file(path, json.dumps({"version": _FORMAT, "folders": entries}, indent=1).encode() + b"\n")
    except OSError as error:
        raise ConfigurationError(f"The list of trusted folders {path} cannot be written: {error.strerror}.") from error
