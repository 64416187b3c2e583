"""Avro in JSON: schemas with types inside of types, and protocols."""

from __future__ import annotations

import pytest

from tests.unit.indexer.chunking.test_chunker import chunk, described

ORDER = """\
[{"type": "enum",
  "name": "Mood",
  "symbols": ["ON"]},
{
  "type": "record",
  "name": "Order",
  "namespace": "shop.events",
  "doc": "What was bought.",
  "fields": [
    {"name": "id", "type": "string"},
    {"name": "items", "type": {"type": "array", "items": {
      "type": "record",
      "name": "Item",
      "fields": [
        {"name": "key", "type": [
          "null",
          {
            "type": "fixed",
            "name": "Hash",
            "size": 16
          }
        ]}
      ]
    }}},
    {"name": "state", "type": {"type": "enum", "name": "State", "symbols": ["A"]}}
  ]
}]
"""
SHOP = """\
{
  "protocol": "Shop",
  "types": [
    {
      "type": "error",
      "name": "Missing",
      "fields": []
    }
  ],
  "messages": {
    "find": {
      "request": [],
      "response": "string"
    }
  }
}
"""


def test_types_are_symbols_at_any_depth() -> None:
    chunks = chunk("order.avsc", ORDER, 300)
    assert described(chunks) == [
        (1, 3, "enum", "Mood"),
        (4, 27, "record", "Order"),
        (11, 24, "record", "Item"),
        (17, 21, "fixed", "Hash"),
        (25, 25, "enum", "State"),
    ]
    assert {one.language for one in chunks} == {"avro"}
    assert chunks[1].signature == "record shop.events.Order: What was bought."


def test_a_protocol_has_types_and_messages() -> None:
    assert described(chunk("shop.avpr", SHOP, 200)) == [
        (1, 16, "protocol", "Shop"),
        (4, 8, "error", "Shop.Missing"),
        (11, 14, "method", "Shop.find"),
    ]


def test_a_record_is_told_in_plain_json() -> None:
    text = '{\n"type": "record",\n"name": "Lamp",\n"fields": []\n}\n'
    assert described(chunk("lamp.json", text)) == [(1, 5, "record", "Lamp")]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.json", '{"type": "record", "name": "Lamp"}'),
        ("a.json", '{"type": "error", "message": "no lamp"}'),
        ("a.json", '{"protocol": "https", "host": "localhost"}'),
        ("a.avsc", '"string"'),
        ("a.avsc", '{"type": "record", "name": "Lamp", "fields": ['),
        ("a.avsc", "{{ template }}"),
    ],
)
def test_what_is_none_or_broken_stays_what_it_is(path: str, text: str) -> None:
    assert [one.symbol for one in chunk(path, text)] == [None]
