"""The table of Crystal."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

CRYSTAL = """\
require "json"
# A tank.
@[JSON::Serializable]
class Shop::Tank < Base
  alias Level = Int32
  property level : Int32

  def initialize(@level)
  end

  # fills
  def fill(x) : Nil
    if x > 1
      @level += x
    end
    "#{x} def y end"
  end

  def full? ; true end
  def self.make; new(1); end
  abstract def area : Int32
  private def ==(other)
    true
  end
  macro twice(x)
    {{x}} * 2
  end
end
module Util
  def self.go
    [1].each do |x|
      puts x
    end
  end
end
enum Color
  Red
end
lib LibC
  fun puts(x : UInt8*) : Int32
end
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Shop.Tank", "class", 2, 28),
        ("Shop.Tank.Level", "type", 5, 5),
        ("Shop.Tank.initialize", "method", 8, 9),
        ("Shop.Tank.fill", "method", 11, 17),
        ("Shop.Tank.full?", "method", 19, 19),
        ("Shop.Tank.make", "method", 20, 20),
        ("Shop.Tank.area", "method", 21, 21),
        ("Shop.Tank.==", "method", 22, 24),
        ("Shop.Tank.twice", "macro", 25, 27),
        ("Util", "module", 29, 35),
        ("Util.go", "function", 30, 34),
        ("Color", "enum", 36, 38),
        ("LibC", "module", 39, 41),
        ("LibC.puts", "function", 40, 40),
    ]
    assert found_in("tank.cr", CRYSTAL) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("tank.cr", CRYSTAL, "Shop.Tank.fill") == "# fills"
