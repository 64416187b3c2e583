"""The only reader of the environment, but for that of git, which is built where git is started."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

# What the names of settings begin with in the environment.
PREFIX = "CODESEARCH_"
# What prometheus_client reads when it is imported: the folder of several processes.
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
# Less alike are what Kubernetes says of a service of this name, and variables of people's own.
_NEARLY = 0.9


def read_settings(names: Iterable[str]) -> dict[str, object]:
    """Return what the environment says of these settings; its names count in any case."""
    said = {name.upper(): value for name, value in os.environ.items()}
    variables = {name: name_variable(name) for name in names}
    return {name: said[variable] for name, variable in variables.items() if variable in said}


def find_misspelt(names: Iterable[str]) -> dict[str, str]:
    """Return variables that are nearly called as a setting and are none, each with that setting's variable."""
    from difflib import get_close_matches

    variables = [name_variable(name) for name in names]
    others = {name.upper() for name in os.environ if name.upper().startswith(PREFIX)} - set(variables)
    near = {name: get_close_matches(name, variables, n=1, cutoff=_NEARLY) for name in sorted(others)}
    return {name: found[0] for name, found in near.items() if found}


def name_variable(setting: str) -> str:
    """Return what a setting is called in the environment."""
    return f"{PREFIX}{setting.upper()}"


def read_storage_variables() -> dict[str, str]:
    """Return AWS's own variables: address and credentials of object storage, which LanceDB reads by itself."""
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


def find_metrics_folder() -> Path | None:
    """Return where the server processes of one service keep what they count, which whoever starts them says."""
    folder = os.environ.get(METRICS_FOLDER)
    return Path(folder) if folder else None


def has_database_password() -> bool:
    """Say whether PostgreSQL's library finds a password here by itself."""
    return "PGPASSWORD" in os.environ
