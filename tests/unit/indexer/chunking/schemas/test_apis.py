"""OpenAPI and AsyncAPI: paths, operations, channels, messages and components, in files of any size."""

from __future__ import annotations

import json

import pytest

from tests.unit.indexer.chunking.test_chunker import chunk, described

OPENAPI = """\
# The shop's door.
openapi: 3.1.0
info:
  title: Bike rental
  description: |
    Rents bikes.

    # Headings of Markdown
paths:
  # Every bike has one.
  /bikes/{id}:
    parameters:
      - $ref: '#/components/parameters/Id'
    get:
      operationId: getBike
      summary: Shows a bike
      responses:
        '200': {description: ok}
    # Only for admins.
    delete: &remove
      responses: {}

  "/docks/{id}":
    delete: *remove
webhooks:
  rented:
    post:
      operationId: onRented
x-owner: bikes
components:
  parameters:
    Id: {in: path, name: id}
    Page:
      in: query
      name: page
      description: Counts from one.
  schemas:
    Bike: &bike
      type: object
      description: |
        What is rented.

        # not a comment

    # Bikes with a motor.
    MotorBike: *bike
    Id: {type: string}
"""
SWAGGER = """\
{
  "swagger": "2.0",
  "info": {
    "title": "Lamps"
  },
  "paths": {
    "\\/lamps": {
      "get": {
        "operationId": "listLamps"
      },
      "post": {
        "summary": "Adds a lamp"
      }
    }
  },
  "definitions": {
    "Lamp": {
      "type": "object"
    },
    "Mood": {
      "enum": ["on"]
    }
  }
}
"""
ASYNCAPI = """\
asyncapi: 3.0.0
info: {title: Lamps}
channels:
  turned:
    address: lamps/{id}/turned
    messages:
      Turned:
        $ref: '#/components/messages/Turned'
operations:
  onTurned:
    action: receive
    channel:
      $ref: '#/channels/turned'
components:
  messages:
    Turned:
      title: A lamp was turned
      payload:
        $ref: '#/components/schemas/Lamp'
  schemas:
    Lamp:
      type: object
"""


def test_a_small_api_has_its_paths_operations_and_schemas() -> None:
    assert described(chunk("api.yaml", OPENAPI, 400)) == [
        (1, 47, "api", "Bike rental"),
        (10, 21, "path", "/bikes/{id}"),
        (14, 18, "operation", "GET /bikes/{id}.getBike"),
        (19, 21, "operation", "DELETE /bikes/{id}"),
        (23, 24, "path", "/docks/{id}"),
        (24, 24, "operation", "DELETE /docks/{id}"),
        (26, 28, "webhook", "rented"),
        (27, 28, "operation", "POST rented.onRented"),
        (33, 36, "parameter", "Page"),
        (38, 43, "schema", "Bike"),
        (45, 46, "schema", "MotorBike"),
        (47, 47, "schema", "Id"),
    ]


def test_a_small_api_in_json_has_them_too() -> None:
    assert described(chunk("lamps.json", SWAGGER, 400)) == [
        (1, 24, "api", "Lamps"),
        (7, 14, "path", "/lamps"),
        (8, 10, "operation", "GET /lamps.listLamps"),
        (11, 13, "operation", "POST /lamps"),
        (17, 19, "schema", "Lamp"),
        (20, 22, "schema", "Mood"),
    ]


def test_an_api_of_events_has_its_channels_operations_and_messages() -> None:
    assert described(chunk("events.yaml", ASYNCAPI, 400)) == [
        (1, 22, "api", "Lamps"),
        (4, 8, "channel", "turned"),
        (10, 13, "operation", "onTurned"),
        (16, 19, "message", "Turned"),
        (21, 22, "schema", "Lamp"),
    ]
    older = "asyncapi: '2.6.0'\nchannels:\n  lamp/turned:\n    subscribe:\n      operationId: onTurned\n"
    assert described(chunk("events.yml", older)) == [
        (1, 5, "api", "events"),
        (3, 5, "channel", "lamp/turned"),
        (4, 5, "operation", "subscribe lamp/turned.onTurned"),
    ]


def test_a_long_api_is_a_symbol_where_it_begins() -> None:
    """What lies between its definitions is cut into titled sections, as in any YAML."""
    chunks = chunk("api.yaml", OPENAPI, 40)
    api, *rest = chunks
    assert (api.start_line, api.symbol) == (1, "Bike rental")
    assert api.end_line < 10
    assert "GET" not in (api.signature or "")
    assert [one.symbol for one in rest if one.symbol_kind == "api"] == []
    outline = (api.outline or "").split("\n")
    assert outline[:2] == ["/bikes/{id}", "/docks/{id}"]
    assert "components.schemas.Bike: What is rented. # not a comment" in outline
    found = {one.symbol: (one.start_line, one.end_line) for one in chunks if one.symbol_kind in ("operation", "schema")}
    assert found["GET /bikes/{id}.getBike"] == (14, 18)
    assert found["Bike"] == (38, 43)
    titles = {one.start_line: one.signature for one in chunks if one.symbol is None}
    assert titles[37] == "components.parameters, schemas"


def test_a_long_path_shows_its_operations_in_its_head() -> None:
    operations = "".join(
        f"    {method}:\n      operationId: {method}Lamp\n      description: {'word ' * 20}\n"
        for method in ("get", "put")
    )
    chunks = chunk("api.yaml", f"openapi: 3.0.0\npaths:\n  /lamps:\n{operations}", 50)
    path = next(one for one in chunks if one.symbol == "/lamps")
    assert (path.start_line, path.end_line) == (3, 3)
    assert (path.outline or "").split("\n")[0].startswith("GET /lamps: word")
    assert [one.symbol for one in chunks if one.symbol_kind == "operation"] == [
        "GET /lamps.getLamp",
        "PUT /lamps.putLamp",
    ]


def test_keys_may_be_sorted() -> None:
    """Then the version stands in the middle or at the end of a long file."""
    lamps = {f"Lamp{number}": {"type": "object", "description": "word " * 10} for number in range(200)}
    for text, path in (
        (json.dumps({"definitions": lamps, "info": {}, "swagger": "2.0"}, indent=1), "a.json"),
        (
            "components:\n  schemas:\n"
            + "".join(f"    {name}:\n      type: object\n      description: {'word ' * 10}\n" for name in lamps)
            + "info: {}\nopenapi: 3.0.0\n",
            "a.yaml",
        ),
    ):
        kinds = [one.symbol for one in chunk(path, text) if one.symbol_kind == "schema"]
        assert kinds == list(lamps)


@pytest.mark.parametrize("path", ["api.yaml", "api.json"])
def test_flow_style_on_one_line_does_not_repeat_itself(path: str) -> None:
    operations = ", ".join(f'"/lamps/{number}": {{"get": {{"operationId": "get{number}"}}}}' for number in range(50))
    chunks = chunk(path, f'{{"openapi": "3.0.0", "paths": {{{operations}}}}}')
    assert described(chunks) == [(1, 1, "api", "api")]


def test_several_documents_are_each_what_they_are() -> None:
    text = (
        "---\n# Where it runs.\nkind: Service\n---\nopenapi: 3.0.0\npaths:\n  /a:\n    get: {}\n"
        "---\nopenapi: 3.0.0\ninfo: {title: Second}\n...\n"
    )
    assert described(chunk("all.yaml", text)) == [
        (1, 3, "chunk", None),
        (4, 8, "api", "all"),
        (7, 8, "path", "/a"),
        (8, 8, "operation", "GET /a"),
        (9, 12, "api", "Second"),
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "openapi: 3.0.0\ninfo: [\npaths:\n  /a:\n    get: {}\n"),
        ("a.json", '{"openapi": "3.0.0", "paths": {"/a": {"get": {}\n'),
        ("a.json", '{"openapi": "3.0.0"}\n{"openapi": "3.0.0", "paths": {}}\n'),
        ("a.yaml", "openapi: 3.0.0\nsize: 3\n"),
        ("a.yaml", "openapi: *none\npaths: {}\n"),
        ("a.yaml", "openapi:\n  3: yes\npaths: {}\n"),
        ("a.yaml", "text: |\n  openapi: 3.0.0\n  paths: {}\n"),
        ("a.yaml", "- openapi: 3.0.0\n  paths: {}\n"),
        ("a.yaml", "definitions:\n  steps:\n    - step: &build {name: Build}\n"),
        ("a.json", '{"dependencies": {"openapi": "3.0.0"}, "paths": {}}\n'),
    ],
)
def test_other_and_broken_files_stay_what_they_are(path: str, text: str) -> None:
    assert [one.symbol for one in chunk(path, text)] == [None]
