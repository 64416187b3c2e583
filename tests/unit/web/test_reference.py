"""An OpenAPI document as a person reads it."""

from __future__ import annotations

from codesearch.web.reference.document import read_document
from codesearch.web.reference.schemas import Field, Schemas

TREE = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 9, "description": "What it is called"},
        "size": {
            "anyOf": [{"type": "integer", "minimum": 1.0, "maximum": 100.0}, {"type": "null"}, {"const": ""}],
            "default": 5,
        },
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}, "maxItems": 2000000},
        "kind": {"enum": ["a", "b"]},
    },
}
DOCUMENT = {
    "components": {"schemas": {"Tree": TREE}},
    "paths": {
        "/trees/{id}": {
            "get": {
                "operationId": "get_tree",
                "tags": ["trees"],
                "summary": "A tree",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {
                    "200": {
                        "description": "It",
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Tree"}}},
                    }
                },
            },
            "post": {
                "operationId": "put_tree",
                "tags": ["trees"],
                "security": [{"HTTPBearer": []}],
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {"$ref": "#/components/schemas/Tree"},
                            "example": {"name": "it's"},
                        }
                    }
                },
                "responses": {
                    "204": {"description": "Done"},
                    "400": {"description": "No", "content": {"application/json": {"example": {"error_code": 1001}}}},
                },
            },
        }
    },
}


def test_fields_are_rows_and_what_refers_to_itself_ends() -> None:
    rows = Schemas({"Tree": TREE}).list_fields({"$ref": "#/components/schemas/Tree"})
    assert rows == [
        Field("name", "string, 1 to 9 characters", True, "What it is called", "", 0),
        Field("size", "integer, 1 to 100, or null", False, "", "5", 0),
        Field("children", "list of Tree, at most 2000000 items", False, "", "", 0),
        Field("kind", "one of a, b", False, "", "", 0),
    ]


def test_an_example_is_made_of_what_is_required() -> None:
    schemas = Schemas({"Tree": TREE})
    assert schemas.make_example({"$ref": "#/components/schemas/Tree"}) == {"name": "text"}
    assert schemas.make_example({**TREE, "required": ["size", "kind", "children"]}) == {
        "size": 1,
        "kind": "a",
        "children": [{"name": "text"}],
    }
    assert schemas.make_example({**TREE, "examples": [{"name": "own"}]}) == {"name": "own"}


def test_operations_say_what_to_send_and_what_comes() -> None:
    (group,) = read_document(DOCUMENT)
    get, post = group.operations
    assert (group.name, get.method, get.path, get.needs_key, post.needs_key) == (
        "trees",
        "GET",
        "/trees/{id}",
        False,
        True,
    )
    assert [(row.name, row.is_required) for row in get.parameters] == [("id (path)", True)]
    assert get.command == "curl http://SERVICE/trees/{id}"
    assert [row.name for row in get.outcomes[0].fields] == ["name", "size", "children", "kind"]
    assert post.command == (
        "curl -X POST http://SERVICE/trees/{id} \\\n  -H 'Authorization: Bearer KEY' \\\n"
        "  -H 'Content-Type: application/json' \\\n  -d '{\"name\": \"it'\"'\"'s\"}'"
    )
    assert [(item.status, item.is_good, item.example) for item in post.outcomes] == [
        ("204", True, ""),
        ("400", False, '{\n  "error_code": 1001\n}'),
    ]
