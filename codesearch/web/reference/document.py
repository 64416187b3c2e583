"""The OpenAPI document as operations for people, by their tags. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from codesearch.web.reference.schemas import Field, Schemas

_METHODS = ("get", "post", "put", "patch", "delete")
_JSON = "application/json"
# Where the address of the service belongs in a command, and a key.
BASE, KEY = "http://SERVICE", "KEY"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One answer: its status, when it comes, the fields of its body, and an example as JSON."""

    status: str
    description: str
    fields: Sequence[Field]
    example: str

    @property
    def is_good(self) -> bool:
        """Whether the request was answered."""
        return self.status.startswith("2")


@dataclass(frozen=True, slots=True)
class Operation:
    """What can be asked at one address. `command` asks it with curl; it names BASE and KEY."""

    id: str
    method: str
    path: str
    summary: str
    description: str
    needs_key: bool
    parameters: Sequence[Field]
    body: Sequence[Field]
    body_example: str
    outcomes: Sequence[Outcome]
    command: str


@dataclass(frozen=True, slots=True)
class Group:
    """The operations of one tag."""

    name: str
    operations: Sequence[Operation]


def read_document(document: Mapping[str, Any]) -> list[Group]:
    """Return the operations of an OpenAPI document in its order, by their first tags."""
    schemas = Schemas(document.get("components", {}).get("schemas", {}))
    groups: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                groups.setdefault(tag, []).append(_read_operation(schemas, path, method, item[method]))
    return [Group(name, operations) for name, operations in groups.items()]


def _read_operation(schemas: Schemas, path: str, method: str, said: Mapping[str, Any]) -> Operation:
    content = said.get("requestBody", {}).get("content", {}).get(_JSON)
    schema = {} if content is None else content.get("schema", {})
    example = None if content is None else content.get("example", schemas.make_example(schema))
    needs_key = bool(said.get("security"))
    return Operation(
        id=said["operationId"],
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        description=said.get("description", ""),
        needs_key=needs_key,
        parameters=[_read_parameter(schemas, item) for item in said.get("parameters", ())],
        body=schemas.list_fields(schema),
        body_example="" if content is None else _to_text(example),
        outcomes=[_read_outcome(schemas, status, item) for status, item in said["responses"].items()],
        command=_write_command(method, path, example, needs_key=needs_key),
    )


def _read_parameter(schemas: Schemas, said: Mapping[str, Any]) -> Field:
    schema = said.get("schema", {})
    where = f"{said['name']} ({said['in']})"
    default = "" if schema.get("default") is None else str(schema["default"])
    is_required, description = bool(said.get("required")), str(said.get("description", ""))
    return Field(where, schemas.describe(schema), is_required, description, default, 0)


def _read_outcome(schemas: Schemas, status: str, said: Mapping[str, Any]) -> Outcome:
    content = said.get("content", {}).get(_JSON, {})
    schema = content.get("schema", {})
    is_good = status.startswith("2")
    example = content.get("example", schemas.make_example(schema) if is_good and schema else None)
    fields = schemas.list_fields(schema) if is_good else []
    return Outcome(status, said.get("description", ""), fields, "" if example is None else _to_text(example))


def _write_command(method: str, path: str, example: object, *, needs_key: bool) -> str:
    lines = [f"curl {BASE}{path}" if method == "get" else f"curl -X {method.upper()} {BASE}{path}"]
    if needs_key:
        lines.append(f"-H 'Authorization: Bearer {KEY}'")
    if example is not None:
        lines.append(f"-H 'Content-Type: {_JSON}'")
        lines.append(f"-d {shlex.quote(json.dumps(example, ensure_ascii=False))}")
    return " \\\n  ".join(lines)


def _to_text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
