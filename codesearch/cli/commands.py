"""The commands by name, each imported when it is asked for: a run of one need not wait for what the others import."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from importlib import import_module

import click

from codesearch.cli.garbage import imports_kept

# Where each command is defined: the module below codesearch.cli, and its name there.
PLACES = {
    "index": ("index", "index"),
    "watch": ("watch", "watch"),
    "search": ("search", "search"),
    "serve": ("serve", "serve"),
    "worker": ("worker", "worker"),
    "jobs": ("jobs", "jobs"),
    "job": ("jobs", "job"),
    "schedule": ("jobs", "schedule"),
    "list": ("admin", "list_sources"),
    "remove": ("admin", "remove"),
    "merge": ("merge", "merge"),
    "workspace": ("admin", "workspace"),
    "organisation": ("organisations", "organisation"),
    "key": ("keys", "key"),
    "group": ("groups", "group"),
    "permissions": ("permissions", "permissions"),
    "doctor": ("admin", "doctor"),
    "evaluate": ("evaluate", "evaluate"),
    "init": ("trust", "init"),
    "trust": ("trust", "trust"),
    "mcp": ("mcp.command", "mcp"),
    "dify": ("dify.command", "dify"),
    "completion": ("completion", "completion"),
    "grep": ("grep", "grep"),
    "context": ("prompt", "context"),
    "show": ("show", "show"),
    "outline": ("show", "outline"),
    "related": ("show", "related"),
    "tree": ("show", "tree"),
}


class LazyCommands(MutableMapping[str, click.Command]):
    """The commands as click's groups keep them, in a mapping; one is imported when it is read."""

    def __init__(self) -> None:
        self._places = dict(PLACES)
        self._loaded: dict[str, click.Command] = {}

    def __getitem__(self, name: str) -> click.Command:
        if name not in self._loaded:
            module, attribute = self._places[name]
            with imports_kept():
                self._loaded[name] = getattr(import_module(f"codesearch.cli.{module}"), attribute)
        return self._loaded[name]

    def __setitem__(self, name: str, command: click.Command) -> None:
        self._places[name] = (name, name)
        self._loaded[name] = command

    def __delitem__(self, name: str) -> None:
        del self._places[name]
        self._loaded.pop(name, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)
