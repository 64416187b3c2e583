"""The table of Java."""

from __future__ import annotations

from indexer.chunking.languages.table import language_name_of
from tests.unit.indexer.chunking.definition_finding import kinds_in

JAVA = """
package a;
@interface Marker { int value() default 1; }
record Point(int x) { Point { } }
enum Color { RED { void f() {} }, GREEN; Color() {} }
interface Shape { int SIDES = 1; void draw(); }
class Client<T> { int a, b; Client() {} @Override public void retry() {} static class Inner { } }
"""


def test_finds_every_definition() -> None:
    expected = {
        ("interface", "Marker"),
        ("method", "Marker.value"),
        ("record", "Point"),
        ("constructor", "Point.Point"),
        ("enum", "Color"),
        ("field", "Color.RED"),
        ("method", "Color.RED.f"),
        ("field", "Color.GREEN"),
        ("constructor", "Color.Color"),
        ("interface", "Shape"),
        ("field", "Shape.SIDES"),
        ("method", "Shape.draw"),
        ("class", "Client"),
        ("field", "Client.a"),
        ("field", "Client.b"),
        ("constructor", "Client.Client"),
        ("method", "Client.retry"),
        ("class", "Client.Inner"),
    }
    assert language_name_of("A.java", JAVA) == "java"
    assert kinds_in("A.java", JAVA) == expected
