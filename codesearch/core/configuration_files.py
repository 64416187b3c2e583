"""Finds the configuration files that count: the user's own, and what of the current folder is trusted.

Files that merely lie in the current folder may have come with a stranger's repository: they are named, never read.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote

from codesearch.core.errors import ConfigurationError, UnreliableFileError
from codesearch.core.ownership import check_owned_folder, read_owned_file
from codesearch.core.trust import (
    CONFIG_FILE,
    DATA_FOLDER,
    Trust,
    is_trusted_data,
    is_trusted_settings,
    read_trust_list,
)
from codesearch.core.user_folders import find_config_folder

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

USER_FILE = "config.toml"
# What a relative value of these would start at is the current folder, whoever made it.
_PLACES = (
    "data_dir",
    "model_cache_dir",
    "git_ssh_key",
    "store_uri",
    "database_url",
    "permissions_file",
    "oidc_jwks",
    "audit_log",
)
# Those that may be a URL, too.
_URLS = ("store_uri", "database_url", "oidc_jwks")
_RELATIVE_SQLITE = re.compile(r"sqlite(\+\w+)?:///(?!/|:memory:)")


@dataclass(frozen=True, slots=True)
class ConfigurationFiles:
    """What the files say, by setting; `local` wins over `user`. `used` are the files, `notes` lines on ignored ones.

    `user_file` is the user's own; `origins` says for each setting of the current folder which file or folder it is of.
    """

    user: Mapping[str, object] = field(default_factory=dict)
    local: Mapping[str, object] = field(default_factory=dict)
    used: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()
    user_file: Path | None = None
    origins: Mapping[str, Path] = field(default_factory=dict)


def read_configuration_files(*, is_data_dir_given: bool) -> ConfigurationFiles:
    """Read the user's own file and what counts of the current folder; a trusted .codesearch is its `data_dir`.

    With `is_data_dir_given` a .codesearch makes no difference. Raises ConfigurationError for a file that counts and
    cannot be understood, or is the user's and cannot be relied on.
    """
    config_folder = find_config_folder()
    user_path = None if config_folder is None else config_folder / USER_FILE
    content = None if user_path is None else read_owned_file(user_path, refuse_writable=True)
    user = {} if user_path is None or content is None else _parse(user_path, content)
    _require_absolute_places(user, user_path)
    used = [user_path] if user_path is not None and content is not None else []
    try:
        folder = Path.cwd()
    except OSError:
        return ConfigurationFiles(user, {}, tuple(used), user_file=user_path)
    local = _read_folder(folder, config_folder, is_data_dir_given)
    return ConfigurationFiles(
        user, local.values, (*used, *local.used), tuple(local.notes), user_file=user_path, origins=local.origins
    )


@dataclass(slots=True)
class _Folder:
    """What is found in the current folder. `untrusted` are the names that nobody vouched for."""

    path: Path
    config_folder: Path | None
    values: dict[str, object] = field(default_factory=dict)
    origins: dict[str, Path] = field(default_factory=dict)
    used: list[Path] = field(default_factory=list)
    untrusted: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read_settings(self) -> None:
        """Take the settings of codesearch.toml, if it is trusted."""
        path = self.path / CONFIG_FILE
        content = read_owned_file(path, refuse_writable=False)
        if content is None:
            return
        if not is_trusted_settings(self.trust(), content):
            self.untrusted.append(CONFIG_FILE)
            return
        self._take(path, _parse(path, content))

    def find_data(self) -> None:
        """Take .codesearch as the data folder, if it is trusted."""
        path = self.path / DATA_FOLDER
        if not check_owned_folder(path, refuse_writable=False):
            return
        if not is_trusted_data(self.trust(), path):
            self.untrusted.append(DATA_FOLDER)
            return
        self._take(path, {"data_dir": path})

    def _take(self, path: Path, values: Mapping[str, object]) -> None:
        self.values.update(values)
        self.origins.update(dict.fromkeys(values, path))
        self.used.append(path)

    def trust(self) -> Trust | None:
        """Return what the user's list says of this folder."""
        return read_trust_list(self.config_folder).get(str(self.path))

    def describe_untrusted(self) -> str:
        """Say in one line what does not count, why, and how it would."""
        is_known = self.trust() is not None
        names = " and ".join(self.untrusted)
        reason = "not what was trusted here" if is_known else "nobody trusted it here, and strangers' files may hold it"
        command = f"`codesearch trust {quote(str(self.path))}`"
        return f"Ignored {names} in {self.path}: {reason}. If it is yours, run {command}."


def _read_folder(path: Path, config_folder: Path | None, is_data_dir_given: bool) -> _Folder:
    folder = _Folder(path, config_folder)
    for name, look in ((CONFIG_FILE, folder.read_settings), (DATA_FOLDER, folder.find_data)):
        if name == DATA_FOLDER and (is_data_dir_given or "data_dir" in folder.values):
            break
        try:
            look()
        except UnreliableFileError as error:
            folder.notes.append(f"Ignored {name}: {error.message}")
    if folder.untrusted:
        folder.notes.append(folder.describe_untrusted())
    return folder


def _parse(path: Path, content: bytes) -> dict[str, object]:
    try:
        return tomllib.loads(content.decode("utf-8"))
    except ValueError as error:
        raise ConfigurationError(f"Cannot read the settings from {path}: {error}") from error


def _require_absolute_places(user: Mapping[str, object], path: Path | None) -> None:
    for name in _PLACES:
        value = str(user.get(name, ""))
        is_place = bool(value) and "://" not in value and not value.startswith("~")
        if (is_place and not Path(value).is_absolute()) or _RELATIVE_SQLITE.match(value):
            place = "an absolute path or a URL" if name in _URLS else "an absolute path"
            raise ConfigurationError(f"{path}: {name} must be {place}, for it counts in every folder.")
