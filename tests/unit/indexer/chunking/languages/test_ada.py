"""The table of Ada."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

BODY = """\
with Ada.Text_IO;
package body Tanks is
   type Level is range 0 .. 9;
   type Tank is record
      Now : Level;
   end record;
   -- Fills.
   procedure Fill (T : in out Tank) is
      function Twice (X : Integer) return Integer is (X * 2);
   begin
      null;
   end Fill;
   function Area return Integer is
   begin
      return 1;
   end Area;
   task body Worker is
   begin
      null;
   end Worker;
   protected body Lock is
      entry Seize when True is
      begin
         null;
      end Seize;
   end Lock;
   generic
      type T is private;
   procedure Swap (A, B : in out T);
end Tanks;
"""

SPECIFICATION = """\
package Tanks is
   Max : constant Integer := 3;
   type Kind is (A, B);
   type Tank is tagged private;
   procedure Fill (T : in out Tank);
   function Area return Integer;
   task type Worker;
   protected type Lock is
      entry Seize;
   end Lock;
   Bad : exception;
private
   type Tank is tagged null record;
end Tanks;
"""


def test_finds_every_definition_of_a_body() -> None:
    expected: Found = [
        ("Tanks", "package", 2, 30),
        ("Tanks.Level", "type", 3, 3),
        ("Tanks.Tank", "struct", 4, 6),
        ("Tanks.Fill", "function", 7, 12),
        ("Tanks.Fill.Twice", "function", 9, 9),
        ("Tanks.Area", "function", 13, 16),
        ("Tanks.Worker", "class", 17, 20),
        ("Tanks.Lock", "class", 21, 26),
        ("Tanks.Lock.Seize", "method", 22, 25),
        ("Tanks.Swap", "prototype", 27, 29),
    ]
    assert found_in("tanks.adb", BODY) == expected


def test_finds_every_definition_of_a_specification() -> None:
    expected: Found = [
        ("Tanks", "package", 1, 14),
        ("Tanks.Max", "constant", 2, 2),
        ("Tanks.Kind", "enum", 3, 3),
        ("Tanks.Tank", "type", 4, 4),
        ("Tanks.Fill", "prototype", 5, 5),
        ("Tanks.Area", "prototype", 6, 6),
        ("Tanks.Worker", "class", 7, 7),
        ("Tanks.Lock", "class", 8, 10),
        ("Tanks.Bad", "exception", 11, 11),
        ("Tanks.Tank", "struct", 13, 13),
    ]
    assert found_in("tanks.ads", SPECIFICATION) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("tanks.adb", BODY, "Tanks.Fill") == "-- Fills."
