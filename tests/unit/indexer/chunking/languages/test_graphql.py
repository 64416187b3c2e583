"""The table of GraphQL."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, definitions_of, first_line_of, found_in

BIKES = '''\
# Licence.

"""
A point in time. { not a block
"""
scalar Time @specifiedBy(url: "x{y")

directive @auth(
  role: Role = ADMIN # (
  "Why. )"
  why: String
) repeatable on OBJECT | FIELD_DEFINITION

schema @link(url: "https://specs", import: ["@key"]) {
  query: Query
  mutation: Mutation
}
extend schema @link(url: "x")

"A bike."
type Bike implements Node & Thing
  @key(fields: "id { x }") {
  id: ID!
  type: String
  input: Int
  rentals(last: Int = 5): [Rental!]!
}
type Empty
type Other implements Node

union Found =
  | Bike
  | Rental
enum Mood { ON OFF }
# Asks.
type Query {
  """
  Finds a bike.
  """
  bike(id: ID!): Bike @auth(role: "a")
  bikes(
    "How many."
    first: Int = 10
    where: Filter = {a: 1}
  ): [Bike!]! # all
  me: User
}
extend type Mutation { rent(id: ID!): Rental }
input Filter { a: Int = 1 }

query Open($days: Int! = 3) @cached {
  rentals(state: OPEN) { id ...Row }
}
mutation {
  rent(id: 1) { id }
}
{ bike { id } }
fragment Row on Rental { id }
'''


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Time", "scalar", 3, 6),
        ("@auth", "directive", 8, 12),
        ("schema", "schema", 14, 17),
        ("schema", "schema", 18, 18),
        ("Bike", "type", 20, 27),
        ("Empty", "type", 28, 28),
        ("Other", "type", 29, 29),
        ("Found", "union", 31, 33),
        ("Mood", "enum", 34, 34),
        ("Query", "type", 35, 47),
        ("Query.bike", "field", 37, 40),
        ("Query.bikes", "field", 41, 45),
        ("Query.me", "field", 46, 46),
        ("Mutation", "type", 48, 48),
        ("Filter", "input", 49, 49),
        ("Open", "query", 51, 53),
        ("mutation", "mutation", 54, 56),
        ("Row", "fragment", 58, 58),
    ]
    assert found_in("bikes.graphql", BIKES) == expected


def test_descriptions_belong_to_what_is_below_them() -> None:
    assert first_line_of("bikes.graphql", BIKES, "Bike") == '"A bike."'
    assert first_line_of("bikes.graphql", BIKES, "Query.bike") == '"""'


def test_a_signature_is_the_whole_head() -> None:
    signatures = {found.symbol: found.signature for found in definitions_of("bikes.graphql", BIKES)}
    assert signatures["Bike"] == 'type Bike implements Node & Thing @key(fields: "id { x }")'
    assert signatures["Query.bike"] == 'bike(id: ID!): Bike @auth(role: "a")'


def test_fields_named_like_keywords_are_fields() -> None:
    text = "type A {\n  type: String\n  input: Int\n  union: Int\n  query: Query\n}\ntype B {\n  id: ID!\n}\n"
    assert found_in("a.graphql", text) == [("A", "type", 1, 6), ("B", "type", 7, 9)]


def test_a_broken_file_keeps_what_is_whole() -> None:
    text = 'type A {\n  a: Int\n}\n}\ntype B {\n  b(x: "open: Int\n}\ntype C {\n  c: Int\n'
    assert found_in("a.graphql", text) == [("A", "type", 1, 3), ("B", "type", 5, 7), ("C", "type", 8, 9)]
