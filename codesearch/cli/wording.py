"""What tools say to do, in the words of a shell: commands and options in the place of tools and their parameters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from codesearch.core.errors import CodesearchError, SourceError
from codesearch.core.settings.environment import PREFIX
from codesearch.tools.wording import word_by

# Whole phrases, for a tool's name alone may be part of a path.
PHRASES: Final = {
    "which get_data_sources lists": "which `codesearch list` shows",
    "get_data_sources lists them": "`codesearch list` shows them",
    "get_file_tree lists it": "`codesearch tree` lists it",
    "outline lists them": "`codesearch outline` lists them",
    "outline lists those": "`codesearch outline` lists those",
    "grep_search finds names as they stand": "`codesearch grep` finds names as they stand",
    "read_file shows the rest": "`codesearch show` shows the rest",
    "over max_nodes; for those of a folder, ask with its path, or raise max_depth or max_nodes": (
        "over --max-nodes; for those of a folder, give its path, or raise --max-depth or --max-nodes"
    ),
    "regex=true": "--regex",
    "without regex the text": "without --regex the text",
    "raise max_count_per_type": "raise --max-count-per-type",
    "case_sensitive=false": "-i",
    "Narrow it with paths, extensions or data_sources": "Narrow it with --path, --ext or a SOURCE",
    "whoever runs the service makes it anew with `codesearch index --all`": "run `codesearch index --all`",
    "whoever runs the service sees which with": "see which with",
}
# What the indexer says to do, with the options that a command has for it.
OPTIONS: Final = {
    "check the sub-folder": "check --subdir",
    "name a branch, such as": "name one with --branch, such as",
    "name no branch": "leave out --branch",
    "; its branch is ": " --branch ",
    "; its sub-folder is ": " --subdir ",
    "and its sub-folder ": "with --subdir ",
    "only what is on disk can be indexed": "leave out --committed",
    "what is committed can be indexed instead": "--committed indexes what is committed",
    "or index what is committed.": "or index what is committed with --committed.",
}
_say = word_by(PHRASES)
_say_options = word_by(OPTIONS)


def say_at_shell(text: str) -> str:
    """Return a text of a tool as a person at a shell reads it."""
    return _say(text)


# What commands call their parameters, where tools call them otherwise.
_PARAMETERS: Final = {
    "query": "pattern",
    "question": "words",
    "path": "place",
    "identifier": "place",
    "identifiers": "place",
    "data_source": "within",
    "data_sources": "within",
    "max_depth": "depth",
    "max_count_per_type": "max_count",
}


def name_at_shell(parameter: str) -> str:
    """Return what the command at hand calls a tool's parameter: an option, or an argument as its usage has it."""
    context = click.get_current_context(silent=True)
    wanted = (parameter, _PARAMETERS.get(parameter, parameter))
    given = next((item for item in context.command.params if item.name in wanted), None) if context else None
    if isinstance(given, click.Argument):
        written = (given.metavar or given.human_readable_name).split()[-1]
        return written.strip("[]") if written.startswith("[") else written
    return parameter if given is None else given.opts[0]


def name_options(text: str) -> str:
    """Return a text of the indexer for whoever ran a command: with its options, where they may be given."""
    context = click.get_current_context(silent=True)
    if context is None or not context.params.get("sources"):
        return text
    has = {option for parameter in context.command.params for option in parameter.opts}
    return _say_options(text) if {"--branch", "--subdir", "--committed"} <= has else text


@contextmanager
def naming_options() -> Iterator[None]:
    """Let an error of the indexer name the options of the command that is run meanwhile."""
    try:
        yield
    except SourceError as error:
        error.message = name_options(error.message)
        raise


def describe_error(error: CodesearchError) -> str:
    """Return what a person at a shell reads of an error: also which file sets what is wrong."""
    message = name_options(say_at_shell(error.message))
    if PREFIX not in message:
        return message
    from codesearch.core.config import Settings
    from codesearch.core.settings.problems import say_where_set

    return say_where_set(message, Settings.model_fields)
