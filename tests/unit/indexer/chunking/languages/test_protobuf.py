"""The table of Protocol Buffers."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, definitions_of, first_line_of, found_in

SHOP = """\
edition = "2024";
// File.

package shop.v1;

import "google/protobuf/timestamp.proto";
option java_package = "x{y";

/* An order,
   with items. */
message Order {
  // One line.
  message Item {
    string name = 1; // { not
    enum Size { SMALL = 0; BIG = 1; }
  }
  oneof state {
    string a = 1;
  }
  optional group Extra = 4 {
    optional string x = 1;
  }
  repeated Item items = 2;
  reserved 5 to 9;
}

local enum Mood {
  option allow_alias = true;
  ON = 0;
}

extend google.protobuf.FieldOptions {
  string hint = 50000 [(x) = { a: 1 }];
}

service Shop {
  option (x) = { a: "}" };
  // Finds.
  rpc Find(Order) returns (stream Order);

  rpc Buy (stream Order)
      returns (Order) {
    option (google.api.http) = {
      post: "/v1/buy"
      body: "*"
    };
  }
  rpc Stop(Order) returns (Order) {}
}
message Empty {}
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Order", "message", 9, 25),
        ("Order.Item", "message", 12, 16),
        ("Order.Item.Size", "enum", 15, 15),
        ("Order.Extra", "message", 20, 22),
        ("Mood", "enum", 27, 30),
        ("google.protobuf.FieldOptions", "extend", 32, 34),
        ("Shop", "service", 36, 49),
        ("Shop.Find", "method", 38, 39),
        ("Shop.Buy", "method", 41, 47),
        ("Shop.Stop", "method", 48, 48),
        ("Empty", "message", 50, 50),
    ]
    assert found_in("shop.proto", SHOP) == expected


def test_comments_above_belong_to_it() -> None:
    assert first_line_of("shop.proto", SHOP, "Order") == "/* An order,"
    assert first_line_of("shop.proto", SHOP, "Order.Item") == "// One line."


def test_a_signature_is_the_whole_head() -> None:
    signatures = {found.symbol: found.signature for found in definitions_of("shop.proto", SHOP)}
    assert signatures["Shop.Find"] == "rpc Find(Order) returns (stream Order)"
    assert signatures["Shop.Buy"] == "rpc Buy (stream Order) returns (Order)"
    assert signatures["Order.Item"] == "message Item"


def test_fields_and_options_are_no_definitions() -> None:
    text = "message A {\n  string message = 1;\n  Rpc rpc = 2;\n  option (service) = { enum: { x: 1 } };\n}\n"
    assert found_in("a.proto", text) == [("A", "message", 1, 5)]


def test_a_broken_file_keeps_what_is_whole() -> None:
    text = "message A {\n  string a = 1;\n}\n}\nmessage B {\n  message C {\n  string b = 2;\n"
    assert found_in("a.proto", text) == [("A", "message", 1, 3), ("B", "message", 5, 7), ("B.C", "message", 6, 7)]
