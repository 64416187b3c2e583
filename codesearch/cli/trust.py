"""`codesearch init` and `codesearch trust`: which folder's codesearch.toml and .codesearch count here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from codesearch.cli import output
from codesearch.cli.context import as_json_option
from codesearch.cli.listings import print_trusted, trusted_names
from codesearch.core.errors import ConfigurationError
from codesearch.core.user_folders import find_config_folder

if TYPE_CHECKING:
    from codesearch.core.trust import Trust

_FOLDER = click.argument("folder", default=".", type=click.Path(path_type=Path), metavar="[FOLDER]")


@click.command()
@_FOLDER
@as_json_option
def init(folder: Path, as_json: bool) -> None:
    """Make codesearch.toml and .codesearch in FOLDER (the current one) and make them count there.

    Commands that are started in FOLDER then keep their data in it. What somebody else made is refused.
    """
    from codesearch.core.trust import make_trusted_folder

    path = _resolve(folder)
    trust = make_trusted_folder(find_config_folder(), path)
    said = f"{path} has a codesearch.toml and a .codesearch of its own."
    output.print_done(said, _as_json(path, trust), as_json=as_json)


@click.command()
@_FOLDER
@click.option("--list", "is_list", is_flag=True, help="List the folders that are trusted.")
@click.option("--remove", "is_removal", is_flag=True, help="Trust FOLDER no longer.")
@as_json_option
def trust(folder: Path, is_list: bool, is_removal: bool, as_json: bool) -> None:
    """Make the codesearch.toml and .codesearch that lie in FOLDER (the current one) count, as they are now.

    Look at them first: whoever made them chose the settings, and the keys that `codesearch serve` accepts there.
    """
    from codesearch.core.trust import forget_folder, read_trust_list, trust_folder

    if is_list and is_removal:
        raise click.UsageError("--list and --remove do not go together.")
    config_folder = find_config_folder()
    if is_list:
        print_trusted(read_trust_list(config_folder), as_json=as_json)
        return
    if is_removal:
        path = folder.resolve()
        if not forget_folder(config_folder, path):
            raise ConfigurationError(f"{path} is not trusted; `codesearch trust --list` shows what is.")
        output.print_done(f"{path} is trusted no longer.", {"removed": str(path)}, as_json=as_json)
        return
    path = _resolve(folder)
    trusted = trust_folder(config_folder, path)
    names = " and ".join(trusted_names(trusted))
    said = f"From now on {path} counts with its {names}."
    if trusted.mark_hash is not None:
        said += " `codesearch key list` there shows the keys that it accepts."
    output.print_done(said, _as_json(path, trusted), as_json=as_json)


def _resolve(folder: Path) -> Path:
    try:
        return folder.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise ConfigurationError(f"There is no folder {folder}.") from error


def _as_json(path: Path, trust: Trust) -> dict[str, object]:
    return {"folder": str(path), "trusted": trusted_names(trust)}
