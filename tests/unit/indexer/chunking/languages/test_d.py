"""The table of D."""

from __future__ import annotations

from indexer.chunking.languages.d import LANGUAGE
from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

D = """\
module tanks;
import std.stdio;
enum Color { red, green }
enum max = 3;
struct Tank(T) {
    int level;
    this(int l) { level = l; }
    ~this() {}
    void fill(int x) { level += x; }
    @property int full() const { return level; }
    alias Self = Tank;
}
interface Rated { int rate(); }
class Big : Base, Rated {
    override int rate() { return 1; }
    int opCall() { return 2; }
}
/// doubles
T twice(T)(T x) if (true) { return x * 2; }
template Both(A, B) { alias Both = A; }
union U { int a; float b; }
mixin template M() { int x; }
unittest { assert(1); }
version (Windows) { void win() {} } else { void lin() {} }
extern (C) { int cfun(int x) { return 1; } }
private:
void hidden() {}
auto lam = (int x) => x + 1;
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Color", "enum", 3, 3),
        ("max", "constant", 4, 4),
        ("Tank", "struct", 5, 12),
        ("Tank.this", "constructor", 7, 7),
        ("Tank.~this", "constructor", 8, 8),
        ("Tank.fill", "method", 9, 9),
        ("Tank.full", "method", 10, 10),
        ("Tank.Self", "type", 11, 11),
        ("Rated", "interface", 13, 13),
        ("Rated.rate", "method", 13, 13),
        ("Big", "class", 14, 17),
        ("Big.rate", "method", 15, 15),
        ("Big.opCall", "method", 16, 16),
        ("twice", "function", 18, 19),
        ("Both", "template", 20, 20),
        ("Both.Both", "type", 20, 20),
        ("U", "union", 21, 21),
        ("M", "template", 22, 22),
        ("win", "function", 24, 24),
        ("lin", "function", 24, 24),
        ("cfun", "function", 25, 25),
        ("hidden", "function", 27, 27),
    ]
    assert found_in("tanks.d", D) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("tanks.d", D, "twice") == "/// doubles"


def test_the_grammar_sees_no_character_that_its_scanner_has_no_place_for() -> None:
    """It reads outside of a table for them, which ends the process on some days and not on others."""
    text = 'module a;\n// Größe: 大きさ \U0001f4a1\nvoid größe() {\n    auto s = "光\U0001f4a1";\n}\n\nvoid next() {}\n'
    assert LANGUAGE.prepare is not None
    prepared = LANGUAGE.prepare(text.encode())
    assert len(prepared) == len(text.encode())
    assert max(map(ord, prepared.decode())) < 256
    assert found_in("a.d", text) == [("größe", "function", 2, 5), ("next", "function", 7, 7)]
