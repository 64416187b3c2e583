"""A JSON schema as rows for people, and an example value of it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

_REFERENCE = "#/components/schemas/"
# Deeper ones are left to the document itself.
_MOST_DEPTH = 4
_SCALARS: Mapping[str, object] = {"string": "text", "integer": 1, "number": 0.5, "boolean": True, "null": None}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an object: its name from the outermost one on, such as `retrieval_setting.top_k`, and its depth."""

    name: str
    kind: str
    is_required: bool
    description: str
    default: str
    depth: int


class Schemas:
    """Reads schemas that refer to the components of one document."""

    def __init__(self, components: Mapping[str, Schema]) -> None:
        self._components = components

    def list_fields(self, schema: Schema) -> list[Field]:
        """Return the fields of an object, or of the objects in a list, each before the fields in it."""
        return list(self._walk(schema, "", 0, ()))

    def describe(self, schema: Schema) -> str:
        """Return what a value may be, in a phrase: `integer, 1 to 100, or null`."""
        name, schema = self._follow(schema)
        kinds = _alternatives(schema)
        if kinds:
            # An empty text stands for null: some clients send that.
            told = list(dict.fromkeys(self.describe(kind) for kind in kinds if kind.get("const") != ""))
            return f"{', '.join(told[:-1])}, or {told[-1]}" if len(told) > 1 else "".join(told)
        if "const" in schema:
            return repr(schema["const"])
        if "enum" in schema:
            return f"one of {', '.join(map(str, schema['enum']))}"
        if schema.get("type") == "array":
            return f"list of {self.describe(schema.get('items', {}))}{_bounds(schema, 'Items', ' items')}"
        kind = schema.get("type", "any value")
        if kind == "string":
            return f"string{_bounds(schema, 'Length', ' characters')}"
        if kind in ("integer", "number"):
            return f"{kind}{_bounds(schema, 'imum', '')}"
        return name or str(kind)

    def make_example(self, schema: Schema, seen: tuple[str, ...] = ()) -> object:
        """Return a value: the schema's own example, or one made of what is required."""
        name, schema = self._follow(schema)
        own = _own_example(schema)
        if own is not None:
            return own
        kinds = _alternatives(schema)
        if kinds:
            return self.make_example(kinds[0], seen)
        if schema.get("type") == "array":
            return [self.make_example(schema.get("items", {}), seen)]
        if "properties" in schema and name not in seen:
            return {
                key: self.make_example(value, (*seen, name))
                for key, value in schema["properties"].items()
                if key in schema.get("required", ())
            }
        return {} if schema.get("type") == "object" else _SCALARS.get(str(schema.get("type")))

    def name_of(self, schema: Schema) -> str:
        """Return what the document calls a schema, "" for one without a name."""
        return self._follow(schema)[0]

    def _follow(self, schema: Schema) -> tuple[str, Schema]:
        reference = str(schema.get("$ref", ""))
        if not reference.startswith(_REFERENCE):
            return "", schema
        name = reference.removeprefix(_REFERENCE)
        return name, self._components.get(name, {})

    def _walk(self, schema: Schema, prefix: str, depth: int, seen: tuple[str, ...]) -> Iterator[Field]:
        name, schema = self._follow(schema)
        if (name and name in seen) or depth >= _MOST_DEPTH:
            return
        seen = (*seen, name)
        for inner in (*_alternatives(schema), *([schema["items"]] if "items" in schema else [])):
            yield from self._walk(inner, prefix, depth, seen)
        for key, value in schema.get("properties", {}).items():
            followed = self._follow(value)[1]
            default = "" if value.get("default") is None else str(value["default"])
            description = str(value.get("description") or followed.get("description") or "")
            is_required = key in schema.get("required", ())
            yield Field(f"{prefix}{key}", self.describe(value), is_required, description, default, depth)
            yield from self._walk(value, f"{prefix}{key}.", depth + 1, seen)


def _alternatives(schema: Schema) -> Sequence[Schema]:
    found: Sequence[Schema] = schema.get("anyOf") or schema.get("oneOf") or schema.get("allOf") or ()
    return found


def _own_example(schema: Schema) -> object:
    examples = schema.get("examples")
    if isinstance(examples, Sequence) and examples:
        first: object = examples[0]
        return first
    return schema.get("example", schema.get("const", next(iter(schema.get("enum", ())), None)))


def _bounds(schema: Schema, what: str, unit: str) -> str:
    """Return `, 1 to 100 items` for what minItems and maxItems say, "" for nothing."""
    least, most = schema.get(f"min{what}"), schema.get(f"max{what}")
    least, most = (
        None if bound is None else f"{bound:g}" if bound < 1_000_000 else str(bound) for bound in (least, most)
    )
    if least is not None and most is not None:
        return f", {least} to {most}{unit}"
    if most is not None:
        return f", at most {most}{unit}"
    return "" if least is None else f", at least {least}{unit}"
