"""What is known of an MCP client: its files, the form of a server in them, and where it reads rules from. Values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any


class Format(str, Enum):
    """How a client's configuration is written; JSON may have comments."""

    JSON = "json"
    TOML = "toml"


@dataclass(frozen=True, slots=True)
class Launch:
    """How a client starts the server: a program by its absolute path, arguments, and what it needs set."""

    program: str
    arguments: tuple[str, ...]
    environment: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service elsewhere, and the variable of the environment that has the key."""

    url: str
    key_variable: str


@dataclass(frozen=True, slots=True)
class Rules:
    """A file of rules for agents: a part of one that has others, too, or one of our own with a head."""

    path: Path
    head: str = ""
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client looks: its configuration, and rules that it reads, None where there are none to write."""

    configuration: Path
    rules: Rules | None = None


@dataclass(frozen=True, slots=True)
class Client:
    """A client. `path` is where servers stand in its configuration.

    `for_user` counts in every project, `for_project` in one, None where there is none. `as_stdio` and `as_http` give a
    server's entry; `as_http` None: it cannot ask a service with a key from the environment. `note` is what a person has
    to know.
    """

    name: str
    title: str
    form: Format
    path: tuple[str, ...]
    for_user: Callable[[Path], Place]
    for_project: Callable[[Path], Place] | None
    as_stdio: Callable[[Launch], dict[str, Any]]
    as_http: Callable[[Endpoint], dict[str, Any]] | None
    signs: Callable[[Path], tuple[Path, ...]]
    note: str = ""
