"""Where settings are from; first to last: arguments, environment, a trusted codesearch.toml, the user's own file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from codesearch.core.configuration_files import ConfigurationFiles, read_configuration_files
from codesearch.core.errors import ConfigurationError
from codesearch.core.settings.environment import has_database_password, read_settings
from codesearch.core.trust import CONFIG_FILE
from codesearch.core.user_folders import find_data_folder

if TYPE_CHECKING:
    from codesearch.core.config import Settings


@dataclass(frozen=True, slots=True)
class SettingPlaces:
    """What each place says, by setting; what wins, first to last: `arguments`, `environment`, `local`, `files.user`."""

    arguments: Mapping[str, object]
    environment: Mapping[str, object]
    local: Mapping[str, object]
    files: ConfigurationFiles

    @property
    def values(self) -> dict[str, object]:
        """What counts, by setting."""
        return {**self.files.user, **self.local, **self.environment, **self.arguments}

    def find_files(self, name: str) -> list[Path]:
        """Return the files that say what a setting is, the one that wins first."""
        found = [self.files.origins[name]] if name in self.local else []
        if name in self.files.user and self.files.user_file is not None:
            found.append(self.files.user_file)
        return found


def read_places(
    names: Iterable[str], arguments: Mapping[str, object], report: Callable[[str], None] = lambda _: None
) -> SettingPlaces:
    """Read what the environment and the files that count say of the settings of these names.

    `report` gets one line for each thing that lies in the current folder and does not count. Raises ConfigurationError.
    """
    environment = read_settings(names)
    above = {**environment, **arguments}
    files = read_configuration_files(is_data_dir_given="data_dir" in above)
    for note in files.notes:
        report(note)
    return SettingPlaces(arguments, environment, _keep_secrets_home(files, above, report), files)


@dataclass(frozen=True, slots=True)
class SettingOrigin:
    """Where a setting is from: a file, or None for the environment; and which files say something else in vain."""

    name: str
    path: Path | None
    passed_over: tuple[Path, ...]


def find_origins(settings: Settings, places: SettingPlaces) -> list[SettingOrigin]:
    """Return where the settings are from that are not at their default, or that several places give; in their order.

    `settings` are those that these places give.
    """
    found = []
    for name in type(settings).model_fields:
        above: list[Path | None] = [None] if name in places.environment else []
        first, *others = [*above, *places.find_files(name)] or [None]
        if others or getattr(settings, name) != _default_of(settings, name):
            found.append(SettingOrigin(name, first, tuple(path for path in others if path is not None)))
    return found


def _default_of(settings: Settings, name: str) -> object:
    try:
        return type(settings).model_fields[name].get_default(call_default_factory=True, validated_data={})
    except ConfigurationError:
        # There is no folder of the user's own.
        return None


def find_default_data_dir() -> Path | None:
    """Return where commands that are started here, without CODESEARCH_DATA_DIR, keep their data; None for nowhere."""
    files = read_configuration_files(is_data_dir_given=False)
    found = files.local.get("data_dir") or files.user.get("data_dir")
    try:
        return Path(str(found)).resolve() if found else find_data_folder().resolve()
    except ConfigurationError:
        return None


def _keep_secrets_home(
    files: ConfigurationFiles, above: Mapping[str, object], report: Callable[[str], None]
) -> dict[str, object]:
    """Return the folder's settings without a host that would get a secret of the environment or of the user's own file.

    Raises ConfigurationError for a catalog or store there to which libraries would send such a secret by themselves.
    """
    local = dict(files.local)
    if not local:
        return local
    token_is_local = "git_token" in local and "git_token" not in above
    has_token = "git_token" in above or "git_token" in files.user
    if "git_token_host" in local and "git_token_host" not in above and has_token and not token_is_local:
        del local["git_token_host"]
        report(
            f"Ignored git_token_host of {CONFIG_FILE}: only CODESEARCH_GIT_TOKEN_HOST or your own configuration says "
            "which host gets your token."
        )
    _keep_dify_keys_home(files, above, local, report)
    if local.pop("peers", None):
        report(
            f"Ignored peers of {CONFIG_FILE}: only CODESEARCH_PEERS or your own configuration says which services get "
            "questions and the secret."
        )
    if local.pop("permissions_command", None):
        report(
            f"Ignored permissions_command of {CONFIG_FILE}: only CODESEARCH_PERMISSIONS_COMMAND or your own "
            "configuration says which command is run."
        )
    for name in ("database_url", "jobs_url"):
        database = urlsplit(str(local.get(name, "")))
        lends_password = database.password is None and has_database_password()
        if database.scheme.startswith("postgres") and (lends_password or "service" in parse_qs(database.query)):
            raise ConfigurationError(
                f"{name} of {CONFIG_FILE} would get a password of yours; set CODESEARCH_{name.upper()} instead."
            )
    scheme, separator, _ = str(local.get("store_uri", "")).partition("://")
    if separator and scheme not in {"s3", "file"}:
        raise ConfigurationError(f"store_uri of {CONFIG_FILE} names a host; set CODESEARCH_STORE_URI instead.")
    return local


def _keep_dify_keys_home(
    files: ConfigurationFiles, above: Mapping[str, object], local: dict[str, object], report: Callable[[str], None]
) -> None:
    """Take the folder's dify_url out of `local` where a key that the folder does not hold itself would go there."""
    if "dify_url" not in local or "dify_url" in above:
        return
    if any(name in above or (name in files.user and name not in local) for name in ("dify_key", "dify_app_key")):
        del local["dify_url"]
        report(
            f"Ignored dify_url of {CONFIG_FILE}: only CODESEARCH_DIFY_URL or your own configuration says which host "
            "gets your keys of Dify."
        )
