"""JSON Schema, in JSON and in YAML."""

from __future__ import annotations

import pytest

from tests.unit.indexer.chunking.test_chunker import chunk, described

ORDER = """\
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "title": "Lamp order",
  "type": "object",
  "properties": {"to": {"$ref": "#/$defs/address"}},
  "$defs": {
    // Where it goes.
    "address": {
      "type": "object",
      "$defs": {
        "zip": {
          "type": "string"
        }
      }
    },
    "color": {"enum": ["red"]}
  }
}
"""


def test_a_small_schema_and_its_definitions_are_symbols() -> None:
    assert described(chunk("order.json", ORDER, 200)) == [
        (1, 18, "schema", "Lamp order"),
        (7, 15, "schema", "address"),
        (11, 13, "schema", "address.zip"),
        (16, 16, "schema", "color"),
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("lamp.json", '{\n"$schema": "http://json-schema.org/draft-07/schema#",\n"type": "object"\n}\n'),
        ("lamp.yaml", "$schema: https://json-schema.org/draft/2020-12/schema\ntype: object\n"),
        ("lamp.schema.json", '{\n"$schema": "http://json-schema.org/schema"\n}\n'),
    ],
)
def test_a_schema_without_a_title_is_named_by_its_file(path: str, text: str) -> None:
    assert [(one.symbol_kind, one.symbol) for one in chunk(path, text)] == [("schema", "lamp")]


def test_definitions_alone_tell_a_schema() -> None:
    text = '{\n"definitions": {\n"lamp": {\n"type": "object"\n}\n}\n}\n'
    assert described(chunk("all.json", text)) == [(1, 7, "schema", "all"), (3, 5, "schema", "lamp")]


def test_a_long_schema_keeps_the_titles_of_its_sections() -> None:
    properties = ",\n".join(f'    "lamp{number}": {{"description": "{"word " * 15}"}}' for number in range(30))
    text = f'{{\n  "$schema": "http://json-schema.org/schema",\n  "properties": {{\n{properties}\n  }}\n}}\n'
    first, *rest = chunk("lamps.json", text)
    assert (first.start_line, first.symbol) == (1, "lamps")
    assert all(one.symbol is None for one in rest)
    assert rest[-1].signature is not None
    assert rest[-1].signature.startswith("properties.lamp")


@pytest.mark.parametrize(
    "text",
    [
        '{"$schema": "https://json.schemastore.org/package.json", "name": "lamp"}',
        '{"definitions": {"lamp": "a light", "bike": "two wheels"}}',
        '{"definitions": {"lamp": {"color": "red"}}}',
        '{"a": {"$schema": "http://json-schema.org/schema"}}',
        '{"$schema": "http://json-schema.org/schema", }',
    ],
)
def test_other_json_stays_what_it_is(text: str) -> None:
    assert [one.symbol for one in chunk("a.json", text)] == [None]
