"""A call's arguments, read by the table of a tool's parameters; and that table as a JSON schema. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from codesearch.core.counts import say_count
from codesearch.core.errors import InvalidRequestError, WrongArgumentError
from codesearch.retrieval.condition_values import show
from codesearch.tools.tool import MAX_ITEMS, MAX_TEXT_LENGTH, Parameter, Tool

# NUL, and halves of surrogate pairs that clients leave when they cut text inside an emoji: nothing indexed holds them.
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
_KINDS = {"string": "a string", "integer": "a whole number", "boolean": "true or false", "strings": "a list of strings"}


def read_arguments(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every parameter, in the table's order: of strings a tuple, None for what was left out.

    null and "" count as left out. Raises WrongArgumentError with one line on the first thing wrong, InvalidRequestError
    for a parameter that there is not.
    """
    for name in arguments:
        if name not in {parameter.name for parameter in tool.parameters}:
            known = ", ".join(parameter.name for parameter in tool.parameters) or "none"
            raise InvalidRequestError(f"{tool.name} has no parameter {show(name)}; it has: {known}.")
    return {parameter.name: _read(parameter, arguments.get(parameter.name)) for parameter in tool.parameters}


def describe_parameters(tool: Tool, *, exact: bool = False) -> dict[str, Any]:
    """Return the JSON schema of a tool's arguments: what to send; `exact`, also all else that is understood."""
    properties = {parameter.name: _describe(parameter, exact=exact) for parameter in tool.parameters}
    schema: dict[str, Any] = {"type": "object", "properties": properties, "additionalProperties": False}
    if required := [parameter.name for parameter in tool.parameters if parameter.required]:
        schema["required"] = required
    return schema


def _read(parameter: Parameter, value: object) -> object:
    if value is None or value == "":
        if parameter.required:
            raise WrongArgumentError(parameter.name, f"is missing: {parameter.description}.")
        return parameter.default
    if parameter.kind == "integer":
        return _read_integer(parameter, value)
    if parameter.kind == "boolean" and isinstance(value, bool):
        return value
    if parameter.kind == "strings":
        return _read_strings(parameter, value)
    if parameter.kind == "string" and isinstance(value, str):
        return _read_string(parameter, value, parameter.maximum or MAX_TEXT_LENGTH)
    raise _wrong_kind(parameter, value)


def _read_integer(parameter: Parameter, value: object) -> int:
    # JSON does not tell 5.0 from 5.
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not is_whole:
        raise _wrong_kind(parameter, value)
    low, high = parameter.minimum, parameter.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        bounds = " and ".join(
            [*([f"at least {low}"] if low is not None else []), *([f"at most {high}"] if high is not None else [])]
        )
        raise WrongArgumentError(parameter.name, f"is {bounds}, not {show(value)}.")
    return int(value)


def _read_strings(parameter: Parameter, value: object) -> tuple[str, ...] | None:
    items = [value] if isinstance(value, str) else value
    if not isinstance(items, list):
        raise _wrong_kind(parameter, value)
    if len(items) > (most := parameter.maximum or MAX_ITEMS):
        raise WrongArgumentError(parameter.name, f"takes at most {most} strings, not {len(items)}.")
    texts = tuple(_read_string(parameter, item, MAX_TEXT_LENGTH) for item in items if item is not None and item != "")
    if not texts and parameter.required:
        raise WrongArgumentError(parameter.name, f"is missing: {parameter.description}.")
    return texts or None


def _read_string(parameter: Parameter, value: object, most: int) -> str:
    if not isinstance(value, str):
        raise _wrong_kind(parameter, value)
    if len(value) > most:
        raise WrongArgumentError(parameter.name, f"has {say_count(len(value), 'character')}; at most {most} are taken.")
    if parameter.choices and value not in parameter.choices:
        raise WrongArgumentError(parameter.name, f"is one of {', '.join(parameter.choices)}, not {show(value)}.")
    if parameter.required and not value.strip():
        raise WrongArgumentError(parameter.name, f"is blank: {parameter.description}.")
    return _UNUSABLE.sub("\N{REPLACEMENT CHARACTER}", value)


def _wrong_kind(parameter: Parameter, value: object) -> WrongArgumentError:
    return WrongArgumentError(parameter.name, f"is {_KINDS[parameter.kind]}, not {show(value)}.")


def _describe(parameter: Parameter, *, exact: bool) -> dict[str, Any]:
    schema = _describe_kind(parameter, exact=exact)
    if exact and not parameter.required:
        # What else counts as left out.
        schema = {"anyOf": [schema, {"type": "null"}, {"const": ""}]}
    schema["description"] = parameter.description
    if parameter.default is not None:
        schema["default"] = parameter.default
    return schema


def _describe_kind(parameter: Parameter, *, exact: bool) -> dict[str, Any]:
    if parameter.kind == "integer":
        bounds = {"minimum": parameter.minimum, "maximum": parameter.maximum}
        return {"type": "integer", **{name: bound for name, bound in bounds.items() if bound is not None}}
    if parameter.kind == "boolean":
        return {"type": "boolean"}
    text: dict[str, Any] = {"type": "string", "maxLength": MAX_TEXT_LENGTH}
    if parameter.kind == "string":
        text["maxLength"] = parameter.maximum or MAX_TEXT_LENGTH
        if parameter.choices:
            return {"type": "string", "enum": list(parameter.choices)}
        return {**text, "minLength": 1} if parameter.required else text
    item = {"anyOf": [text, {"type": "null"}]} if exact else {"type": "string"}
    items: dict[str, Any] = {"type": "array", "items": item, "maxItems": parameter.maximum or MAX_ITEMS}
    if parameter.required:
        items["minItems"] = 1
    one = {**text, "minLength": 1} if parameter.required else text
    return {"anyOf": [items, one]} if exact else items
