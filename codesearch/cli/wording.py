"""What tools say to do, in the words of a shell: commands and options in the place of tools and their parameters."""

from __future__ import annotations

from typing import Final

from codesearch.core.errors import CodesearchError
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
    "case_sensitive=false": "-i",
    "paths are the beginnings of paths": "a --path is the beginning of a path",
    "Narrow it with paths, extensions or data_sources": "Narrow it with --path, --ext or a SOURCE",
    "whoever runs the service makes it anew with `codesearch index --all`": "run `codesearch index --all`",
    "whoever runs the service sees which with": "see which with",
}
_say = word_by(PHRASES)


def say_at_shell(text: str) -> str:
    """Return a text of a tool as a person at a shell reads it."""
    return _say(text)


def describe_error(error: CodesearchError) -> str:
    """Return what a person at a shell reads of an error: also which file sets what is wrong."""
    message = say_at_shell(error.message)
    if PREFIX not in message:
        return message
    from codesearch.core.config import Settings
    from codesearch.core.settings.problems import say_where_set

    return say_where_set(message, Settings.model_fields)
