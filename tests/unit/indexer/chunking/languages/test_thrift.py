"""The table of Thrift."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, definitions_of, found_in

SHOP = """\
namespace py shop
const map<string, i32> LIMITS = {"a": 1}

/** A lamp. */
struct Lamp {
  1: required string id (go.tag = "x"),
  2: optional map<string, list<i32>> m = {}
} (annotated = "yes")

enum Mood { ON = 1, OFF }

service Shop extends shared.Base {
  # Pings.
  void ping(),
  list<Lamp> find(1: string q, 2: i32 n = 3) throws (1: Missing gone) (a = "b"),
  oneway void
    stop(
      1: string why
    );
  map<string,
     Lamp> all(); // {
}
exception Missing { 1: string why }
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Lamp", "struct", 4, 8),
        ("Mood", "enum", 10, 10),
        ("Shop", "service", 12, 22),
        ("Shop.ping", "method", 13, 14),
        ("Shop.find", "method", 15, 15),
        ("Shop.stop", "method", 16, 19),
        ("Shop.all", "method", 20, 21),
        ("Missing", "exception", 23, 23),
    ]
    assert found_in("shop.thrift", SHOP) == expected


def test_a_signature_takes_all_lines_of_its_head() -> None:
    signatures = {found.symbol: found.signature for found in definitions_of("shop.thrift", SHOP)}
    assert signatures["Shop.stop"] == "oneway void stop( 1: string why )"
    assert signatures["Shop"] == "service Shop extends shared.Base"


def test_functions_are_those_of_services() -> None:
    text = 'struct A {\n  string id (go.tag = "x")\n}\nunion B {}\nservice C {\n  i32 count(),\n'
    assert found_in("a.thrift", text) == [
        ("A", "struct", 1, 3),
        ("B", "union", 4, 4),
        ("C", "service", 5, 6),
        ("C.count", "method", 6, 6),
    ]
