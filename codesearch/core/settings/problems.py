"""Says what is wrong with a setting: by the name that it has where it is set, with the file, and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codesearch.core.errors import ConfigurationError
from codesearch.core.settings.environment import PREFIX, name_variable
from codesearch.core.settings.places import SettingPlaces, read_places
from codesearch.core.trust import CONFIG_FILE

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

# By the beginning of what pydantic calls a problem; what is not here is said in its words.
_WORDS: Final = {
    "int_": "it should be a whole number",
    "float_": "it should be a number",
    "bool_": "it should be true or false",
    "string_type": "it should be a text, in quotes",
    "path_type": "it should be a text, in quotes",
    "tuple_type": "it should be a list",
}
_VARIABLE: Final = re.compile(rf"{PREFIX}(\w*[A-Z])")


def describe_problems(problems: Sequence[ErrorDetails], places: SettingPlaces, names: Iterable[str]) -> str:
    """Say in one line which settings are wrong, where they are set, and what to do; never what they are.

    `names` are those of all settings.
    """
    said = "; ".join(_describe(problem, places, list(names)) for problem in problems)
    files = dict.fromkeys(path for problem in problems if (path := _find_file(str(problem["loc"][0]), places)))
    return f"Wrong setting{'s' if len(problems) > 1 else ''}: {said}.{_advise(list(files))}"


def _describe(problem: ErrorDetails, places: SettingPlaces, names: Sequence[str]) -> str:
    name, *parts = problem["loc"]
    path = _find_file(str(name), places)
    numbers = "".join(f", number {part + 1}" for part in parts if isinstance(part, int))
    where = f" in {path}" if path else ""
    what = re.sub(_VARIABLE, lambda found: _name_in(places, found), _word(problem, names))
    return f"{_name(str(name), places)}{where}{numbers}: {what}"


def _word(problem: ErrorDetails, names: Sequence[str]) -> str:
    kind = problem["type"]
    if kind == "extra_forbidden":
        near = get_close_matches(str(problem["loc"][0]).lower(), names, n=1)
        return f"there is no such setting{f', but one named {near[0]}' if near else ''}"
    if kind == "value_error":
        return str(problem["msg"]).removeprefix("Value error, ")
    known = next((words for beginning, words in _WORDS.items() if kind.startswith(beginning)), None)
    return known or re.sub(r"^\w+ should ", "it should ", problem["msg"])


def _find_file(name: str, places: SettingPlaces) -> Path | None:
    """Return the file whose word on a setting counts; None where none does."""
    if name in places.arguments or name in places.environment:
        return None
    return next(iter(places.find_files(name)), None)


def _name(name: str, places: SettingPlaces) -> str:
    """Return what a setting is called where it is set."""
    return name if name in places.arguments or _find_file(name, places) else name_variable(name)


def _name_in(places: SettingPlaces, found: re.Match[str]) -> str:
    return _name(found[1].lower(), places)


def _advise(files: Sequence[Path]) -> str:
    if not files:
        return ""
    again = [path for path in files if path.name == CONFIG_FILE]
    return f" Correct it there{f', then run `codesearch trust` in {again[0].parent}' if again else ''}."


def say_where_set(message: str, names: Iterable[str]) -> str:
    """Add to a message which files set the settings that it calls by their names in the environment."""
    named = list(dict.fromkeys(found.lower() for found in _VARIABLE.findall(message)))
    if not named:
        return message
    try:
        places = read_places(names, {})
    except ConfigurationError:
        return message
    files: Mapping[str, Path | None] = {name: _find_file(name, places) for name in named}
    said = [f"{name_variable(name)} is set as {name} in {path}" for name, path in files.items() if path]
    return f"{message} ({'; '.join(said)}.)" if said else message
