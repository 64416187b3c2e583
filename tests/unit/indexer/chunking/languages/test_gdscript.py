"""The table of GDScript."""

from __future__ import annotations

from tests.unit.indexer.chunking.definition_finding import Found, first_line_of, found_in

GDSCRIPT = """\
class_name Lamp
extends Node2D

signal lit(level)
const MAX = 3
enum Mode { ON, OFF }
@export var speed: float = 1.0
var hp := 3:
	set(value):
		hp = value

## Lights it.
@rpc("any")
func light(level: int) -> void:
	var f = func(x): return x
	pass

static func make():
	return 1

func _init():
	pass

class Wick:
	var length = 1
	func trim():
		length -= 1
"""


def test_finds_every_definition() -> None:
    expected: Found = [
        ("Lamp", "class", 1, 1),
        ("lit", "event", 4, 4),
        ("MAX", "constant", 5, 5),
        ("Mode", "enum", 6, 6),
        ("speed", "variable", 7, 7),
        ("hp", "variable", 8, 10),
        ("light", "function", 12, 16),
        ("make", "function", 18, 19),
        ("_init", "constructor", 21, 22),
        ("Wick", "class", 24, 27),
        ("Wick.length", "variable", 25, 25),
        ("Wick.trim", "method", 26, 27),
    ]
    assert found_in("lamp.gd", GDSCRIPT) == expected


def test_comments_above_belong_to_the_definition() -> None:
    assert first_line_of("lamp.gd", GDSCRIPT, "light") == "## Lights it."
