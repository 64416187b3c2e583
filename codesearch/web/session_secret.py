"""The secret that sessions are signed with: a file of the data folder that nobody but its owner can read."""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

from codesearch.core.errors import UnreliableFileError
from codesearch.core.ownership import read_owned_file

FILE_NAME = "session.secret"
_BYTES = 32

logger = logging.getLogger(__name__)


def load_secret(data_dir: Path) -> bytes:
    """Return the secret of a data folder, the same for all server processes on it; made where there is none.

    Where it can be neither read nor written it is one of this process alone: sessions end with it. Raises
    UnreliableFileError for a file that others may have put there.
    """
    path = data_dir / FILE_NAME
    try:
        return _read(path) or _create(path)
    except OSError as error:
        logger.warning("%s cannot be written (%s): who signs in does so again after a restart.", path, error.strerror)
        return secrets.token_bytes(_BYTES)


def _read(path: Path) -> bytes | None:
    content = read_owned_file(path, refuse_writable=True)
    if content is not None and len(content) != _BYTES:
        raise UnreliableFileError(f"{path} holds no secret of sessions: delete it, and everybody signs in again.")
    return content


def _create(path: Path) -> bytes:
    """Write a secret unless another process is first, and return that which counts."""
    from codesearch.core.trust import write_private_file

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    own = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    write_private_file(own, secrets.token_bytes(_BYTES))
    try:
        path.hardlink_to(own)
    except FileExistsError:
        pass
    finally:
        own.unlink(missing_ok=True)
    found = _read(path)
    if found is None:
        raise UnreliableFileError(f"{path} was removed while it was made.")
    return found
